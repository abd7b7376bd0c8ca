"""The cells that the headless demo runs: an analysis that any HDF5 file with numbers allows."""

from __future__ import annotations

import json

# Larger arrays are looked at in part: the demo shows the circle, not the speed of a disk.
_MOST_VALUES = 4_000_000


def opening(pid: str) -> str:
    """Cell 1: open the dataset."""
    return f"import jupyter_shinecat as sc\nds = sc.open({json.dumps(pid)})\nprint(ds.name)\n"


def choosing() -> str:
    """Cell 2: the largest array of numbers in the file; prints its path."""
    return f"""\
import h5py, numpy as np
file = ds.h5()
found = []
def consider(name, item):
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf" or not item.shape:
        return
    if item.external is None and not item.is_virtual:
        found.append((min(item.size, {_MOST_VALUES}), name))
file.visititems(consider)
path = "/" + max(found)[1]
data = file[path]
rows = max(1, min(len(data), {_MOST_VALUES} * len(data) // max(data.size, 1)))
values = np.asarray(data[:rows], dtype="f8").ravel()
values = values[np.isfinite(values)]
print(path, data.shape, data.dtype)
"""


def deriving(stem: str) -> str:
    """Cell 3: a histogram as an HDF5 file and a figure in the results folder."""
    return f"""\
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
counts, edges = np.histogram(values, bins=64)
target = sc.results({json.dumps(stem + ".h5")})
with h5py.File(target, "w") as out:
    histogram = out.create_dataset("entry/histogram/counts", data=counts)
    histogram.attrs["units"] = "counts"
    out.create_dataset("entry/histogram/edges", data=edges)
    out.create_dataset("entry/mean", data=values.mean() if values.size else 0.0)
    out["entry"].attrs["default"] = "histogram"
figure, axes = plt.subplots(figsize=(5, 3))
axes.stairs(counts, edges, fill=True)
axes.set_title(path)
figure.savefig(sc.results({json.dumps(stem + ".png")}), dpi=100)
plt.close(figure)
print(target)
"""
