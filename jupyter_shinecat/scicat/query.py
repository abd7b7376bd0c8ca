"""The one query model, and the text form that people type."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import msgspec

from jupyter_shinecat.locale import tr

from .conditions import Condition, QueryError, parse_conditions, query_error

PAGE_SIZE = 25


__all__ = ["PAGE_SIZE", "Query", "QueryError", "parse_query"]


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
    keywords, proposals, samples, pids
        Alternatives of each.
    runs
        Run numbers, in the dataset's own field or its metadata.
    instruments
        Identifiers, or the last part of the place where data are taken (``AMO`` of ``/SHINE/AMO``).
    since, until
        ISO 8601 bounds of ``creationTime``.
    inputs
        Datasets derived from any of these PIDs.
    conditions
        On scientific metadata; all of them must hold.
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
    runs: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    pids: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
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
            ("proposalIds", self.proposals),
            ("sampleIds", self.samples),
            ("pid", self.pids),
            ("inputDatasets", self.inputs),
        ):
            if values:
                fields[name] = list(values)
        if self.since or self.until:
            span = {"begin": self.since or "1000-01-01T00:00:00.000Z", "end": self.until or "9999-12-31T23:59:59.999Z"}
            fields["creationTime"] = span
        either: list[dict[str, Any]] = []
        if self.runs:
            either.append({"$or": [{"runNumber": {"$in": _numbers(self.runs)}}, *_runs_in_metadata(self.runs)]})
        if self.instruments:
            # Many datasets name their instrument only as the place where they were taken, /facility/instrument.
            names = "|".join(re.escape(name) for name in self.instruments)
            either.append(
                {
                    "$or": [
                        {"instrumentIds": {"$in": list(self.instruments)}},
                        {"creationLocation": {"$regex": f"(^|[/ ])({names})$"}},
                    ]
                }
            )
        if either:
            fields["mode"] = either[0] if len(either) == 1 else {"$and": either}
        if self.conditions:
            fields["scientific"] = [condition.to_scicat() for condition in self.conditions]
        return fields

    def check(self, features: Collection[str]) -> None:
        """Refuse conditions that a server would answer wrongly, where it does not say so itself.

        A real SciCat finds nothing under nested keys and by ``contains``, and of several conditions on one key, or
        several without units, it takes only the last.

        Parameters
        ----------
        features
            `Health.features` of the server.

        Raises
        ------
        QueryError
            With the place of the condition, as far as it was parsed from a text.
        """
        if "nested-conditions" in features:
            return
        keys: set[str] = set()
        unitless = 0
        for condition in self.conditions:
            unitless += not condition.unit and condition.relation not in ("EQUAL_TO_NUMERIC", "RANGE")
            if condition.nested:
                what = tr("This catalog can't search in nested keys such as {key}.", key=condition.key)
                do = tr("Search by a key of the first level, or by words, and look at the metadata of what is found.")
            elif condition.relation == "CONTAINS_STRING":
                what = tr("This catalog can't search for a part of a metadata value.")
                do = tr("Give the whole value with =, or search by words.")
            elif condition.key in keys:
                what = tr(
                    "This catalog takes one condition on each key only; there is a second one on {key}.",
                    key=condition.key,
                )
                do = tr("Write a range as: 8 keV < {key} < 10 keV.", key=condition.key)
            elif unitless > 1:
                what = tr("This catalog takes only one condition on texts or on numbers without a unit.")
                do = tr("Give the numbers their unit, or leave one condition out.")
            else:
                keys.add(condition.key)
                continue
            raise query_error(condition.position, what, do)

    def limits(self) -> dict[str, Any]:
        """The ``limits`` of SciCat's ``fullquery``."""
        return {"order": self.order, "limit": self.limit, "skip": self.skip}


_RUN_KEYS = ("run", "run_number", "runNumber")
# The same keys as people write them in Chinese; their colon may be the wide one.
_CHINESE = {
    "课题": "proposal", "提案": "proposal", "课题号": "proposal", "提案号": "proposal", "运行": "run", "运行号": "run",
    "轮次": "run", "类型": "type", "组": "group", "关键词": "keyword", "仪器": "instrument", "样品": "sample",
}  # fmt: skip
_KEY = rf"(?P<key>[A-Za-z]+):|(?P<chinese>{'|'.join(sorted(_CHINESE, key=len, reverse=True))})[:：]"
# The patterns take time that grows with the square of the length: here some milliseconds.
LONGEST = 5000
_TOKEN = re.compile(rf'\s*(?:{_KEY})?(?:"(?P<quoted>[^"]*)"|(?P<open>")|(?P<word>[^\s"]+))')
_LISTS = {
    "group": "groups",
    "keyword": "keywords",
    "proposal": "proposals",
    "run": "runs",
    "instrument": "instruments",
    "sample": "samples",
    "pid": "pids",
    "input": "inputs",
}
_SINGLE = {"type": "type", "since": "since", "until": "until"}


def parse_query(text: str) -> Query:
    """Query of what a person typed: words, ``"phrases"`` and ``key:value`` parts.

    Keys are ``type``, ``group``, ``keyword``, ``proposal``, ``run``, ``instrument``, ``sample``, ``pid``, ``input``,
    ``since``, ``until``; the commonest are understood in Chinese too (``课题:2345``). Conditions on metadata come
    last, with or without the word ``where`` before them; see `parse_conditions`.

    Raises
    ------
    QueryError
        An unknown key, an unclosed quote or a condition that can't be read, with its place.

    >>> parse_query('溶菌酶 type:raw group:GET').fields()
    {'text': '溶菌酶', 'type': ['raw'], 'ownerGroup': ['GET']}
    >>> parse_query("lysozyme photon_energy > 9 keV").fields()["scientific"]
    [{'lhs': 'photon_energy', 'relation': 'GREATER_THAN', 'rhs': 9.0, 'unit': 'keV'}]
    """
    if len(text) > LONGEST:
        raise query_error(LONGEST, tr("This search is longer than {count} signs.", count=LONGEST))
    start = _split(text)
    where = _WHERE.match(text, start)
    start_of_conditions = where.end() if where else start
    conditions = parse_conditions(text[start_of_conditions:], offset=start_of_conditions)
    text = text[:start]
    words: list[str] = []
    parts: dict[str, Any] = {}
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise query_error(place, tr("This part of the query can't be read."))
        if match["open"] is not None:
            raise query_error(match.start("open"), tr("A quote opens here and is never closed."))
        key, value = match["key"], match["quoted"] if match["quoted"] is not None else match["word"]
        if match["chinese"]:
            key = _CHINESE[match["chinese"]]
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
            raise query_error(
                match.start("key"), tr("“{key}” is not a part of a query; known are {known}.", key=key, known=known)
            )
        place = match.end()
    return Query(text=" ".join(words), conditions=conditions, **parts)


_MASKED = re.compile(r"""\"[^\"]*\"|'[^']*'|`[^`]*`|\S*://\S*|(?<!\S)[A-Za-z]+:[^\s<>=≤≥]+""")
_WHERE = re.compile(r"(?:^|(?<=\s))where(?=\s|$)", re.IGNORECASE)
_SIGN = re.compile(r"[<>≤≥=]=?")
_KEY_BEFORE = re.compile(r"""(?:(?:"[^"]*"|'[^']*'|`[^`]*`|[^\s"'`()<>=])+)\s*$""")
_NUMBER_BEFORE = re.compile(r"""(?<!\S)[+-]?\.?\d[\d.eE+-]*(?:\s*[^\s\d<>=(][^\s<>=(]*)?\s*$""")
_NUMBER_AFTER = re.compile(r"\s*[+-]?\.?\d")


def _split(text: str) -> int:
    """Where the conditions begin: after ``where``, else with the key (or number) before the first sign."""
    masked = _MASKED.sub(lambda match: "_" * len(match[0]), text)
    where = _WHERE.search(masked)
    sign = _SIGN.search(masked)
    if where and not (sign and sign.start() < where.start()):
        return where.start()
    if sign is None:
        return len(text)
    before = text[: sign.start()]
    turned = sign[0][0] in "<>≤≥" and not _NUMBER_AFTER.match(text, sign.end())
    found = (turned and _NUMBER_BEFORE.search(before)) or _KEY_BEFORE.search(before)
    start = found.start() if found else sign.start()
    while start and text[start - 1] == "(":
        start -= 1
    return start


def _numbers(runs: tuple[str, ...]) -> list[str]:
    """How run numbers are written: ``17``, ``0017``."""
    found = list(runs)
    for number in _whole(runs):
        found += [str(number), f"{number:04d}"]
    return list(dict.fromkeys(found))


def _runs_in_metadata(runs: tuple[str, ...]) -> list[dict[str, Any]]:
    values = [*_numbers(runs), *dict.fromkeys(_whole(runs))]
    return [{f"scientificMetadata.{key}{end}": {"$in": values}} for key in _RUN_KEYS for end in ("", ".value")]


def _whole(runs: tuple[str, ...]) -> list[int]:
    return [int(run) for run in runs if run.isascii() and run.isdigit() and len(run) < 16]
