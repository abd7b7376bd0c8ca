"""Names of a dataset's files, as a search text finds them: they stand in its origdatablocks, not in the dataset."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.store.documents import Doc, Snapshot

from .condition import And, Condition, Element, Not, Or, Text
from .similar import Similar

# A field that no dataset can have: only here, and in what the index makes of it.
FILES = "\x00files"
MAX_NAMES_TEXT = 200_000


def with_files(snapshot: Snapshot, doc: Doc) -> Doc:
    """A dataset with the names of its files.

    Files of a block that fewer people may see than the dataset are left out: a search must not tell of them. Names
    beyond 200,000 characters are not found.
    """
    names: list[str] = []
    room = MAX_NAMES_TEXT
    for id in sorted(snapshot.linked("origdatablock", "dataset", str(doc.get("pid")))):
        block = snapshot.get("origdatablock", id)
        if block is None or not _as_open(block, doc):
            continue
        for file in block.get("dataFileList") or ():
            path = file.get("path")
            if isinstance(path, str):
                room -= len(path) + 1
                if room < 0:
                    return {**doc, FILES: names}
                names.append(path)
    return {**doc, FILES: names} if names else doc


def _as_open(block: Doc, dataset: Doc) -> bool:
    """Whether everyone who sees the dataset sees the block."""
    readers = {dataset.get("ownerGroup"), *(dataset.get("accessGroups") or ())}
    published = bool(block.get("isPublished")) or not dataset.get("isPublished")
    return published and readers <= {block.get("ownerGroup"), *(block.get("accessGroups") or ())}


class Judge:
    """Judges datasets by one condition, with the names of their files where it asks for a text.

    Parameters
    ----------
    where
        The condition.
    """

    def __init__(self, where: Condition) -> None:
        self._where = where
        self._asks = _asks_text(where)
        self._turned = self._asks and _turns(where)

    def __call__(self, snapshot: Snapshot, doc: Doc) -> bool:
        """Whether ``doc`` fulfils the condition."""
        where = self._where
        if not self._asks:
            return where.matches(doc)
        # More text fulfils more, but for what is turned round: most datasets are judged without their files.
        if not self._turned and where.matches(doc):
            return True
        whole = with_files(snapshot, doc)
        return where.matches(whole) if whole is not doc or self._turned else False


def _parts(where: Condition) -> tuple[Any, ...]:
    if isinstance(where, (And, Or)):
        return where.parts
    return (where.part,) if isinstance(where, (Not, Element)) else ()


def _asks_text(where: Condition) -> bool:
    return isinstance(where, (Text, Similar)) or any(map(_asks_text, _parts(where)))


def _turns(where: Condition) -> bool:
    """Whether a text is asked for under a ``Not``."""
    return (isinstance(where, Not) and _asks_text(where)) or any(map(_turns, _parts(where)))
