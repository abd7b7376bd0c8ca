"""What an index says of itself: how far it came, of which database it is, which columns it has."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import msgspec
import tantivy
from tantivy import Occur, Query

from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.schema import VERSION

_ANY = "note"
_STATE, _COLUMNS = "state", "columns"
NUMBER_OF_NOTES = 2


def current_version() -> str:
    """What an index made now would say of itself: our version of entries, and the engine's."""
    return f"{VERSION}/{metadata.version('tantivy')}"


def no_note(schema: tantivy.Schema) -> tuple[Occur, Query]:
    """Part of every query: notes are no datasets."""
    return Occur.MustNot, Query.term_query(schema, "note", _ANY, "basic")


def write_state(writer: tantivy.IndexWriter, uuid: str, change: int) -> None:
    """Note how far the index came."""
    _write(writer, _STATE, {"uuid": uuid, "change": change, "version": current_version()})


def write_columns(writer: tantivy.IndexWriter, columns: Columns) -> None:
    """Note the columns."""
    _write(writer, _COLUMNS, columns.as_json())


def read_state(index: tantivy.Index) -> dict[str, Any] | None:
    """``uuid``, ``change`` and ``version`` of an index; None when it says nothing."""
    index.reload()
    state: dict[str, Any] | None = _read(index, _STATE)
    return state


def read_columns(index: tantivy.Index) -> Columns:
    """The columns of an index."""
    found = _read(index, _COLUMNS) or {}
    return Columns({path: (int(number), str(group)) for path, (number, group) in found.items()})


def _write(writer: tantivy.IndexWriter, name: str, value: Any) -> None:
    writer.delete_documents_by_term("note", name)
    entry = tantivy.Document()
    entry.add_text("note", _ANY)
    entry.add_text("note", name)
    entry.add_bytes("note_body", msgspec.json.encode(value))
    writer.add_document(entry)


def _read(index: tantivy.Index, name: str) -> Any:
    searcher = index.searcher()
    found = searcher.search(Query.term_query(index.schema, "note", name, "basic"), 2).hits
    if len(found) != 1:
        return None
    return msgspec.json.decode(bytes(searcher.doc(found[0][1])["note_body"][0]))
