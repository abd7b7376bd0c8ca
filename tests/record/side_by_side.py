"""Runs the calls of ``side_by_side.txt`` in an IPython, with the record on or off, and prints all that can be seen.

``python side_by_side.py MODE FOLDER``: in ``early`` mode the record begins before the libraries are imported, in
``late`` after; in ``off`` there is none, in ``over`` it has ended again.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

IMPORTS = """
import abc, concurrent.futures, concurrent.futures.process, copy, functools, importlib, inspect, io, multiprocessing
import multiprocessing.pool, os, pathlib, pickle, pydoc, shutil, sqlite3, subprocess, sys, threading, types, warnings
import h5py, joblib, netCDF4 as nc, numpy as np, pandas as pd, pyarrow as pa, tables, xarray as xr, zarr
import pyarrow.csv as pc, pyarrow.dataset as ds, pyarrow.feather as fe, pyarrow.fs as fs, pyarrow.ipc
import pyarrow.json as pj, pyarrow.orc as orc, pyarrow.parquet as pq
import matplotlib; matplotlib.use("Agg")
import PIL.Image
class Early(nc.Dataset): pass
class EarlyFile(h5py.File): pass
class EarlyOS(pa.OSFile): pass
class EarlyT(tables.File): pass
class Odd:
    asked = 0
    def __init__(self, path): self.path = path
    def __fspath__(self): Odd.asked += 1; return self.path
    def __str__(self): Odd.asked += 100; return "odd"
    def __repr__(self): Odd.asked += 100; return "odd"
    def __bool__(self): Odd.asked += 1000; return True
    def __eq__(self, other): Odd.asked += 10000; return NotImplemented
    __hash__ = object.__hash__
"""


def main(mode: str, folder: Path) -> None:
    """Run them all."""
    (folder / "results").mkdir(parents=True)
    os.chdir(folder)
    os.environ |= {"SHINECAT_STATE": f"{folder}/state", "SHINECAT_RESULTS": f"{folder}/results"}
    os.environ["IPYTHONDIR"] = f"{folder}/ipython"
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.showtraceback = lambda *args, **kwargs: None
    from jupyter_shinecat import record

    if mode == "early":
        record.on(shell)
    shell.ex(IMPORTS)
    if mode in ("late", "over"):
        record.on(shell)
    if mode == "over":
        record.off()
    shell.user_ns["folder"] = str(folder)
    calls = Path(__file__).with_suffix(".txt").read_text().split("\n#--\n")
    print(json.dumps([_look(shell, call, str(folder)) for call in calls]), file=sys.__stdout__)


def _look(shell: Any, call: str, folder: str) -> dict[str, Any]:
    def plain(value: object) -> str:
        """Without what is another in each process."""
        text = re.sub(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", "ID", str(value))
        return re.sub(r"0x[0-9a-f]+|\b\d{9,}\b|[cm]?time=[^,)]*", "N", text.replace(folder, "FOLDER"))

    def show(message: Any, category: type, filename: str, lineno: int, *rest: object) -> None:
        warned.append([category.__name__, plain(message), plain(filename), lineno])

    warned: list[Any] = []
    out, err = io.StringIO(), io.StringIO()
    shell.user_ns["value"] = None
    shell.user_ns["Odd"].asked = 0
    with warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        result = shell.run_cell(call, store_history=True)
    value = shell.user_ns["value"]
    error, raised = result.error_in_exec or result.error_before_exec, []
    while error is not None:
        frames = [(plain(one.filename), one.lineno, one.name) for one in traceback.extract_tb(error.__traceback__)]
        raised.append([type(error).__name__, plain(error), frames])
        error = error.__cause__ or error.__context__
    asked = shell.user_ns["Odd"].asked
    seen = {"value": plain(repr(value)), "type": repr(type(value)), "raised": raised, "warned": warned, "asked": asked}
    return {"call": call, **seen, "out": plain(out.getvalue()), "err": plain(err.getvalue())}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
