"""Several datasets at once, and one array over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .card import hits_html, size_text
from .dataset import Dataset
from .errors import file_problem, plainly
from .stack import Stack

if TYPE_CHECKING:
    import pandas as pd


class Datasets(Sequence[Dataset]):
    """Handles in the order in which they were asked for.

    Examples
    --------
    >>> runs = sc.open(["20.500.12269/4f1c", "20.500.12269/4f1d"])   # doctest: +SKIP
    >>> frames = runs["/entry/data/data"]                            # doctest: +SKIP
    >>> frames.shape                                                 # doctest: +SKIP
    (2, 1000, 512, 512)
    >>> frames[:, 0].mean(axis=0)                                    # doctest: +SKIP
    """

    def __init__(self, handles: Sequence[Dataset]) -> None:
        self._handles = list(handles)

    def __len__(self) -> int:
        return len(self._handles)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._handles)

    @overload
    def __getitem__(self, index: int) -> Dataset: ...
    @overload
    def __getitem__(self, index: slice) -> Datasets: ...
    @overload
    def __getitem__(self, index: str) -> Stack: ...
    def __getitem__(self, index: int | slice | str) -> Dataset | Datasets | Stack:
        if isinstance(index, str):
            return self.stack(index)
        if isinstance(index, slice):
            return Datasets(self._handles[index])
        return self._handles[index]

    @plainly
    def stack(self, path: str | None = None, file: str | None = None) -> Stack:
        """One array of all datasets, the datasets along its first axis; data are read when it is indexed.

        Parameters
        ----------
        path
            Of the array in each HDF5 file; without it each file's default signal.
        file
            Path as in ``.files``, or the end of one; not needed where each dataset has one HDF5 file only.

        Raises
        ------
        FileProblem
            There is no dataset, or the first has no such array.
        """
        if not self._handles:
            raise file_problem("empty", tr("There is no dataset to stack."))
        return Stack(self._handles, path, file)

    def table(self) -> pd.DataFrame:
        """The datasets as a data frame."""
        import pandas as pd

        records = [one._record for one in self._handles]
        return pd.DataFrame(
            {
                "pid": [record.pid for record in records],
                "name": [record.name for record in records],
                "type": [record.type for record in records],
                "owner_group": [record.owner_group for record in records],
                "time": pd.to_datetime(pd.Series([r.creation_time for r in records], dtype=object), utc=True),
                "size": [record.size_bytes for record in records],
                "files": [record.number_of_files for record in records],
            }
        )

    def _ipython_key_completions_(self) -> list[str]:
        return self._handles[0]._ipython_key_completions_() if self._handles else []

    def __repr__(self) -> str:
        lines = [printable(f"{number}  {one.name}  {one.pid}") for number, one in enumerate(self._handles[:100])]
        return "\n".join([*lines, self._note()])

    def _repr_html_(self) -> str:
        columns = ["", tr("Name"), tr("Type"), tr("Owner group"), tr("Size"), tr("PID")]
        rows = [
            [str(number), one.name, one.type, one.owner_group, size_text(one._record.size_bytes), one.pid]
            for number, one in enumerate(self._handles[:100])
        ]
        return hits_html(columns, rows, self._note())

    def _note(self) -> str:
        return tr("{count} datasets.", count=len(self))
