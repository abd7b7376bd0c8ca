"""From a run that has ended to what it made: one candidate for each result."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .names import beneath, in_store, is_data, is_figure
from .session import Run, Session
from .unseen import outputs_of

# Of the code that led to a result, this much is kept: the catalog's documents have a limit.
MAX_CODE_CHARACTERS = 400_000
_MAX_FILES = 100_000
_CODE_RUNS = 500
_MOST_OPENED = 200
_MOST_NAMES = 20

Found = dict[str, Any]


def candidates(
    session: Session,
    run: Run,
    results: Path,
    known_input: Callable[[str], bool],
    sessions: Iterable[Session] = (),
) -> list[tuple[str, Found]]:
    """What the run made, as (key, found) pairs; empty when it made nothing that counts.

    Parameters
    ----------
    session, run
        The run has ended, or its process died.
    results
        The results folder.
    known_input
        Whether a path is a file of a dataset in the catalog that isn't a result of ours.
    sessions
        All sessions: who else writes, and what was copied from where.
    """
    sessions = list(sessions) or [session]
    # What was only moved may be anybody's data, except where results are meant to be.
    moved = {path: t for path, t in session.moved_in(run.number).items() if beneath(path, results) is not None}
    unseen = outputs_of(run, results, sessions)
    wrote = {**unseen, **moved, **session.written(run.number)}
    wrote = {path: t for path, t in wrote.items() if path not in run.covered}
    base = _base(session, run, unseen, sessions)
    made = []
    named: set[str] = set()
    for line in run.derived:
        paths = _named_paths(line.get("paths"), session)
        if paths and not named.issuperset(paths):
            named.update(paths)
            made.append(_found(base, run, line, paths, [], wrote))
    roots = _roots(session, results)
    # Who changes measured data has no result; but what lies where results are meant to be is one, a fetched copy too.
    clean = [
        path
        for path in wrote
        if path not in named and is_data(path, roots) and (beneath(path, results) is not None or not known_input(path))
    ]
    figures = [path for path in clean if is_figure(path)]
    data = [path for path in clean if not is_figure(path) and path != session.head.get("notebook")]
    rest = next((line for line in run.derived if not _named_paths(line.get("paths"), session)), None)
    if rest is not None and not data:
        data, figures = figures, []
    wanted = (
        rest is not None or base["inputs"] or base["paths_in"] or any(beneath(p, results) is not None for p in data)
    )
    if data and wanted:
        made.append(_found(base, run, rest or {}, data, figures, wrote))
    elif figures and made:
        made[0][1]["figures"] = sorted(figures)
    elif figures:
        made.append(_found({**base, "kind": "figures"}, run, {}, [], figures, wrote))
    for _, found in made:
        found["status"], found["refused"] = _ended(session, found)
    run.covered.update(wrote)
    run.covered.update(named)
    return made


def _ended(session: Session, found: Found) -> tuple[str, str]:
    """How the cells ended that wrote the result's files last, and why the disk refused: another cell may name them."""
    told: dict[str, str] = {}
    for path in found["paths"]:
        runs = session.owners().get(path, {})
        last = max(runs, key=lambda number: runs[number], default=found["run"])
        end = session.runs[last].end or {}
        if last == found["run"]:
            status, refused = found["status"], found["refused"]
        else:
            status, refused = str(end.get("status") or "ok"), _clip(end.get("refused"))
        told[status] = refused or told.get(status, "")
    status = next((one for one in ("error", "killed", "ok") if one in told), str(found["status"]))
    return status, told.get(status, "")


def _found(
    base: Found, run: Run, line: Found, paths: list[str], figures: list[str], wrote: dict[str, float]
) -> tuple[str, Found]:
    paths, figures = sorted(paths), sorted(figures)
    found = {
        **base,
        "name": _clip(line.get("name")) or os.path.basename((paths or figures)[0]),
        "named": bool(line),
        "keywords": [_clip(word) for word in line.get("keywords") or [] if isinstance(word, str)][:50],
        "description": _clip(line.get("description"), 10_000),
        "parameters": base["parameters"] | (line["parameters"] if isinstance(line.get("parameters"), dict) else {}),
        "paths": paths,
        "figures": figures,
        "wrote": {path: wrote[path] for path in (*paths, *figures) if path in wrote},
    }
    told = json.dumps([base["session"], run.number, paths or figures], ensure_ascii=True)
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:32], found


def _base(session: Session, run: Run, unseen: Iterable[str], sessions: Iterable[Session]) -> Found:
    """What every result of the run has in common; a run without ``end`` gets all the session's inputs, uncertain."""
    head, end = session.head, run.end or {}
    # A worker may outlive the cell that started it; what it then writes may hold all that was read since.
    late = any(e.forked and e.run == run.number and e.t > float(end.get("t") or e.t) for e in session.events)
    complete = run.end is not None and isinstance(end.get("inputs"), list) and not late
    if complete:
        inputs = _flows(end["inputs"], "pid")
        paths_in = _flows(end.get("paths_in"), "path")
    else:
        inputs = _flows([{"pid": read.get("pid"), "certain": False} for read in session.reads], "pid")
        unnamed = [{"path": r.get("path"), "certain": False} for r in session.reads if not r.get("pid")]
        paths_in = _flows(unnamed, "path")
    own = {path for path, runs in session.owners().items() if run.number in runs}.union(unseen)
    numbers = [n for n in end.get("runs") or [] if isinstance(n, int) and n in session.runs]
    if not complete:
        numbers = sorted(session.runs)
    if run.number not in numbers:
        numbers.append(run.number)
    led = [read for read in session.reads if read.get("run") in numbers]
    if complete:  # the parent does not know what its children read
        for read in led:
            if read["forked"]:
                _doubtful(inputs, "pid", read.get("pid"))
                _doubtful(paths_in, "path", None if read.get("pid") else read.get("path"))
    for flow in paths_in:
        flow["was"] = _earlier_names(flow["path"], sessions)
    return {
        "v": 1,
        "kind": "result",
        "session": session.uuid,
        "run": run.number,
        "cell": run.cell,
        "n": run.n,
        "t": run.t,
        "ended": float(end.get("t") or run.t),
        "status": str(end.get("status") or "killed"),
        "refused": _clip(end.get("refused")),
        "notebook": head.get("notebook") if isinstance(head.get("notebook"), str) else None,
        "cwd": str(head.get("cwd") or ""),
        "host": str(head.get("host") or ""),
        "user": str(head.get("user") or ""),
        "python": str(head.get("python") or ""),
        "kernel": str(head.get("kernel") or ""),
        "write_back": head.get("write_back"),
        "inputs": inputs,
        "paths_in": [flow for flow in paths_in if flow["path"] not in own],
        # Files of the named datasets: they may be windows to files of other ones.
        "opened": sorted({read["path"] for read in led if read.get("pid") and read.get("path")})[:_MOST_OPENED],
        "parameters": {name: value for number, name, value in session.parameters if number <= run.number},
        "runs": numbers,
        "code": _code(session, numbers),
        "modules": {str(k): str(v) for k, v in end["modules"].items()} if isinstance(end.get("modules"), dict) else {},
        "capture": "complete" if complete and end.get("capture") == "complete" else "partial",
        "unseen": [str(item) for item in end.get("unseen") or []][:100] if isinstance(end.get("unseen"), list) else [],
    }


def _flows(items: object, name: str) -> list[dict[str, Any]]:
    """``[{name, certain}]`` without doubles; certain when it is so once."""
    certain: dict[str, bool] = {}
    for item in items if isinstance(items, list) else []:
        value = item.get(name) if isinstance(item, dict) else None
        if isinstance(value, str) and value:
            certain[value] = certain.get(value, False) or item.get("certain") is True
    return [{name: value, "certain": sure} for value, sure in certain.items()]


def _doubtful(flows: list[dict[str, Any]], name: str, value: object) -> None:
    if isinstance(value, str) and value and all(flow[name] != value for flow in flows):
        flows.append({name: value, "certain": False})


def _earlier_names(path: str, sessions: Iterable[Session]) -> list[str]:
    """What a file was copied or renamed from, step by step."""
    names: list[str] = []
    sessions = list(sessions)
    while len(names) < _MOST_NAMES:
        last = names[-1] if names else path
        before = next((session.was[last] for session in sessions if last in session.was), None)
        if before is None or before in names or before == path:
            break
        names.append(before)
    return names


def _code(session: Session, numbers: Iterable[int]) -> list[dict[str, Any]]:
    code, room = [], MAX_CODE_CHARACTERS
    for number in reversed(list(numbers)[-_CODE_RUNS:]):
        run = session.runs[number]
        text = run.code if len(run.code) <= room else run.code[:room]
        room -= len(text)
        code.append({"run": number, "cell": run.cell, "n": run.n, "code": text})
    return code[::-1]


def _roots(session: Session, results: Path) -> list[Path]:
    roots = [results, Path.home()]
    notebook, cwd = session.head.get("notebook"), session.head.get("cwd")
    if isinstance(notebook, str) and os.path.isabs(notebook):
        roots.append(Path(notebook).parent)
    if isinstance(cwd, str) and os.path.isabs(cwd):
        roots.append(Path(cwd))
    return roots


def _named_paths(paths: object, session: Session) -> list[str]:
    """Files that ``derived`` names; a folder stands for all regular files beneath it."""
    found: list[str] = []
    cwd = str(session.head.get("cwd") or "/")
    for item in paths if isinstance(paths, list) else []:
        if not isinstance(item, str) or not item or "\0" in item:
            continue
        path = os.path.normpath(os.path.join(cwd, item))
        if not os.path.isdir(path):
            found.append(path)
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith(".") or in_store(folder))
            found += [os.path.join(folder, n) for n in sorted(names) if not n.startswith(".") or in_store(folder)]
            if len(found) >= _MAX_FILES:
                break
    return sorted(set(found))[:_MAX_FILES]


def _clip(value: object, length: int = 500) -> str:
    return value[:length] if isinstance(value, str) else ""
