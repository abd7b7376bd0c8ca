"""``POST /shinecat/api/derived``: a result of a program in any language, handed to the outbox through the spool."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import secrets
import socket
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.outbox.process import birth

_MAX_LIST = 100_000
_MAX_TEXT = 100_000
_MAX_DEPTH = 50


class DerivedError(ShineCatError):
    """The description of a result can't be used."""


class DerivedSpool:
    """Writes results that programs announce into the spool, in the form of the record (see architecture.md).

    Parameters
    ----------
    spool
        The spool's folder.
    write_back
        The mode results of this server are sent in.
    """

    def __init__(self, spool: Path, write_back: str) -> None:
        self._spool = spool
        self._write_back = write_back

    async def accept(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take one result.

        Parameters
        ----------
        body
            ``{"name", "paths": [absolute], "inputs": [PID], "keywords", "description", "parameters", "code",
            "software": {name: version}}``; ``name`` and ``paths`` are needed.

        Raises
        ------
        DerivedError
            Something is missing or of the wrong kind.
        """
        if self._write_back == "off":
            raise DerivedError(
                tr("Results are not sent from here: write-back is off."),
                do=tr("Set SHINECAT_WRITE_BACK to auto or ask."),
            )
        name = _text(body, "name", needed=True)
        paths = _texts(body, "paths")
        if not paths:
            raise DerivedError(tr("The result “{name}” names no files.", name=name), do=tr("Give their paths."))
        for path in paths:
            if not os.path.isabs(path):
                raise DerivedError(tr("The path {path} is not absolute.", path=path), do=tr("Give the whole path."))
        for path in await asyncio.to_thread(_without_data, paths):
            raise DerivedError(tr("There is no file {path}.", path=path), do=tr("Write it first."))
        record = self._record(name, paths, body)
        try:
            await asyncio.to_thread(self._write, record)
        except OSError as cause:
            raise ShineCatError(
                tr("The result “{name}” could not be recorded: {reason}.", name=name, reason=cause.strerror),
                left=tr("Its files are as they were."),
                do=tr("Make room in {folder}, then announce it again.", folder=self._spool),
            ) from cause
        return {"state": "waiting", "name": name, "paths": paths, "session": record[0]["session"]}

    def _record(self, name: str, paths: list[str], body: dict[str, Any]) -> list[dict[str, Any]]:
        parameters, software = body.get("parameters", {}), body.get("software", {})
        if not isinstance(parameters, dict) or not isinstance(software, dict):
            raise DerivedError(tr("“parameters” and “software” must be JSON objects."))
        if _is_deep(parameters) or _is_deep(software):
            raise DerivedError(tr("The description of the result “{name}” is nested too deeply.", name=name))
        inputs = _texts(body, "inputs")
        pid = os.getpid()
        session = {
            "k": "session",
            "v": 1,
            "session": str(uuid.uuid4()),
            "pid": pid,
            "host": socket.gethostname(),
            "boot": birth(pid),
            "kernel_id": None,
            "notebook": None,
            "cwd": str(Path.home()),
            "python": "",
            "user": getpass.getuser(),
            "write_back": self._write_back,
        }
        derived = {
            "k": "derived",
            "run": 1,
            "name": name,
            "keywords": _texts(body, "keywords"),
            "description": _text(body, "description"),
            "paths": paths,
            "parameters": parameters,
        }
        end = {
            "k": "end",
            "run": 1,
            "status": "ok",
            "inputs": [{"pid": value, "certain": True} for value in inputs],
            "paths_in": [],
            "runs": [1],
            "modules": {str(key): str(value) for key, value in software.items()},
            "capture": "complete",
            "unseen": [],
        }
        return [
            session,
            {"k": "cell", "run": 1, "cell": None, "n": 1, "code": _text(body, "code")},
            *({"k": "read", "run": 1, "pid": value, "path": None, "how": "api"} for value in inputs),
            *({"k": "write", "run": 1, "path": path, "how": "api"} for path in paths if not os.path.isdir(path)),
            derived,
            end,
            {"k": "close"},
        ]

    def _write(self, record: list[dict[str, Any]]) -> None:
        self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = time.time()
        lines = "".join(json.dumps({**line, "t": now}) + "\n" for line in record)
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        part = self._spool / f".{name}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(lines.encode("ascii"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            part.unlink(missing_ok=True)
            raise
        # Whole or not at all: the answer promises that the result will not be lost.
        os.replace(part, self._spool / name)


def _is_deep(value: Any) -> bool:
    layer = [value]
    for _ in range(_MAX_DEPTH):
        layer = [part for one in layer for part in _parts(one)]
    return bool(layer)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _without_data(paths: list[str]) -> list[str]:
    """The first of the paths that is no file, and no folder with files; pipes and devices have no end."""
    return next(([path] for path in paths if not _holds_data(path)), [])


def _holds_data(path: str) -> bool:
    if not os.path.isdir(path):
        return os.path.isfile(path)
    return any(os.path.isfile(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _text(body: dict[str, Any], key: str, *, needed: bool = False) -> str:
    value = body.get(key, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT or (needed and not value.strip()):
        raise DerivedError(tr("“{key}” of the result must be a text.", key=key))
    return value


def _texts(body: dict[str, Any], key: str) -> list[str]:
    value = body.get(key, [])
    if not isinstance(value, list) or len(value) > _MAX_LIST or not all(isinstance(v, str) and v for v in value):
        raise DerivedError(tr("“{key}” of the result must be a list of texts.", key=key))
    return value
