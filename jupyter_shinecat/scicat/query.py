"""The one query model, and the text form that people type."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

PAGE_SIZE = 25


class QueryError(ShineCatError):
    """A query text that can't be understood; ``position`` is the 0-based place in it."""

    position: int = 0


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to look for. Every given part must hold; values of one list are alternatives.

    Attributes
    ----------
    text
        Words to find anywhere in the dataset.
    type
        ``raw``, ``derived`` or a facility's own; empty for all.
    groups
        Owner groups.
    keywords, proposals, pids
        Alternatives of each.
    since, until
        ISO 8601 bounds of ``creationTime``.
    inputs
        Datasets derived from any of these PIDs.
    order
        ``field:asc`` or ``field:desc``.
    limit, skip
        Page: number of datasets, and how many before it.
    """

    text: str = ""
    type: str = ""
    groups: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    proposals: tuple[str, ...] = ()
    pids: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    order: str = "creationTime:desc"
    limit: int = PAGE_SIZE
    skip: int = 0

    def fields(self) -> dict[str, Any]:
        """The ``fields`` of SciCat's ``fullquery`` and ``fullfacet``."""
        fields: dict[str, Any] = {}
        if self.text.strip():
            fields["text"] = self.text.strip()
        if self.type:
            fields["type"] = [self.type]
        for name, values in (
            ("ownerGroup", self.groups),
            ("keywords", self.keywords),
            ("proposalId", self.proposals),
            ("pid", self.pids),
            ("inputDatasets", self.inputs),
        ):
            if values:
                fields[name] = list(values)
        if self.since or self.until:
            span = {"begin": self.since or "0001-01-01T00:00:00.000Z", "end": self.until or "9999-12-31T23:59:59.999Z"}
            fields["creationTime"] = span
        return fields

    def limits(self) -> dict[str, Any]:
        """The ``limits`` of SciCat's ``fullquery``."""
        return {"order": self.order, "limit": self.limit, "skip": self.skip}


_TOKEN = re.compile(r'\s*(?:(?P<key>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<open>")|(?P<word>[^\s"]+))')
_LISTS = {"group": "groups", "keyword": "keywords", "proposal": "proposals", "pid": "pids", "input": "inputs"}
_SINGLE = {"type": "type", "since": "since", "until": "until"}


def parse_query(text: str) -> Query:
    """Query of what a person typed: words, ``"phrases"`` and ``key:value`` parts.

    Keys are ``type``, ``group``, ``keyword``, ``proposal``, ``pid``, ``input``, ``since``, ``until``.

    Raises
    ------
    QueryError
        An unknown key or an unclosed quote, with its place.

    >>> parse_query('溶菌酶 type:raw group:GET').fields()
    {'text': '溶菌酶', 'type': ['raw'], 'ownerGroup': ['GET']}
    """
    words: list[str] = []
    parts: dict[str, Any] = {}
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise _at(place, tr("This part of the query can't be read."))
        if match["open"] is not None:
            raise _at(match.start("open"), tr("A quote opens here and is never closed."))
        key, value = match["key"], match["quoted"] if match["quoted"] is not None else match["word"]
        if key is None:
            words.append(f'"{value}"' if match["quoted"] is not None else value)
        elif key.lower() in _LISTS:
            name = _LISTS[key.lower()]
            parts[name] = (*parts.get(name, ()), value)
        elif key.lower() in _SINGLE:
            parts[_SINGLE[key.lower()]] = value
        elif value.startswith("//"):
            words.append(f"{key}:{value}")  # an address, not a key
        else:
            known = ", ".join([*_SINGLE, *_LISTS])
            raise _at(
                match.start("key"), tr("“{key}” is not a part of a query; known are {known}.", key=key, known=known)
            )
        place = match.end()
    return Query(text=" ".join(words), **parts)


def _at(place: int, what: str) -> QueryError:
    error = QueryError(what, do=tr("See position {place}.", place=place + 1))
    error.position = place
    return error
