"""Handlebars templates: values, helpers and blocks, as far as texts of job actions need them.

The language is that of handlebarsjs.com (no partials, no decorators): two braces escape for HTML, three don't.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .template_helpers import HELPERS, shown, true

MAX_CHARACTERS = 4_000_000
_TAG = re.compile(
    r"\{\{\{\{.*?\}\}\}\}|\{\{~?!--.*?--~?\}\}|\{\{~?!.*?\}\}|\{\{~?\{(?P<raw>.*?)\}~?\}\}|\{\{(?P<tag>.*?)\}\}",
    re.DOTALL,
)
_TOKEN = re.compile(
    r"""\s+|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?=[\s)]|$))|(?P<open>\()|(?P<close>\))"""
    r"""|(?P<key>[\w-]+)=|(?P<pipe>\|[^|]*\|)|(?P<path>(?:\[[^\]]*\]|[^\s()="'|])+)"""
)
_PART = re.compile(r"\[([^\]]*)\]|([^./\[\]]+)")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}


class TemplateError(ValueError):
    """A template can't be read, or names a helper that there isn't; the text says where."""


@dataclass
class _Call:
    """A value or a helper with its arguments."""

    head: Any
    arguments: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Path:
    text: str
    up: int
    parts: tuple[str, ...]
    data: bool


@dataclass(frozen=True)
class _Literal:
    value: Any


@dataclass
class _Block:
    call: _Call
    inverted: bool
    body: list[Any] = field(default_factory=list)
    otherwise: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Output:
    call: _Call
    escaped: bool


@dataclass(frozen=True)
class _Frame:
    """What ``this`` is, with the frame around it and the names of a block (``@index``, ``as |x|``)."""

    this: Any
    above: _Frame | None = None
    data: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)


class Template:
    """A template that was read once.

    Raises
    ------
    TemplateError
        The text is no template.
    """

    def __init__(self, text: str) -> None:
        self._nodes = _Reader(text).nodes()

    def filled(self, context: dict[str, Any]) -> str:
        """The text for ``context``; what a path doesn't find gives nothing.

        Raises
        ------
        TemplateError
            A helper is unknown or refuses its arguments, or the text grows beyond 4 million characters.
        """
        pieces: list[str] = []
        size = 0
        for piece in _render(self._nodes, _Frame(context)):
            size += len(piece)
            if size > MAX_CHARACTERS:
                raise TemplateError(f"the text is longer than {MAX_CHARACTERS} characters")
            pieces.append(piece)
        return "".join(pieces)


# -- reading --


class _Reader:
    def __init__(self, text: str) -> None:
        self._root: list[Any] = []
        # Open blocks, each with the list that takes what follows and how many ``else if`` were opened within.
        self._open: list[tuple[_Block, str]] = []
        self._into = self._root
        self._read(text)
        if self._open:
            raise TemplateError(f"{{{{#{self._open[-1][1]}}}}} is never closed")

    def nodes(self) -> list[Any]:
        return self._root

    def _read(self, text: str) -> None:
        place, trim = 0, False
        for match in _TAG.finditer(text):
            before, inner = text[place : match.start()], match[0]
            raw = match["raw"] is not None
            comment = match["raw"] is None and match["tag"] is None
            body = "!" if comment else match["raw"] or match["tag"] or ""
            if inner.startswith("{{{{"):
                raise TemplateError("raw blocks are not supported")
            left, right = inner.startswith("{{~"), inner.rstrip("}").endswith("~")
            body = body.strip("~").strip()
            end = match.end()
            silent = not raw and (body.startswith(("#", "^", "/", "!")) or body.split()[:1] == ["else"])
            if trim:
                before = before.lstrip()
            if left:
                before = before.rstrip()
            elif silent and _alone(text, match.start(), end):
                # A tag alone on its line takes the line with it.
                before = before.rstrip(" \t")
                end += len(re.match(r"[ \t]*(\r?\n|$)", text[end:])[0])  # type: ignore[index]  # always matches
            self._text(before)
            trim = right
            place = end
            if not comment:
                self._tag(body, raw)
        rest = text[place:]
        self._text(rest.lstrip() if trim else rest)

    def _text(self, text: str) -> None:
        if "{{" in text:
            raise TemplateError(f"a tag is never closed: {text[text.index('{{') :][:60]}")
        if text:
            self._into.append(text)

    def _tag(self, body: str, raw: bool) -> None:
        if not body:
            raise TemplateError("a tag is empty")
        sign = body[0]
        if raw or (sign not in "#^/>&*" and body.split()[0] != "else"):
            self._into.append(_Output(_parsed(body), not raw))
        elif sign == "&":
            self._into.append(_Output(_parsed(body[1:]), escaped=False))
        elif sign in ">*" or body.startswith(("#>", "#*")):
            raise TemplateError(f"partials and decorators are not supported: {body[:60]}")
        elif sign == "/":
            self._close(body[1:].strip())
        elif body in ("else", "^"):
            self._else("")
        elif body.startswith("else"):
            self._else(body[4:].strip())
        else:
            call = _parsed(body[1:])
            self._begin(_Block(call, sign == "^"), _name(call))

    def _begin(self, block: _Block, name: str) -> None:
        self._into.append(block)
        self._open.append((block, name))
        self._into = block.body

    def _else(self, condition: str) -> None:
        if not self._open:
            raise TemplateError("{{else}} without a block")
        block = self._open[-1][0]
        self._into = block.otherwise
        if condition:
            # Closed together with the block that it continues.
            self._begin(_Block(_parsed(condition), inverted=False), "")

    def _close(self, name: str) -> None:
        while self._open and self._open[-1][1] == "":
            self._open.pop()
        if not self._open or self._open[-1][1] != name:
            raise TemplateError(f"{{{{/{name[:60]}}}}} closes nothing")
        self._open.pop()
        self._into = self._root
        if self._open:
            block = self._open[-1][0]
            self._into = block.otherwise if block.otherwise else block.body


def _alone(text: str, start: int, end: int) -> bool:
    before = text[:start].rpartition("\n")[2]
    return not before.strip(" \t") and re.match(r"[ \t]*(\r?\n|$)", text[end:]) is not None


def _name(call: _Call) -> str:
    return call.head.text if isinstance(call.head, _Path) else str(getattr(call.head, "value", ""))


def _parsed(text: str) -> _Call:
    tokens = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise TemplateError(f"can't read {text[place:][:60]!r}")
        place = match.end()
        if match.lastgroup:
            tokens.append((match.lastgroup, match[match.lastgroup]))
    call, rest = _call(tokens, 0, nested=False)
    if rest != len(tokens):
        raise TemplateError(f"one bracket too many in {text[:60]!r}")
    return call


def _call(tokens: list[tuple[str, str]], place: int, *, nested: bool) -> tuple[_Call, int]:
    items: list[Any] = []
    call = _Call(None)
    key = ""
    while place < len(tokens):
        kind, text = tokens[place]
        place += 1
        if kind == "close":
            if not nested:
                raise TemplateError("one bracket too many")
            break
        if kind == "key":
            key = text
            continue
        if kind == "pipe":
            call.names = text.strip("|").split()
            continue
        if kind == "path" and text == "as" and place < len(tokens) and tokens[place][0] == "pipe":
            continue
        value: Any
        if kind == "open":
            value, place = _call(tokens, place, nested=True)
        elif kind == "text":
            value = _Literal(re.sub(r"\\(.)", r"\1", text[1:-1]))
        elif kind == "number":
            value = _Literal(float(text) if "." in text else int(text))
        else:
            value = _Literal(_WORDS[text]) if text in _WORDS else _path(text)
        if key:
            call.named[key] = value
            key = ""
        else:
            items.append(value)
    else:
        if nested:
            raise TemplateError("a bracket is never closed")
    if not items:
        raise TemplateError("a tag is empty")
    call.head, call.arguments = items[0], items[1:]
    return call, place


def _path(text: str) -> _Path:
    rest, up = text, 0
    while rest.startswith("../"):
        rest, up = rest[3:], up + 1
    if rest == "..":
        return _Path(text, up + 1, (), data=False)
    data = rest.startswith("@")
    rest = re.sub(r"^(this\b|\.(?=/|$))[./]?", "", rest.removeprefix("@")) if not data else rest[1:]
    parts = tuple(match[1] if match[1] is not None else match[2] for match in _PART.finditer(rest))
    return _Path(text, up, parts, data)


# -- filling --


def _render(nodes: list[Any], frame: _Frame) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Output):
            text = shown(_value(node.call, frame))
            yield _escaped(text) if node.escaped else text
        else:
            yield from _block(node, frame)


def _escaped(text: str) -> str:
    return html.escape(text).replace("`", "&#x60;").replace("=", "&#x3D;")


def _value(item: Any, frame: _Frame) -> Any:
    if isinstance(item, _Literal):
        return item.value
    if isinstance(item, _Path):
        return _found(item, frame)
    head = item.head
    name = head.text if isinstance(head, _Path) else None
    helper = HELPERS.get(name) if name else None
    if helper is None:
        if item.arguments or item.named:
            raise TemplateError(f"there is no helper {str(name)[:60]}")
        return _value(head, frame)
    arguments = [_value(argument, frame) for argument in item.arguments]
    named = {key: _value(value, frame) for key, value in item.named.items()}
    try:
        return helper(*arguments, **named)
    except Exception as error:
        raise TemplateError(f"the helper {name} refuses its arguments ({type(error).__name__})") from None


def _found(path: _Path, frame: _Frame) -> Any:
    for _step in range(path.up):
        if frame.above is None:
            return None
        frame = frame.above
    parts = path.parts
    if path.data:
        if parts[:1] == ("root",):
            while frame.above is not None:
                frame = frame.above
            return _at(frame.this, parts[1:])
        while frame.above is not None and parts[0] not in frame.data:
            frame = frame.above
        return _at(frame.data.get(parts[0]), parts[1:])
    named: _Frame | None = frame
    while parts and named is not None:
        if parts[0] in named.names:
            return _at(named.names[parts[0]], parts[1:])
        named = named.above
    return _at(frame.this, parts)


def _at(value: Any, parts: tuple[str, ...]) -> Any:
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and len(part) < 9 and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, (list, str)) and part == "length":
            value = len(value)
        else:
            return None
    return value


def _block(block: _Block, frame: _Frame) -> Iterator[str]:
    name = _name(block.call)
    arguments = block.call.arguments
    first = _value(arguments[0], frame) if arguments else None
    if name in ("if", "unless", "each", "with") and len(arguments) != 1:
        raise TemplateError(f"#{name} takes one value")
    if name in ("if", "unless") and not block.inverted:
        yield from _render(block.body if true(first) == (name == "if") else block.otherwise, frame)
    elif name == "each":
        yield from _each(block, first, frame)
    elif name == "with":
        names = dict(zip(block.call.names, [first], strict=False))
        inner = _Frame(first, frame, names=names)
        yield from _render(block.body, inner) if true(first) else _render(block.otherwise, frame)
    else:
        # A value as a block: a list repeats it, an object goes into it, what is false leaves it out.
        value = _value(block.call, frame)
        if block.inverted or not true(value):
            yield from _render(block.body if block.inverted != true(value) else block.otherwise, frame)
        elif isinstance(value, list):
            yield from _each(block, value, frame)
        else:
            yield from _render(block.body, _Frame(value, frame) if isinstance(value, dict) else frame)


def _each(block: _Block, value: Any, frame: _Frame) -> Iterator[str]:
    items: list[tuple[Any, Any]]
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if not items:
        yield from _render(block.otherwise, frame)
    for number, (key, item) in enumerate(items):
        data = {"index": number, "key": key, "first": number == 0, "last": number == len(items) - 1}
        names = dict(zip(block.call.names, (item, key), strict=False))
        yield from _render(block.body, _Frame(item, frame, data, names))
