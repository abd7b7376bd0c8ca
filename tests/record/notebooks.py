"""A kernel with the record on, and what it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_shinecat.testing.kernels import KernelProcess, spool_lines

ON = "from jupyter_shinecat import record; recorder = record.on()"


class Notebook:
    """A kernel with the record on, and what it wrote."""

    def __init__(self, kernel: KernelProcess, folder: Path) -> None:
        self.kernel, self.folder = kernel, folder

    def run(self, code: str, **options: Any) -> Any:
        return self.kernel.run(code, **options)

    def ok(self, code: str, **options: Any) -> str:
        reply = self.run(code, **options)
        assert reply.status == "ok", reply.error[2]
        return str(reply.stdout)

    def lines(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in spool_lines(self.folder) if line["k"] == kind]

    def end(self) -> dict[str, Any]:
        """The end of the last cell that wrote something."""
        return next(line for line in reversed(self.lines("end")) if "inputs" in line)


FRESH = """
import os, sys
if "jupyter_shinecat.record" in sys.modules:
    sys.modules["jupyter_shinecat.record"].off()
    sys.modules["jupyter_shinecat.record"]._recorder = None
get_ipython().reset(new_session=True)
import os
os.environ["SHINECAT_STATE"], os.environ["SHINECAT_RESULTS"] = {state!r}, {results!r}
os.chdir({folder!r})
from jupyter_shinecat import record
recorder = record.on()
def data(pid):
    recorder.read(pid, how="h5")
    return [1, 2]
"""


def fresh(kernel: KernelProcess, folder: Path) -> Notebook:
    """A session of its own in a kernel that is used again: nothing bound, nothing recorded, no history."""
    (folder / "results").mkdir()
    code = FRESH.format(state=str(folder / "state"), results=str(folder / "results"), folder=str(folder))
    assert kernel.run(code, silent=True).status == "ok"
    return Notebook(kernel, folder)


def inputs(end: dict[str, Any]) -> dict[str, bool]:
    return {flow["pid"]: flow["certain"] for flow in end["inputs"]}


def files(end: dict[str, Any]) -> dict[str, bool]:
    return {Path(flow["path"]).name: flow["certain"] for flow in end["paths_in"]}
