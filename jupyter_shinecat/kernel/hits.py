"""Results of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset as Record
from jupyter_shinecat.scicat import Query

from . import session
from .card import hits_html, size_text
from .dataset import Dataset, handle

if TYPE_CHECKING:
    import pandas as pd


class Hits(Sequence[Dataset]):
    """Datasets found; ``hits[0]`` and a loop give handles."""

    def __init__(self, records: Sequence[Record], limit: int) -> None:
        self._records = list(records)
        self._limit = limit

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Dataset: ...
    @overload
    def __getitem__(self, index: slice) -> Hits: ...
    def __getitem__(self, index: int | slice) -> Dataset | Hits:
        if isinstance(index, slice):
            return Hits(self._records[index], self._limit)
        return handle(self._records[index])

    def table(self) -> pd.DataFrame:
        """The hits as a data frame."""
        import pandas as pd

        return pd.DataFrame(
            {
                "pid": [record.pid for record in self._records],
                "name": [record.name for record in self._records],
                "type": [record.type for record in self._records],
                "owner_group": [record.owner_group for record in self._records],
                "time": pd.to_datetime(
                    pd.Series([record.creation_time for record in self._records], dtype=object), utc=True
                ),
                "size": [record.size_bytes for record in self._records],
                "files": [record.number_of_files for record in self._records],
                "keywords": [", ".join(record.keywords) for record in self._records],
            }
        )

    def __repr__(self) -> str:
        columns, rows = self._shown()
        widths = [max([len(column), *(min(len(row[i]), 48) for row in rows)]) for i, column in enumerate(columns)]
        lines = [columns, *rows]
        text = "\n".join(
            "  ".join(f"{cell[:48]:<{widths[i]}}" for i, cell in enumerate(line)).rstrip() for line in lines
        )
        return f"{text}\n{self._note()}" if rows else self._note()

    def _repr_html_(self) -> str:
        columns, rows = self._shown()
        return hits_html(columns, rows, self._note())

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        columns = ["", tr("Name"), tr("Type"), tr("Owner group"), tr("Taken"), tr("Size"), tr("PID")]
        rows = []
        for number, record in enumerate(self._records[:100]):
            taken = record.creation_time
            rows.append(
                [
                    str(number),
                    record.name,
                    record.type,
                    record.owner_group,
                    taken.strftime("%Y-%m-%d %H:%M") if taken else "",
                    size_text(record.size_bytes),
                    record.pid,
                ]
            )
        return columns, rows

    def _note(self) -> str:
        if not self._records:
            return tr("No dataset that you may read fits.")
        if len(self._records) >= self._limit:
            return tr(
                "The first {count}; there may be more: sc.search(..., limit={more}).",
                count=len(self),
                more=self._limit * 4,
            )
        return tr("{count} found; hits[0] opens the first.", count=len(self))


def find(
    text: str,
    *,
    type: str,
    groups: str | Sequence[str],
    keywords: str | Sequence[str],
    since: str,
    until: str,
    limit: int,
) -> Hits:
    """See `jupyter_shinecat.search`."""
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(tr("limit is a number of datasets, at least 1."))
    query = Query(
        text=text, type=type, groups=_listed(groups), keywords=_listed(keywords), since=since, until=until, limit=limit
    )
    return Hits(session.ask(lambda catalog: catalog.search(query)), limit)


def _listed(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) and given else tuple(given or ())
