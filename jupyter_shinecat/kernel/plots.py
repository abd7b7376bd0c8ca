"""A quick look with matplotlib: a NeXus signal over its axes, else a histogram or an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .arrays import find_array
from .errors import file_problem
from .nexus import Axis, axes_of, errors_of, label_of, signal_of

if TYPE_CHECKING:
    import pandas as pd

    from .images import Image

_POINTS = 200_000
_PIXELS = 1500
_CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Heiti SC"),
    *("Noto Serif CJK SC", "Noto Serif CJK JP", "AR PL UMing CN"),
)


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
        ax.set_xlabel(_plain(label_of(array)))
        ax.set_ylabel(tr("count"))
    else:
        place = (0,) * (array.ndim - 2)
        _image(ax, array, place, axes[-2:])
        if place:
            title += " " + tr("(image 0 of {count})", count=array.size // (array.shape[-1] * array.shape[-2] or 1))
    _entitle(ax, title)
    return ax


def draw_picture(image: Image, ax: Any) -> Any:
    """Draw a picture."""
    ax = ax if ax is not None else _new_axes(image.title)
    _image(ax, _Plain(image.array), (), [Axis(), Axis()])
    _entitle(ax, image.title)
    return ax


def draw_table(frame: pd.DataFrame, name: str, ax: Any) -> Any:
    """Draw the columns of numbers of a table: over the first one where that rises or falls all the way.

    Raises
    ------
    FileProblem
        It has none.
    """
    numbers = frame.select_dtypes("number")
    if numbers.empty:
        raise file_problem("format", tr("{name} has no column of numbers.", name=name))
    ax = ax if ax is not None else _new_axes(name)
    first = numbers.iloc[:, 0]
    if numbers.shape[1] > 1 and (first.is_monotonic_increasing or first.is_monotonic_decreasing):
        numbers = numbers.set_index(numbers.columns[0])
    step = _step(len(numbers), _POINTS)
    for column in numbers.columns:
        ax.plot(numbers.index[::step], numbers[column].to_numpy()[::step], label=_plain(str(column)))
    ax.set_xlabel(_plain(str(numbers.index.name or "")))
    if numbers.shape[1] == 1:
        ax.set_ylabel(_plain(str(numbers.columns[0])))
    else:
        ax.legend()
    _entitle(ax, name)
    return ax


class _Plain:
    """A numpy array where one of a file is drawn, too."""

    name = ""
    attrs: ClassVar[dict[str, Any]] = {}

    def __init__(self, values: Any) -> None:
        self._values = values
        self.shape = values.shape

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]


def _plain(label: str) -> str:
    """Names come from a catalog and from files: a "$" would be read as mathematics."""
    return printable(label).replace("$", r"\$")


def _entitle(ax: Any, title: str) -> None:
    ax.set_title(_plain(title))
    legend = ax.get_legend()
    shown = (ax.title, ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend is not None else ()))
    foreign = [text for text in shown if not text.get_text().isascii()]
    if foreign:
        family = _families()
        for text in foreign:
            text.set_fontfamily(family)


def _families() -> list[str]:
    """matplotlib's own fonts, and behind them one that has Chinese signs, where the machine has one."""
    from matplotlib import font_manager, rcParams

    installed = {font.name for font in font_manager.fontManager.ttflist}
    usual = [name for name in rcParams["font.sans-serif"] if name in installed][:1] or ["DejaVu Sans"]
    return usual + [name for name in _CHINESE if name in installed][:1]


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
            ax.errorbar(where, values, yerr=abs(errors[()]), fmt="none", alpha=0.5)
    else:
        places = (where[: array.shape[0]] if where is not None else range(array.shape[0]))[::step]
        if errors is not None:
            ax.errorbar(places, values, yerr=abs(errors[::step]), ecolor="0.7")
        else:
            ax.plot(places, values)
    ax.set_xlabel(_plain(axis.label))
    ax.set_ylabel(_plain(label_of(array)))


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
    ax.figure.colorbar(drawn, ax=ax, label=_plain(label_of(array)))
    ax.set_xlabel(_plain(axes[1].label))
    ax.set_ylabel(_plain(axes[0].label))


def _places(axis: Axis, length: int, step: int) -> Any:
    """Centres of the pixels shown; None where the file gives no axis."""
    if axis.values is None:
        return None
    values = axis.values
    if not all(value - value == 0 for value in (values.min(), values.max())):  # a gap in them has no place in an image
        return None
    return ((values[:-1] + values[1:]) / 2 if len(values) == length + 1 else values)[::step]
