"""Whether a process that wrote a file is still the one that runs under that number."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def host() -> str:
    """This machine's name."""
    return socket.gethostname()


def boot_id() -> str:
    """Changes with every start of the machine; empty where the system does not tell."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def start_time(pid: int) -> str:
    """When the process started, in clock ticks since boot; empty when there is none, or the system does not tell."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may hold blanks and parentheses: count fields from its end.
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return ""
    return fields[19]


def birth(pid: int) -> str:
    """Boot and start of a process in one word, so that a reused number is not taken for it."""
    return f"{boot_id()}:{start_time(pid)}"


def is_alive(pid: int, born: str) -> bool:
    """Whether the process ``pid`` of this machine, started as ``born`` says, still runs.

    ``born`` is `birth`'s word, or any text with boot id and start ticks; where it is empty only the number counts.
    """
    if _PROC.joinpath("self").exists():
        started = start_time(pid)
        if not started:
            return False
        boot = boot_id()
        if boot and born and boot not in born:
            return False
        parts = born.replace(":", " ").replace("/", " ").split()
        ticks = [part for part in parts if part.isdigit()]
        return not ticks or started in ticks
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def open_for_writing(pid: int, paths: set[str]) -> set[str]:
    """Those of ``paths`` that the process holds open for writing; empty where the system does not tell."""
    held = set()
    folder = _PROC / str(pid) / "fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return set()
    for name in names:
        try:
            target = os.readlink(folder / name)
            if target not in paths:
                continue
            info = (_PROC / str(pid) / "fdinfo" / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        for line in info.splitlines():
            if line.startswith("flags:") and int(line.split()[1], 8) & (os.O_WRONLY | os.O_RDWR):
                held.add(target)
    return held
