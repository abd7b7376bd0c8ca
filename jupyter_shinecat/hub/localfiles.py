"""Files of a hub on one machine that nobody writes by hand: its key, its folders, its ports."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from pathlib import Path


def private_folder(path: str | os.PathLike[str]) -> Path:
    """The folder ``path``, made with mode 0700 when it is missing."""
    folder = Path(path).expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def crypt_key(folder: Path) -> str:
    """The hub's key to encrypt tokens with: ``JUPYTERHUB_CRYPT_KEY``, else from ``folder/crypt_key`` (0600).

    Made at the first start and kept, so that sign-ins live through a restart of the hub.
    """
    configured = os.environ.get("JUPYTERHUB_CRYPT_KEY")
    if configured:
        return configured
    file = folder / "crypt_key"
    with contextlib.suppress(FileNotFoundError):
        # Empty: a full disk or a kill came between making and writing it.
        if kept := file.read_text(encoding="ascii").strip():
            return kept
    key = secrets.token_hex(32)
    part = folder / f".crypt_key.{os.getpid()}"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as stream:
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return key


def port(variable: str, default: int = 0) -> int:
    """Port number from the environment variable ``variable``, else ``default``; 0 picks one that is free now."""
    wanted = int(os.environ.get(variable) or default)
    if wanted:
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
