"""One array over many datasets, read only where it is indexed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .errors import file_problem, plainly

if TYPE_CHECKING:
    from .dataset import Dataset


class Stack:
    """The same array of several datasets, stacked along a new first axis.

    Indexing as with numpy: the first index chooses datasets, the others go to each file's array. Files are opened one
    after another while data are read and closed again, so any number can be stacked. ``dask.array.from_array(stack)``
    and ``numpy.asarray(stack)`` work.

    Parameters
    ----------
    handles
        The datasets, at least one.
    path, file
        As for `Dataset.array`.
    """

    def __init__(self, handles: Sequence[Dataset], path: str | None, file: str | None) -> None:
        self._handles = list(handles)
        self._path = path
        self._file = file
        with self._handles[0].h5(file) as opened:
            first = _array(opened, path, self._handles[0])
            self._one = tuple(first.shape)
            self.dtype = first.dtype
            self.chunks = (1, *(first.chunks or self._one))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of datasets, then the shape of the array in each."""
        return (len(self._handles), *self._one)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    def __len__(self) -> int:
        return len(self._handles)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        return tr(
            "{path} of {count} datasets: shape {shape}, {dtype}; read when indexed",
            path=printable(self._path or tr("signal")),
            count=len(self),
            shape=self.shape,
            dtype=self.dtype,
        )

    @plainly
    def __getitem__(self, index: Any) -> Any:
        """Data as a numpy array.

        Raises
        ------
        FileProblem
            A file can't be opened, or its array has another shape than the first one's.
        """
        import numpy as np

        first, inner = self._split(index)
        chosen = np.arange(len(self))[first]
        if chosen.ndim == 0:
            return self._read(int(chosen), inner)
        parts = [self._read(int(number), inner) for number in chosen]
        if parts:
            return np.stack(parts)
        return np.empty((0, *np.empty(self._one, dtype="V0")[inner].shape), dtype=self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        return np.asarray(self[...], dtype=dtype)

    def _split(self, index: Any) -> tuple[Any, tuple[Any, ...]]:
        """The index of datasets, and the one that goes to each."""
        parts = index if isinstance(index, tuple) else (index,)
        if any(part is None for part in parts):
            raise IndexError(tr("A new axis can only be put into what was read: frames[:][None]."))
        if any(part is Ellipsis for part in parts):
            at = next(number for number, part in enumerate(parts) if part is Ellipsis)
            missing = self.ndim - (len(parts) - 1)
            parts = (*parts[:at], *([slice(None)] * missing), *parts[at + 1 :])
        if len(parts) > self.ndim:
            raise IndexError(tr("This array has {count} axes.", count=self.ndim))
        return (parts[0] if parts else slice(None)), tuple(parts[1:])

    def _read(self, number: int, inner: tuple[Any, ...]) -> Any:
        handle = self._handles[number]
        with handle.h5(self._file) as opened:
            array = _array(opened, self._path, handle)
            if tuple(array.shape) != self._one:
                raise file_problem(
                    "format",
                    tr(
                        "{path} of {name} has the shape {shape}, that of {first} has {other}: they can't be stacked.",
                        path=array.name,
                        name=handle.name,
                        shape=tuple(array.shape),
                        first=self._handles[0].name,
                        other=self._one,
                    ),
                    tr("Take the datasets one by one: [ds[path] for ds in datasets]."),
                )
            return array[inner] if inner else array[()]


def _array(opened: Any, path: str | None, handle: Dataset) -> Any:
    from .arrays import find_array

    return find_array(opened, path, handle.name)
