"""What the index holds about one dataset."""

from __future__ import annotations

import math
import re
from typing import Any

import tantivy

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.facet_texts import day_of, keys_of, texts_of
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.file_names import FILES
from jupyter_shinecat.catalog.search.schema import DATE_FACETS, FACETS, KEYS
from jupyter_shinecat.catalog.search.terms import (
    equal_term,
    exists_term,
    gram_terms,
    joined,
    null_term,
    odd_term,
    pair_terms,
    several_term,
    unprepared_term,
    word_terms,
)
from jupyter_shinecat.catalog.search.words import MAX_TEXT, body_text, name_text

Entry = dict[str, Any]
_SKIPPED = frozenset({"datasetlifecycle", FILES})
_NUMBERS = (int, float)
_EXACT_INT = 2**53
_NAMES = frozenset({"value", "unit", "v", "u"})
_AS_STORED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_FIRST_YEAR_MS = -2_208_988_800_000  # 1900, the earliest creation time that has an order of its own
_LAST_MS = 2**43 - 1


def build_entry(seq: int, doc: dict[str, Any], columns: Columns) -> Entry:
    """The index's entry of a dataset, by field; numbers under new keys get columns if there may be."""
    terms, numbers = _marks(doc, columns)
    body, name = body_text(doc), name_text(doc)
    # Names are in the body too, unless that was too long.
    words, pairs = word_terms(body, name if len(body) >= MAX_TEXT else "")
    entry: Entry = {
        "seq": seq, "key": str(seq), "order": order_key(doc.get("creationTime"), seq), "eq": joined(terms),
        "words": joined(words), "pairs": joined(pairs), "grams": joined(gram_terms(name)), **numbers,
    }  # fmt: skip
    for facet in FACETS:
        entry[f"f_{facet}"] = texts_of(doc, facet)
    for facet in DATE_FACETS:
        entry[f"f_{facet}"] = day_of(doc, facet)
    entry[f"f_{KEYS}"] = keys_of(doc.get("scientificMetadata"))
    return entry


def as_document(entry: Entry) -> tantivy.Document:
    """An entry as tantivy takes it. Not as JSON: its reader is wrong in the last place of some numbers."""
    document = tantivy.Document()
    for field, value in entry.items():
        if isinstance(value, str):
            document.add_text(field, value)
        elif isinstance(value, int):
            document.add_unsigned(field, value)
        else:
            add: Any = document.add_float if Columns.is_column(field) else document.add_text
            for item in value:
                add(field, item)
    return document


def order_key(creation_time: Any, seq: int) -> int:
    """A number that orders datasets by creation time, and those of one time by their creation here."""
    moment = dates.parse(creation_time)
    milliseconds = int(moment.timestamp() * 1000) if moment else _FIRST_YEAR_MS
    return (min(max(milliseconds - _FIRST_YEAR_MS, 0), _LAST_MS) << 20) | (seq & 0xFFFFF)


def column_number(value: float) -> float | None:
    """A number as columns hold it; None for what has no place on the number line. Minus zero is zero."""
    try:
        number = float(value) + 0.0
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def is_rounded(value: Any) -> bool:
    """Whether a number is another one in a column."""
    return type(value) is int and abs(value) >= _EXACT_INT


def _marks(doc: dict[str, Any], columns: Columns) -> tuple[set[str], dict[str, list[float]]]:
    """Terms that say what is where, and numbers by column."""
    terms: set[str] = set()
    numbers: dict[str, list[float]] = {}
    group = str(doc.get("ownerGroup"))

    def put(path: str, value: float) -> None:
        number = column_number(value)
        if number is None:
            return
        field = columns.of(path) or columns.admit(path, group)
        if field is None:
            terms.add(unprepared_term(path))
        elif field in numbers:
            numbers[field].append(number)
        else:
            numbers[field] = [number]

    stack: list[tuple[str, Any]] = [(key, value) for key, value in doc.items() if key not in _SKIPPED]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            si = _is_pair(value)
            if si is None:
                _there(path, terms)
                if not _NAMES.isdisjoint(value) and _is_odd_pair(value):
                    terms.add(odd_term(path))
                _go_on(path, value, terms, stack)
                continue
            # The same as below, faster: most metadata have this form.
            pair = pair_terms(path, value["unit"], value.get("unitSI"))
            new = len(terms) + len(pair)
            terms.update(pair)
            if len(terms) != new:  # something stood there already
                terms.update([odd_term(one) for one in (path, *(f"{path}.{name}" for name in value))])
            for name in ("value", "valueSI") if si else ("value",):
                put(f"{path}.{name}", value[name])
                if (term := equal_term(f"{path}.{name}", value[name])) is not None:
                    terms.add(term)
                elif is_rounded(value[name]):
                    terms.update((odd_term(path), odd_term(f"{path}.{name}")))
            continue
        _there(path, terms)
        for item in _items(path, value, terms, stack) if isinstance(value, list) else (value,):
            if isinstance(item, str):
                terms.add(equal_term(path, item))  # type: ignore[arg-type]  # never None for a text
                if path in DATASET.dates and (moment := dates.parse(item)):
                    put(path, moment.timestamp() * 1000)
                    if not _AS_STORED.fullmatch(item):  # its number does not tell how it is written
                        terms.add(odd_term(path))
            elif isinstance(item, (int, float)):
                if (term := equal_term(path, item)) is not None:
                    terms.add(term)
                elif is_rounded(item):
                    terms.add(odd_term(path))
                if not isinstance(item, bool) and path not in DATASET.dates:
                    put(path, item)
            elif item is None:
                terms.add(null_term(path))
    for several in numbers.values():
        several.sort()  # the least comes first: by that documents are ordered
    return terms, numbers


def _there(path: str, terms: set[str]) -> None:
    """Something is at ``path``; where something else was before, the document has to be read."""
    term = exists_term(path)
    if term in terms:
        terms.add(odd_term(path))
    terms.add(term)


def _go_on(path: str, value: dict[str, Any], terms: set[str], stack: list[tuple[str, Any]]) -> None:
    """What an object holds goes on the stack."""
    for key, child in value.items():
        stack.append((f"{path}.{key}", child))
        if "." in key:
            base, _dot, last = key.rpartition(".")
            if last in _NAMES:  # looks like part of a number with its unit, and is none
                terms.add(odd_term(f"{path}.{base}"))


def _items(path: str, values: list[Any], terms: set[str], stack: list[tuple[str, Any]]) -> list[Any]:
    """Scalars of a list; what its objects hold goes on the stack. Lists in it stay out: no condition looks there."""
    found = [item for item in values if isinstance(item, (str, int, float))]
    if not found or len(found) < len(values):
        terms.add(odd_term(path))
        for item in values:
            if isinstance(item, dict):
                _go_on(path, item, terms, stack)
    if len(found) > 1:
        terms.add(several_term(path))
    return found


def _is_odd_pair(value: dict[str, Any]) -> bool:
    """Whether an object holds parts of a number with its unit in a way that its terms don't tell."""
    if any(isinstance(value.get(name), (dict, list)) for name in _NAMES):
        return True
    if any(is_rounded(value.get(name)) for name in _NAMES):
        return True
    return ("value" in value or "unit" in value) and ("v" in value or "u" in value)


def _is_pair(value: dict[str, Any]) -> bool | None:
    """Whether ``value`` is a number with its unit: True with the SI pair, False without, None for anything else."""
    if len(value) == 4:
        good = isinstance(value.get("unitSI"), str) and type(value.get("valueSI")) in _NUMBERS
    else:
        good = len(value) == 2
    if good and isinstance(value.get("unit"), str) and type(value.get("value")) in _NUMBERS:
        return len(value) == 4
    return None
