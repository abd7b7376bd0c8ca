"""Secrets in Python by what the code says: every text that goes into a name, key or argument of a secret.

What is written over several lines, put together from parts, or handed on in a list escapes a look at words alone.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator

_LONGEST = 100_000
_MAGIC = re.compile(r"^([ \t]*)[%!](.*)$", re.M)
# Their texts are prompts, names of variables and of files.
_ASKS = frozenset({"getenv", "getpass", "input", "open", "Path", "read_text", "get_password", "get_secret", "format"})
_KEEPERS = frozenset({"SecretStr", "SecretBytes", "Fernet"})
_WHO = frozenset(
    {"user", "username", "login", "name", "host", "hostname", "url", "uri", "address", "email", "base_url"}
)
_SAYS = re.compile(r"([\w-]+)\s*[:=]?\s*$")


def secret_spans(text: str, is_secret: Callable[[str], bool], signs_in: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Where in ``text`` literals stand that are secrets, as (start, end), in order; nothing where it is no Python.

    Parameters
    ----------
    text
        A cell's code, magics and all.
    is_secret
        Whether a name is that of a secret.
    signs_in
        Whether a function of this name signs in.
    """
    if len(text) > _LONGEST:
        return []
    plain = _MAGIC.sub(lambda line: line[1] + "#" + line[2], text)
    try:
        tree = ast.parse(plain)
        found = {
            (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            for part in ast.walk(tree)
            for node in _literals_of(part, is_secret, signs_in)
        }
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = [line.encode("utf-8", "surrogatepass") for line in plain.split("\n")]
    starts = [0]
    for line in plain.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1][:column].decode("utf-8", "surrogatepass"))

    return sorted((offset(first, at), offset(last, end)) for first, at, last, end in found)


def _literals_of(
    node: ast.AST, is_secret: Callable[[str], bool], signs_in: Callable[[str], bool]
) -> Iterator[ast.Constant]:
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _given(target, node.value, is_secret)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and is_secret(str(key.value)):
                yield from _texts(value)
    elif isinstance(node, ast.Call):
        called = _last_name(node.func)
        for word in node.keywords:
            secret = bool(word.arg) and (is_secret(word.arg or "") or (signs_in(called) and word.arg not in _WHO))
            if secret:
                yield from _texts(word.value)
        if called in _KEEPERS:
            yield from _texts(node)
        yield from _one_after_the_other(node.args, is_secret)
    elif isinstance(node, (ast.List, ast.Tuple)):
        yield from _one_after_the_other(node.elts, is_secret)


def _given(target: ast.AST, value: ast.AST, is_secret: Callable[[str], bool]) -> Iterator[ast.Constant]:
    pairs = isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List))
    if pairs and len(target.elts) == len(value.elts):  # type: ignore[attr-defined]
        for part, its in zip(target.elts, value.elts, strict=True):  # type: ignore[attr-defined]
            yield from _given(part, its, is_secret)
    elif is_secret(_last_name(target)):
        yield from _texts(value)


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ""


def _texts(value: ast.AST) -> Iterator[ast.Constant]:
    """Texts in a value, but for names of variables and keys, and what people are asked with."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, (str, bytes)) and value.value and not isinstance(value, ast.JoinedStr):
            yield value
    elif isinstance(value, ast.Dict):
        for part in value.values:
            yield from _texts(part)
    elif isinstance(value, ast.Subscript):
        yield from _texts(value.value)
    elif isinstance(value, ast.Call):
        asks = _last_name(value.func) in _ASKS or (_last_name(value.func) == "get" and bool(value.args))
        for given in value.args[1:] if asks else [value.func, *value.args]:
            yield from _texts(given)
    elif not isinstance(value, (ast.Compare, ast.JoinedStr, ast.Lambda)):  # of these the words are looked at
        for inner in ast.iter_child_nodes(value):
            yield from _texts(inner)


def _one_after_the_other(nodes: list[ast.expr], is_secret: Callable[[str], bool]) -> Iterator[ast.Constant]:
    """``"--token", "..."`` and ``"-u", "me:..."`` in a command, ``print("password:", "...")``."""
    for before, node in itertools.pairwise(nodes):
        if not (isinstance(before, ast.Constant) and isinstance(node, ast.Constant)):
            continue
        if not (isinstance(before.value, str) and isinstance(node.value, str)):
            continue
        said = _SAYS.search(before.value[-100:])
        if (said and is_secret(said[1].lstrip("-"))) or (before.value == "-u" and ":" in node.value):
            yield from _texts(node)
