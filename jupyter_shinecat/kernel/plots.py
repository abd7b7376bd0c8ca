"""A quick look with matplotlib: a NeXus signal over its axes, else a histogram or an image."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.locale import tr

from .arrays import find_array
from .errors import file_problem
from .nexus import Axis, axes_of, errors_of, label_of, signal_of

_POINTS = 200_000
_PIXELS = 1500


def draw(file: Any, path: str | None, name: str, ax: Any) -> Any:
    """Draw an array; see `Dataset.plot`."""
    array = find_array(file, path, name)
    if array.dtype.kind not in "biuf" or array.ndim == 0 or array.size == 0:
        raise file_problem(
            "format",
            tr("{path} of {name} can't be drawn: shape {shape}, {dtype}.",
               path=array.name, name=name, shape=array.shape, dtype=array.dtype),
            tr("Name another array: ds.plot(path=...); ds.table() gives tables."),
        )  # fmt: skip
    ax = ax if ax is not None else _new_axes(name)
    group = array.parent
    signal = signal_of(group)
    nexus = signal is not None and signal.name == array.name
    axes = axes_of(group, array) if nexus else [Axis() for _ in array.shape]
    title = name
    if array.ndim == 1 and nexus:
        _line(ax, group, array, axes[0])
    elif array.ndim == 1:
        ax.hist(array[:: _step(array.shape[0], _POINTS * 10)].astype(float), bins="auto" if array.size < 5000 else 200)
        ax.set_xlabel(label_of(array))
        ax.set_ylabel(tr("count"))
    else:
        place = (0,) * (array.ndim - 2)
        _image(ax, array, place, axes[-2:])
        if place:
            title += " " + tr("(image 0 of {count})", count=array.size // (array.shape[-1] * array.shape[-2] or 1))
    # Names come from a catalog: a "$" would be read as mathematics.
    ax.set_title(title.replace("$", r"\$"))
    return ax


def _new_axes(name: str) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise file_problem(
            "format",
            tr("Drawing {name} needs matplotlib, which is not installed here.", name=name),
            tr("Install it: pip install matplotlib."),
        ) from None
    return pyplot.subplots()[1]


def _step(length: int, wanted: int) -> int:
    return max(1, -(-length // wanted))


def _line(ax: Any, group: Any, array: Any, axis: Axis) -> None:
    step = _step(array.shape[0], _POINTS)
    values = array[::step]
    where = axis.values
    errors = errors_of(group, array)
    if where is not None and len(where) == array.shape[0] + 1 and step == 1:
        ax.stairs(values, where)
        where = (where[:-1] + where[1:]) / 2
        if errors is not None:
            ax.errorbar(where, values, yerr=errors[()], fmt="none", alpha=0.5)
    else:
        places = (where[: array.shape[0]] if where is not None else range(array.shape[0]))[::step]
        if errors is not None:
            ax.errorbar(places, values, yerr=errors[::step], ecolor="0.7")
        else:
            ax.plot(places, values)
    ax.set_xlabel(axis.label)
    ax.set_ylabel(label_of(array))


def _image(ax: Any, array: Any, place: tuple[int, ...], axes: list[Axis]) -> None:
    import numpy as np

    steps = [_step(length, _PIXELS) for length in array.shape[-2:]]
    shown = np.asarray(array[(*place, slice(None, None, steps[0]), slice(None, None, steps[1]))], dtype=float)
    finite = shown[np.isfinite(shown)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    limits = {"vmin": low, "vmax": high} if high > low else {}
    rows, columns = (
        _places(axis, length, step) for axis, length, step in zip(axes, array.shape[-2:], steps, strict=True)
    )
    if rows is None and columns is None:
        extent = (-0.5, array.shape[-1] - 0.5, array.shape[-2] - 0.5, -0.5)
        drawn = ax.imshow(shown, aspect="auto", extent=extent, interpolation="nearest", **limits)
    else:
        rows = np.arange(shown.shape[0]) * steps[0] if rows is None else rows
        columns = np.arange(shown.shape[1]) * steps[1] if columns is None else columns
        drawn = ax.pcolormesh(columns, rows, shown, shading="nearest", **limits)
    ax.figure.colorbar(drawn, ax=ax, label=label_of(array))
    ax.set_xlabel(axes[1].label)
    ax.set_ylabel(axes[0].label)


def _places(axis: Axis, length: int, step: int) -> Any:
    """Centres of the pixels shown; None where the file gives no axis."""
    if axis.values is None:
        return None
    values = axis.values
    return ((values[:-1] + values[1:]) / 2 if len(values) == length + 1 else values)[::step]
