"""The index against the truth, read beside a running server."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import tantivy
from tantivy import FieldType, Occur, Query

from jupyter_shinecat.catalog.search import about
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.entry import Entry, build_entry
from jupyter_shinecat.catalog.search.schema import open_index
from jupyter_shinecat.catalog.store.documents import Snapshot

_PAGE = 50_000
_TERMS = 900


class OpenedIndex:
    """The index in ``folder`` as it is at this moment, whatever a server adds to it later.

    Open it before the documents that it is compared with: what is read later is never behind it.
    """

    def __init__(self, folder: Path) -> None:
        self.broken = ""
        try:
            self.index = open_index(folder)
            self.state = about.read_state(self.index)
            self.searcher, self.columns = self.index.searcher(), about.read_columns(self.index)
            self.columns.close()
        except BaseException as error:  # a panic counts as a broken file
            self.broken = f"it can't be opened: {error}"


def index_problems(snapshot: Snapshot, uuid: str, opened: OpenedIndex, *, sample: int | None = 1000) -> Iterator[str]:
    """What an index says that the documents deny; nothing when it is right as far as it goes.

    Every dataset must have one entry, and no entry may be without a dataset. The entries of ``sample`` datasets (None:
    of all) are compared term by term. Changes that the index has yet to take in are no problem: a server does that.
    """
    if opened.broken:
        yield opened.broken
        return
    state = opened.state
    if state is None or state.get("version") != about.current_version() or state.get("uuid") != uuid:
        yield "it belongs to another version or another database"
        return
    change = int(state["change"])
    if change > snapshot.last_change():
        yield "it is ahead of the database"
        return
    try:
        yield from _entries(snapshot, opened, change, sample)
    except BaseException as error:
        yield f"it can't be read: {error}"


def _entries(snapshot: Snapshot, opened: OpenedIndex, change: int, sample: int | None) -> Iterator[str]:
    index, searcher, columns = opened.index, opened.searcher, opened.columns
    found = Counter(_sequences(searcher))
    settled: list[int] = []
    for row in snapshot.scan("dataset"):
        entries = found.pop(row.seq, 0)
        if row.change > change:
            continue
        settled.append(row.seq)
        if entries != 1:
            yield f"dataset {row.id} has {entries} entries"
    gone = {seq for _change, seq in snapshot.deleted_since("dataset", change)}
    strays = [seq for seq in found if seq not in gone]
    if strays:
        yield f"{len(strays)} entries have no dataset"
    # Seeded: two checks of the same data say the same.
    chosen = settled if sample is None or sample >= len(settled) else random.Random(1).sample(settled, sample)  # noqa: S311
    for start in range(0, len(chosen), 500):
        for row in snapshot.rows("dataset", chosen[start : start + 500]).values():
            if not _agrees(index, searcher, build_entry(row.seq, row.doc, columns)):
                yield f"the entry of dataset {row.id} does not agree with it"


def _sequences(searcher: tantivy.Searcher) -> Iterator[int]:
    offset = 0
    while True:
        hits = searcher.search(Query.all_query(), _PAGE, count=False, offset=offset).hits
        values = searcher.fast_field_values("seq", [address for _score, address in hits])
        yield from (int(value) for value in values if value is not None)
        if len(hits) < _PAGE:
            return
        offset += _PAGE


def _agrees(index: tantivy.Index, searcher: tantivy.Searcher, entry: Entry) -> bool:
    schema = index.schema
    parts = [Query.term_query(schema, "key", entry["key"], "basic")]
    for field, value in entry.items():
        if field in ("eq", "words", "pairs", "grams"):
            parts += [_term(schema, field, term) for term in dict.fromkeys(value.split()[:_TERMS])]
        elif field.startswith("f_"):
            parts += [_term(schema, field, text) for text in value[:_TERMS]]
        elif Columns.is_column(field):
            parts += [Query.range_query(schema, field, FieldType.Float, number, number) for number in value[:_TERMS]]
    found = searcher.search(Query.boolean_query([(Occur.Must, part) for part in parts]), 2, count=False).hits
    return len(found) == 1


def _term(schema: tantivy.Schema, field: str, term: str) -> Query:
    return Query.term_query(schema, field, term, "basic")
