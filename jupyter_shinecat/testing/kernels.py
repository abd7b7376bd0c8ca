"""A real kernel to test against: a process of its own, spoken to over ZeroMQ as JupyterLab's server does."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager


@dataclass
class Reply:
    """What a cell gave.

    Attributes
    ----------
    status
        ``ok``, ``error``, or ``dead`` when the kernel ended meanwhile.
    stdout, stderr
        Printed text.
    data
        Displayed values by media type; the last one of each wins.
    error
        Name of the exception, its text, and the traceback as shown.
    """

    status: str = "ok"
    stdout: str = ""
    stderr: str = ""
    data: dict[str, str] = field(default_factory=dict)
    error: tuple[str, str, str] = ("", "", "")


class KernelProcess:
    """A running ipykernel.

    Parameters
    ----------
    env
        Its whole environment.
    folder
        Its working folder.
    """

    def __init__(self, env: Mapping[str, str], folder: Path, timeout_s: float = 120) -> None:
        self._timeout_s = timeout_s
        self._manager = KernelManager(connection_file=str(folder / f"kernel-{uuid.uuid4()}.json"))
        spec = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager._kernel_spec = KernelSpec(argv=spec, display_name="test", language="python")
        self._manager.start_kernel(env=dict(env), cwd=str(folder))
        self.client = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=timeout_s)

    @classmethod
    def attached(cls, connection_file: Path, timeout_s: float = 120) -> KernelProcess:
        """A kernel that somebody else started, a Jupyter server for example; it is theirs to stop."""
        self = cls.__new__(cls)
        self._timeout_s = timeout_s
        self._manager = _Elsewhere(connection_file=str(connection_file))
        self._manager.load_connection_file()
        self.client = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=timeout_s)
        return self

    @property
    def pid(self) -> int:
        """Process id."""
        pid = self._manager.provisioner.pid if self._manager.provisioner else None  # type: ignore[attr-defined]
        return int(pid or 0)

    def run(self, code: str, *, silent: bool = False, store_history: bool = True, cell_id: str = "") -> Reply:
        """Run a cell and wait for its end (or the kernel's)."""
        message_id = self.send(code, silent=silent, store_history=store_history, cell_id=cell_id)
        return self.wait(message_id)

    def send(self, code: str, *, silent: bool = False, store_history: bool = True, cell_id: str = "") -> str:
        """Start a cell; returns the id of the request."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history and not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self.client.session.msg("execute_request", content)
        if cell_id:
            message["metadata"]["cellId"] = cell_id
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait(self, message_id: str, until: str | None = None) -> Reply:
        """Collect what a cell gives; with ``until`` return as soon as that text was printed."""
        reply = Reply()
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                message: dict[str, Any] = self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                if not self._manager.is_alive():
                    reply.status = "dead"
                    return reply
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the cell did not end in time; so far: {reply}") from None
                continue
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                setattr(reply, content["name"], getattr(reply, content["name"]) + content["text"])
                if until is not None and until in reply.stdout:
                    return reply
            elif kind in ("execute_result", "display_data"):
                reply.data.update(content["data"])
            elif kind == "error":
                reply.status = "error"
                reply.error = (content["ename"], content["evalue"], "\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return reply

    def interrupt(self) -> None:
        """As the stop button does."""
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End it as Jupyter does: asked first."""
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=not self._manager.is_alive())
        self._manager.cleanup_resources()


class _Elsewhere(KernelManager):
    """Of a kernel that another process manages: it is taken to live."""

    async def _async_is_alive(self) -> bool:
        return True

    def is_alive(self) -> bool:
        """Always."""
        return True


@contextmanager
def running_kernel(folder: Path, **variables: str) -> Iterator[KernelProcess]:
    """A kernel for the length of a ``with`` block, with state, results and IPython's history in ``folder``.

    ``variables`` go into its environment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("SHINECAT_", "JUPYTERHUB_", "JPY_"))
    }
    env |= {
        "SHINECAT_STATE": str(folder / "state"),
        "SHINECAT_RESULTS": str(folder / "results"),
        "SHINECAT_LANG": "en",
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "MPLCONFIGDIR": str(folder / ".matplotlib"),
    }
    kernel = KernelProcess(env | variables, folder)
    try:
        yield kernel
    finally:
        kernel.stop()


def spool_lines(folder: Path) -> list[dict[str, Any]]:
    """All lines of the record in the state of ``folder``, by file; half a line at the end is left out."""
    lines: list[dict[str, Any]] = []
    for path in sorted((folder / "state" / "spool").glob("*.jsonl")):
        for raw in path.read_bytes().split(b"\n"):
            if raw.strip():
                lines.append(json.loads(raw))
    return lines
