"""Who is recorded: the facts of this process that a reader of the spool needs."""

from __future__ import annotations

import os
import platform
import re
import sys
import uuid
from typing import Any

SPOOL_VERSION = 1


def boot_mark() -> str:
    """Boot of the machine and start of the process: tells a process number that was used again. Empty off Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            # The command name may hold spaces and brackets; the fields are counted after its last bracket.
            started = file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot}:{started}"


def kernel_id() -> str | None:
    """Id of this Jupyter kernel, as its connection file names it; None outside a kernel."""
    app = sys.modules.get("ipykernel.kernelapp")
    try:
        file = app.IPKernelApp.instance().connection_file if app and app.IPKernelApp.initialized() else ""
    except Exception:
        return None
    found = re.search(r"kernel-(.+)\.json$", os.path.basename(file))
    return found.group(1) if found else None


def kernel_name() -> str | None:
    """The kernel's program and version, ``ipykernel 7.1.0``; None outside a kernel."""
    version = getattr(sys.modules.get("ipykernel"), "__version__", None)
    return f"ipykernel {version}" if version and kernel_id() else None


def notebook_path() -> str | None:
    """Path of the notebook as the Jupyter server names it; None outside a notebook."""
    return os.environ.get("JPY_SESSION_NAME") or None


def user_name() -> str | None:
    """Name of the person, as JupyterHub or the system knows them."""
    return os.environ.get("JUPYTERHUB_USER") or os.environ.get("USER") or os.environ.get("LOGNAME") or None


class Session:
    """One recorded session; a forked child belongs to its parent's.

    Parameters
    ----------
    script
        Path of the script that runs, outside notebooks.
    """

    def __init__(self, script: str | None = None) -> None:
        self.id = str(uuid.uuid4())
        self.script = script
        self.parent: int | None = None

    def forked(self) -> None:
        """After a fork, in the child."""
        self.parent = os.getppid()

    def line(self) -> dict[str, Any]:
        """Fields of the spool's ``session`` line."""
        fields: dict[str, Any] = {
            "v": SPOOL_VERSION,
            "session": self.id,
            "pid": os.getpid(),
            "host": platform.node(),
            "boot": boot_mark(),
            "kernel_id": kernel_id(),
            "kernel": kernel_name(),
            "notebook": self.script or notebook_path(),
            "cwd": os.getcwd(),
            "python": platform.python_version(),
            "user": user_name(),
            "write_back": os.environ.get("SHINECAT_WRITE_BACK", "auto"),
        }
        if self.parent is not None:
            fields["parent"] = self.parent
        return fields
