"""Runs cells for real and tells the flow what the hooks of a kernel would have seen.

`data(pid)` and `load(path)` stand for our handles and for any reader, `save(path, ...)` for any writer.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from jupyter_shinecat.record.flow import Chain, Event, Place, Trace
from jupyter_shinecat.record.flow.chain import Outcome


class Session:
    """Runs cells one after another and keeps what a kernel's hooks would have seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = Chain()
        self.events: list[Event] = []
        self.runs = 0
        self.open: set[str] = set()
        self.names: dict[str, Any] = {
            "data": self.data,
            "load": self.load,
            "save": self.save,
            "writer": self.writer,
            "get_ipython": lambda: _Shell(self),
        }

    def cell(self, source: str) -> Outcome:
        code = TransformerManager().transform_cell(source)
        self.runs += 1
        self.events = []
        trace = Trace(self.runs, code, self.events, count=self.runs)
        try:
            nodes = ast.parse(code).body
            for node in nodes:
                if node is nodes[-1] and isinstance(node, ast.Expr):
                    value = eval(compile(ast.Expression(node.value), "<cell>", "eval"), self.names)
                    self.names["_"] = self.names[f"_{self.runs}"] = value
                else:
                    exec(compile(ast.Module([node], []), "<cell>", "exec"), self.names)
        except SyntaxError:
            raise
        except Exception as error:
            trace.failed = _place(error.__traceback__.tb_next)
        self.chain.add(trace)
        return self.chain.outcome(lambda path: path in self.open)

    def see(self, kind: str, **fields: Any) -> None:
        frame = sys._getframe(1)
        found, trail, beyond, last = [], [], None, None
        while frame is not None:
            if frame.f_globals is self.names:
                beyond = beyond or last
                place = Place(frame.f_code, frame.f_lasti)
                if frame.f_code.co_name == "<module>":
                    found.append(place)
                elif not found:
                    trail.insert(0, place)
            else:
                last = Place(frame.f_code, frame.f_lasti)
            frame = frame.f_back
        self.events.append(
            Event(
                kind,
                place=found[-1] if found else None,
                inner=found[0] if len(found) > 1 else None,
                trail=tuple(trail),
                beyond=beyond,
                **fields,
            )
        )

    def data(self, pid: str) -> list[float]:
        self.see("read", pid=pid)
        return _Data([1.0, 2.0, 3.0])

    def load(self, name: str) -> list[float]:
        path = self.folder / name
        self.see("read", path=str(path))
        return [4.0] if not path.exists() else [5.0]

    def save(self, name: str, *_values: Any) -> None:
        path = self.folder / name
        path.write_text("x")
        self.see("write", path=str(path), fresh=True)

    def writer(self, name: str) -> _Writer:
        path = self.folder / name
        path.write_text("x")
        self.see("write", path=str(path), fresh=True)
        self.open.add(str(path))
        return _Writer(self, str(path))


class _Data(list):
    def plot(self, *_places: str) -> None:
        pass

    def image(self, _number: int = 0) -> str:
        return "picture"


class _Writer(dict):
    def __init__(self, session: Session, path: str) -> None:
        self.session, self.path = session, path

    def group(self, _name: str) -> _Writer:
        return self

    def write(self, *_values: Any) -> None:
        pass

    def close(self) -> None:
        self.session.open.discard(self.path)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class _Shell:
    def __init__(self, session: Session) -> None:
        self.session = session

    def run_line_magic(self, name: str, text: str, **_: Any) -> None:
        if name == "time":
            exec(compile(text, "<timed exec>", "exec"), self.session.names)

    def run_cell_magic(self, name: str, _line: str, text: str) -> None:
        if name == "time":
            exec(compile(text, "<timed exec>", "exec"), self.session.names)


def _place(traceback: Any) -> Place:
    return Place(traceback.tb_frame.f_code, traceback.tb_lasti)


@dataclass
class Pattern:
    """Cells, and what the last one's results come from. ``unsure``: true inputs that may be marked uncertain."""

    name: str
    cells: list[str]
    inputs: set[str]
    unsure: set[str] = field(default_factory=set)
    runs: list[int] | None = None


PLT = "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt"
FRAME = "import pandas as pd; d = pd.DataFrame({'x': [1, 2, 3]})"


def inputs(outcome: Outcome) -> dict[str, bool]:
    """Datasets that flowed in, each certain or not."""
    return {name: sure for (kind, name), sure in outcome.sources.origins.items() if kind == "pid"}
