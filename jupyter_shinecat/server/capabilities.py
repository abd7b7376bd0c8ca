"""Rights to use our routes over TCP: one for each kernel, good until it is given back or the kernel has ended."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.outbox.process import birth, host, is_alive
from jupyter_shinecat.scicat import Secret

_PEER = struct.Struct("3i")  # pid, uid, gid
_MOST = 200


class NoCapability(ShineCatError):
    """Nobody can be given one."""


@dataclass(frozen=True)
class Capability:
    """The right of the process ``pid``, started as ``born`` says."""

    pid: int
    born: str
    token: Secret = field(repr=False)

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return is_alive(self.pid, self.born)


@dataclass
class Pass:
    """A capability that a kernel finds in a file.

    ``holds`` says whether the kernel runs; ``over`` whether it won't run again: one that has crashed is started anew
    with the same file.
    """

    path: Path
    token: Secret = field(repr=False)
    holds: Callable[[], bool] = lambda: True
    over: Callable[[], bool] = lambda: False

    @property
    def alive(self) -> bool:
        """Whether it is good."""
        return self.holds()

    def remove(self) -> None:
        """Remove its file."""
        with contextlib.suppress(OSError):
            self.path.unlink()


class Capabilities:
    """Gives, knows and takes back capabilities."""

    def __init__(self) -> None:
        self._given: dict[int, Capability] = {}
        self._passes: list[Pass] = []

    def give(self, pid: int) -> Capability:
        """The capability of the process ``pid``; the same one when it asks again.

        Raises
        ------
        NoCapability
            There is no such process, or there are too many.
        """
        self._given = {number: given for number, given in self._given.items() if given.alive}
        known = self._given.get(pid)
        if known is not None:
            return known
        made = Capability(pid, birth(pid), Secret(secrets.token_urlsafe(32)))
        if not made.alive or len(self._given) >= _MOST:
            raise NoCapability(
                tr("This program can't be given an address of its own."), do=tr("Ask from a running kernel.")
            )
        self._given[pid] = made
        return made

    def revoke(self, pid: int) -> bool:
        """Take back what the process ``pid`` was given; False when there was nothing."""
        return self._given.pop(pid, None) is not None

    def knows(self, token: str) -> bool:
        """Whether ``token`` is the capability of a process or kernel that still runs."""
        found: Capability | Pass | None = None
        every: list[Capability | Pass] = [*self._given.values(), *self._passes]
        for given in every:  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(given.token.reveal().encode(), token.encode("utf-8", "replace")):
                found = given
        return found is not None and found.alive

    def write(self, folder: Path, url: str) -> Pass:
        """A capability in a file of its own, for a kernel that is about to start or for this server's own processes.

        Raises
        ------
        OSError
            The file can't be written.
        """
        for one in [one for one in self._passes if one.over()]:
            self._passes.remove(one)
            one.remove()
        made = Pass(folder / f"{os.getpid()}-{secrets.token_hex(8)}.json", Secret(secrets.token_urlsafe(32)))
        server = {"host": host(), "pid": os.getpid(), "born": birth(os.getpid())}
        descriptor = os.open(made.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"url": url, "token": made.token.reveal(), **server}, file)
        self._passes.append(made)
        return made

    def close(self) -> None:
        """Take all back."""
        for one in self._passes:
            one.remove()
        self._passes.clear()
        self._given.clear()


def remove_stale(folder: Path) -> None:
    """Remove the files of servers of this machine that were killed: nobody listens for their capabilities any more."""
    for path in folder.glob("*-*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(path.read_bytes())
            if told["host"] == host() and not is_alive(int(told["pid"]), str(told["born"])):
                path.unlink()


def peer_of(connection: Any) -> int | None:
    """Process number of who is at the other end of a Unix socket; None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    try:
        pid, _uid, _gid = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _PEER.size))
    except (OSError, struct.error):
        return None
    return int(pid) or None


def owner_of(address: tuple[str, int], to: tuple[str, int]) -> int | None:
    """User number of the local process that connects from ``address`` (IPv4) to ours; None where nobody tells."""
    wanted = [f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}" for host, port in (address, to)]
    try:
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if fields[1:3] == wanted:  # a port may be used towards several others at once
            return int(fields[7])
    return None
