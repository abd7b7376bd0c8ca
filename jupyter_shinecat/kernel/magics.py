"""The ``%shinecat`` and ``%%shinecat`` magics: the same as the functions, for who prefers to type words."""

from __future__ import annotations

import ast
import inspect
import shlex
from collections.abc import Callable
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError, printable
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import QueryError, parse_query

from . import session
from .errors import plainly
from .starting import ipython

VERBS = ("search", "open", "show", "files", "session", "record", "outbox", "lineage", "help")
_OPTIONS = ("name=", "keywords=", "description=")
_QUERY_KEYS = ("type:", "group:", "keyword:", "proposal:", "instrument:", "sample:", "since:", "until:", "where ")


class MagicError(ShineCatError):
    """A magic that was not understood."""


@plainly
def shinecat(line: str) -> Any:
    """``%shinecat``; see `jupyter_shinecat.kernel.starting`, which users see."""
    verb, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    known: dict[str, Callable[[str], Any]] = {
        "search": _search,
        "open": _open,
        "show": _open,
        "files": lambda text: _open(text).files,
        "lineage": _lineage,
        "session": _session,
        "outbox": _outbox,
        "record": _record,
    }
    if verb not in known or rest in ("--help", "-h", "?"):
        if verb not in (*known, "", "help", "--help", "-h", "?"):
            print(tr("%shinecat knows no “{word}”.", word=printable(verb[:80])))
        print(_usage())
        return None
    if rest and verb in ("session", "outbox"):
        raise MagicError(tr("%shinecat {verb} takes nothing behind it.", verb=verb))
    if verb in ("search", "open", "show", "files", "lineage"):
        session.begin()
    return known[verb](rest)


@plainly
def shinecat_cell(line: str, cell: str) -> None:
    """``%%shinecat``; see `jupyter_shinecat.kernel.starting`, which users see."""
    words = _split(line)
    if words[:1] != ["derived"]:
        raise MagicError(
            tr("%%shinecat knows only: derived."), do=tr('Write %%shinecat derived name="..." keywords=a,b.')
        )
    options = _options(words[1:])
    session.begin()
    recorder = record.current()
    if recorder is None or not recorder.on:
        raise MagicError(
            tr("Nothing is recorded here, so the catalog would not learn what this cell writes."),
            left=tr("The cell was not run."),
            do=tr("Switch the record on with %shinecat record on, then run the cell again."),
        )
    _run(recorder.shell, cell)
    written = recorder.written()
    if not written:
        raise MagicError(
            tr("This cell wrote no file."),
            left=tr("The cell was run; nothing was sent."),
            do=tr("Save the result in this cell, or name files of an earlier cell with sc.derived(path, ...)."),
        )
    from .result_files import announce

    keywords = [word.strip() for word in options.get("keywords", "").split(",") if word.strip()]
    announce(
        written,
        name=options.get("name") or None,
        keywords=keywords,
        description=options.get("description") or None,
        parameters=None,
    )


def complete(shell: Any, event: Any) -> list[str]:
    """What can follow on a line of ours; IPython keeps what fits the word that is typed."""
    typed = event.line.split()
    done = typed[1:-1] if event.symbol and typed[1:] else typed[1:]
    if event.command.startswith("%%"):
        return ["derived"] if not done else [option for option in _OPTIONS if option not in event.line]
    if not done:
        return list(VERBS)
    if done[0] == "record":
        return ["on", "off", "status"]
    if done[0] == "search":
        return list(_QUERY_KEYS)
    if done[0] in ("open", "show", "files", "lineage"):
        return _datasets_in(shell)
    return []


def _datasets_in(shell: Any) -> list[str]:
    from .dataset import Dataset

    return sorted(
        name for name, value in shell.user_ns.items() if isinstance(value, Dataset) and not name.startswith("_")
    )


def _usage() -> str:
    lines = [
        ("search TEXT", tr("datasets that fit: words, type:raw, conditions at the end")),
        ("open PID", tr("a handle, as sc.open gives it")),
        ("show DATASET", tr("its card; a PID, or the name of a variable")),
        ("files DATASET", tr("its files as a table")),
        ("lineage DATASET", tr("what it was made of, and what was made of it")),
        ("session", tr("who you are at the catalog, and where results go")),
        ("outbox", tr("results on their way to the catalog")),
        ("record on|off|status", tr("the record of what this notebook reads and writes")),
    ]
    rows = [f"  %shinecat {words:<22}{meaning}" for words, meaning in lines]
    last = tr("run the cell; the files it writes become one Derived dataset")
    return "\n".join([tr("Usage:"), *rows, '  %%shinecat derived name="..." keywords=a,b', f"  {'':<32}{last}"])


def _search(text: str) -> Any:
    from .hits import Hits, begun, pointed

    try:
        query = parse_query(text)
    except QueryError as error:
        raise pointed(text, error) from None
    return begun(Hits(query), text)


def _open(text: str) -> Any:
    from .dataset import Dataset, open_dataset

    name = text.strip().strip("\"'")
    if not name:
        raise MagicError(tr("Name a dataset: its PID, or a variable."))
    shell = ipython()
    found = shell.user_ns.get(name) if shell is not None else None
    return found if isinstance(found, Dataset) else open_dataset(name)


def _lineage(text: str) -> None:
    from .ancestry import lineage

    print(lineage(_open(text).pid))


def _session(_text: str) -> None:
    told = session.server("status")
    if told is None and session.client().token is None and session.client().socket is None:
        told = {"catalog": {"url": session.client().url}}
    if told is None:
        identity = session.ask(lambda catalog: catalog.whoami())
        told = {"user": identity.username, "groups": identity.groups, "catalog": {"url": session.client().url}}
    catalog, outbox = told.get("catalog") or {}, told.get("outbox") or {}
    rows = [
        (tr("User"), told.get("user") or tr("nobody (public data only)")),
        (tr("Groups"), ", ".join(told.get("groups") or ())),
        (tr("Catalog"), " ".join(str(part) for part in (catalog.get("url"), catalog.get("message")) if part)),
        (tr("Results go to the catalog"), told.get("write_back")),
        (tr("Results folder"), told.get("results_folder")),
        (tr("Outbox"), ", ".join(f"{name} {number}" for name, number in outbox.items())),
    ]
    for label, text in rows:
        if text:
            print(f"{label}: {text}")


def _outbox(_text: str) -> None:
    told = session.server("outbox")
    if told is None:
        raise MagicError(
            tr("There is no Jupyter server with an outbox here."), do=tr("In a terminal: shinecat outbox list.")
        )
    entries = told.get("entries") or []
    if not entries:
        print(tr("The outbox is empty."))
    for entry in entries:
        why = " ".join(str(entry.get(part) or "") for part in ("reason", "do")).strip()
        print("  ".join(str(entry.get(part) or "") for part in ("state", "name", "pid")).rstrip())
        if why:
            print(f"    {why}".replace("KEY", str(entry.get("key"))) if entry.get("choices") else f"    {why}")


def _record(text: str) -> None:
    if text == "on":
        record.on()
    elif text == "off":
        record.off()
    elif text not in ("", "status"):
        print(tr("Usage: %shinecat record on|off|status"))
        return
    recorder = record.current()
    if recorder is not None and recorder.on:
        print(tr("The record is on: results of this notebook go to the catalog with their inputs and code."))
    else:
        print(tr("The record is off: nothing of this notebook goes to the catalog from now on."))


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as cause:
        raise MagicError(tr("A quote opens in this line and is never closed.")) from cause


def _options(words: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or f"{name}=" not in _OPTIONS:
            raise MagicError(
                tr("%%shinecat derived does not know “{word}”.", word=word),
                do=tr("It takes name=, keywords= and description=; put values with blanks in quotes."),
            )
        options[name] = value
    return options


def _run(shell: Any, cell: str) -> None:
    """Run the cell in the session's own names; its last expression is shown, as always."""
    name = shell.compile.cache(cell)
    module = shell.transform_ast(shell.compile.ast_parse(shell.transform_cell(cell), name))
    if _awaits(module, name, shell.compile.flags):
        raise MagicError(
            tr("%%shinecat derived can't run a cell that awaits."),
            left=tr("The cell was not run."),
            do=tr("Run it without that line, then name its files with sc.derived(path, name=...)."),
        )
    last = module.body.pop() if module.body and isinstance(module.body[-1], ast.Expr) else None
    exec(shell.compile(module, name, "exec"), shell.user_global_ns, shell.user_ns)  # noqa: S102  the user's own code
    if last is not None:
        shown = ast.Interactive(body=[last])
        exec(shell.compile(shown, name, "single"), shell.user_global_ns, shell.user_ns)  # noqa: S102


def _awaits(module: ast.Module, name: str, flags: int) -> bool:
    """Whether there is an ``await`` outside of functions: the loop that would run it is busy with the magic."""
    code = compile(module, name, "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return bool(code.co_flags & inspect.CO_COROUTINE)
