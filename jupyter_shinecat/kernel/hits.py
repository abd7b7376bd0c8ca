"""Results of a search."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, overload

import msgspec

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset as Record
from jupyter_shinecat.scicat import Query, QueryError, parse_conditions

from . import session
from .card import columns_of, hits_html, size_text
from .columns import add_columns
from .dataset import Dataset, handle
from .errors import plainly, warn
from .pages import Pages, instruments_named
from .refused import marked

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 25
TABLE_ROWS = 10_000
FACETS = {
    "type": "type",
    "group": "ownerGroup",
    "keywords": "keywords",
    "proposal": "proposalIds",
    "instrument": "instrumentIds",
    "sample": "sampleIds",
    "location": "creationLocation",
}
_ORDERS = {
    "time": "creationTime",
    "name": "datasetName",
    "size": "size",
    "group": "ownerGroup",
    "type": "type",
    "files": "numberOfFiles",
    "created": "createdAt",
    "pid": "pid",
}


class Hits(Sequence[Dataset]):
    """Datasets found; ``hits[0]`` and a loop give handles. Nothing more is fetched than what is looked at.

    Examples
    --------
    >>> hits = sc.search("溶菌酶", type="raw")                       # doctest: +SKIP
    >>> hits.where("photon_energy > 9 keV").sort("size").first()   # doctest: +SKIP
    >>> hits.table("photon_energy [eV]", "detector.name")          # doctest: +SKIP
    """

    def __init__(self, query: Query, limit: int | None = None) -> None:
        self._pages = Pages(query, limit)

    @property
    def query(self) -> Query:
        """What was looked for."""
        return self._pages.query

    # -- narrower ------------------------------------------------------------------------------------------------

    @plainly
    def where(self, conditions: str) -> Hits:
        """Those of them whose metadata fulfil conditions, too.

        Parameters
        ----------
        conditions
            As in ``photon_energy > 9 keV and detector = 'AGIPD'``.

        Raises
        ------
        QueryError
            They can't be understood, or this catalog can't answer them; the error shows the place.
        """
        more = _conditions(conditions)
        query = msgspec.structs.replace(self.query, conditions=(*self.query.conditions, *more))
        return Hits(query, self._pages.limit)

    @plainly
    def sort(self, by: str = "time", *, descending: bool | None = None) -> Hits:
        """The same in another order.

        Parameters
        ----------
        by
            ``time`` (when the data were taken), ``name``, ``size``, ``group``, ``type``, ``files``, ``created`` (when
            it was catalogued) or ``pid``.
        descending
            Largest first; by default for times and sizes.
        """
        if by not in _ORDERS:
            raise QueryError(
                tr("Datasets can't be sorted by “{key}”.", key=by),
                do=tr("Take one of: {known}.", known=", ".join(_ORDERS)),
            )
        down = by in ("time", "size", "files", "created") if descending is None else descending
        query = msgspec.structs.replace(self.query, order=f"{_ORDERS[by]}:{'desc' if down else 'asc'}")
        return Hits(query, self._pages.limit)

    # -- what they are -------------------------------------------------------------------------------------------

    @plainly
    def __len__(self) -> int:
        return len(self._pages)

    @plainly
    def __bool__(self) -> bool:
        return bool(self._pages.page(0))  # not `first`: nothing was read by asking

    @plainly
    def first(self) -> Dataset | None:
        """The first one; None when there is none."""
        found = self._pages.page(0)
        return handle(found[0]) if found else None

    def __iter__(self) -> Iterator[Dataset]:
        walk = self._pages.walk()
        following = plainly(lambda: next(walk, None))
        while (record := following()) is not None:
            yield Dataset(record)  # one that a loop passes by has not been read: it says so itself when it is

    @overload
    def __getitem__(self, index: int) -> Dataset: ...
    @overload
    def __getitem__(self, index: slice) -> list[Dataset]: ...
    @plainly
    def __getitem__(self, index: int | slice) -> Dataset | list[Dataset]:
        if isinstance(index, slice):
            return [handle(self._pages.record(place)) for place in range(*index.indices(len(self)))]
        place = index if index >= 0 else len(self) + index
        if place < 0:
            raise IndexError(tr("There are only {count} hits.", count=len(self)))
        try:
            return handle(self._pages.record(place))
        except IndexError:
            raise IndexError(tr("There are only {count} hits.", count=len(self))) from None

    @plainly
    def facets(self, *names: str) -> dict[str, dict[str, int]]:
        """How often each value occurs among all that fit (the limit apart), most frequent first.

        Parameters
        ----------
        names
            ``type``, ``group``, ``keywords``, ``proposal``, ``instrument``, ``sample``, ``location``; all of them by
            default. A field that the search itself narrows is counted as if it did not.
        """
        wanted = names or tuple(FACETS)
        for name in wanted:
            if name not in FACETS:
                raise QueryError(
                    tr("Datasets can't be counted by “{key}”.", key=name),
                    do=tr("Take one of: {known}.", known=", ".join(FACETS)),
                )
        _, counted = self._pages.counts([FACETS[name] for name in wanted])
        return {
            name: dict(sorted(counted[FACETS[name]].items(), key=lambda item: (-item[1], item[0]))) for name in wanted
        }

    @plainly
    def table(self, *columns: str, rows: int = TABLE_ROWS) -> pd.DataFrame:
        """The hits as a data frame.

        Parameters
        ----------
        columns
            Metadata to show beside the usual ones: keys, nested ones with dots, with the unit to convert to in brackets
            if wanted (``"photon_energy [eV]"``).
        rows
            At most so many.

        Warns
        -----
        UserWarning
            There are more hits than rows.
        """
        import pandas as pd

        records: list[Record] = []
        for record in self._pages.walk():
            if len(records) >= rows:
                warn(
                    tr(
                        "The table shows the first {rows} of {count}; table(rows=...) shows more.",
                        rows=rows,
                        count=len(self),
                    )
                )
                break
            records.append(record)
        times = pd.Series([record.creation_time for record in records], dtype=object)
        frame = pd.DataFrame(
            {
                "pid": [record.pid for record in records],
                "name": [record.name for record in records],
                "type": [record.type for record in records],
                "owner_group": [record.owner_group for record in records],
                "time": pd.to_datetime(times, utc=True),
                "size": [record.size_bytes for record in records],
                "files": [record.number_of_files for record in records],
                "keywords": [", ".join(record.keywords) for record in records],
            }
        )
        return add_columns(frame, [record.metadata for record in records], columns)

    # -- how they show themselves --------------------------------------------------------------------------------

    @plainly
    def __repr__(self) -> str:
        columns, rows = self._shown()
        lines = [[printable(cell[:48]) for cell in line] for line in (columns, *rows)]
        widths = [max(map(columns_of, cells)) for cells in zip(*lines, strict=True)]
        text = "\n".join(
            "  ".join(cell + " " * (wide - columns_of(cell)) for cell, wide in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return f"{text}\n{self._note()}" if rows else self._note()

    @plainly
    def _repr_html_(self) -> str:
        columns, rows = self._shown()
        return hits_html(columns, rows, self._note())

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        columns = ["", tr("Name"), tr("Type"), tr("Owner group"), tr("Taken"), tr("Size"), tr("PID")]
        rows = []
        for number, record in enumerate(self._pages.page(0)[:ROWS_SHOWN]):
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
        count, total = len(self), self._pages.total
        if not count:
            return tr("No dataset that you may read fits.")
        if count < total:
            return tr("The first {count} of {total}; without limit= you get them all.", count=count, total=total)
        if count > ROWS_SHOWN:
            return tr(
                "{count} found, the first {shown} are shown; a loop goes through all.", count=count, shown=ROWS_SHOWN
            )
        return tr("{count} found; hits[0] opens the first.", count=count)


def find(
    text: str | None = "",
    *,
    where: str | None = "",
    type: str | None = "",
    group: str | Sequence[str] = (),
    keywords: str | Sequence[str] = (),
    proposal: str | int | Sequence[str | int] = (),
    instrument: str | Sequence[str] = (),
    sample: str | Sequence[str] = (),
    since: str | date = "",
    until: str | date = "",
    limit: int | None = None,
) -> Hits:
    """See `jupyter_shinecat.search`."""
    try:
        limit = None if limit is None else operator.index(limit)
    except TypeError:
        limit = 0
    if limit is not None and limit < 1:
        raise ValueError(tr("limit is a number of datasets, at least 1."))
    from .finding import _spellings

    instruments = _listed(instrument)
    if instruments:
        instruments = session.ask(lambda catalog: instruments_named(catalog, instruments))
    query = Query(
        text=str(text or ""),
        type=str(type or ""),
        groups=_listed(group),
        keywords=_listed(keywords),
        proposals=tuple(form for one in _listed(proposal) for form in _spellings(one)),
        instruments=instruments,
        samples=_listed(sample),
        conditions=_conditions(where or ""),
        since=_moment(since, "since"),
        until=_moment(until, "until"),
    )
    return begun(Hits(query, limit), where or "")


def begun(hits: Hits, typed: str) -> Hits:
    """Hits whose first page is there: what is wrong with the search, or with the sign-in, is said here."""
    try:
        hits._pages.page(0)
    except QueryError as error:
        raise pointed(typed, error) from None
    return hits


def _conditions(text: str) -> Any:
    try:
        return parse_conditions(text)
    except QueryError as error:
        raise pointed(text, error) from None


def pointed(text: str, error: QueryError) -> QueryError:
    """The error with the text and a mark below the place; as it is where it has one already."""
    if error.do.endswith("^"):
        return error
    start = max(0, error.position - 60)
    line = text[start : error.position + 60].replace("\n", " ")
    shown = QueryError(error.what, left="", do=error.do + marked(line, error.position - start))
    shown.position = error.position
    return shown


def _moment(given: str | date, name: str) -> str:
    """A bound in SciCat's form; a day is meant whole."""
    if given is None or given == "":
        return ""
    if not isinstance(given, (date, str)):
        given = str(given)  # numpy's dates write themselves so
    if isinstance(given, str):
        given = given.strip()
        try:
            moment: date = date.fromisoformat(given) if len(given) <= 10 else datetime.fromisoformat(given)
        except ValueError:
            raise QueryError(
                tr("{name} is not a date: {text}.", name=name, text=given),
                do=tr("Write it as 2026-09-30 or 2026-09-30T12:00."),
            ) from None
    else:
        moment = given
    if isinstance(moment, datetime):
        return moment.isoformat() + ("Z" if moment.tzinfo is None else "")
    return f"{moment.isoformat()}T{'00:00:00.000' if name == 'since' else '23:59:59.999'}Z"


def _listed(given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = (given,)
    return tuple(str(one) for one in given if one is not None and str(one))
