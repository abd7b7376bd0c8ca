"""What the index holds about one dataset, and the names of its terms."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import tantivy

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.words import body_text, name_text, tokens, trigrams

# Grows with every change of what an entry holds: an index of another version is built anew.
VERSION = 1

# Fields whose values are counted by the index; others are counted by reading documents.
FACETS = (
    "type", "ownerGroup", "accessGroups", "keywords", "creationLocation", "proposalIds", "sampleIds",
    "instrumentIds", "principalInvestigators", "owner", "dataFormat", "isPublished", "sourceFolderHost",
    "usedSoftware", "classification", "createdBy", "runNumber", "inputDatasets", "license", "instrumentGroup",
)  # fmt: skip
DATE_FACETS = ("creationTime", "startTime", "endTime", "createdAt", "updatedAt")
KEYS = "metadataKeys"
_SKIPPED = frozenset({"datasetlifecycle"})
_LONG = 120
_EXACT_INT = 2**53
_FIRST_YEAR_MS = -2_208_988_800_000  # 1900, the earliest creation time that has an order of its own
_LAST_MS = 2**43 - 1


def build_schema() -> tantivy.Schema:
    """The index's fields."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("seq", indexed=True, fast=True)
    # Entries are deleted by this one: in tantivy 0.27 a deletion by a whole number silently does nothing.
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("order", fast=True)
    builder.add_text_field("eq", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("grams", tokenizer_name="raw", index_option="basic")
    builder.add_json_field("num", fast=True, tokenizer_name="raw", index_option="basic")
    for name in (*FACETS, *DATE_FACETS, KEYS):
        builder.add_text_field(f"f_{name}", tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def build_entry(seq: int, doc: dict[str, Any]) -> tantivy.Document:
    """The index's entry of a dataset."""
    entry = tantivy.Document()
    entry.add_unsigned("seq", seq)
    entry.add_text("key", str(seq))
    entry.add_unsigned("order", order_key(doc.get("creationTime"), seq))
    terms: set[str] = set()
    numbers: dict[str, list[float]] = {}
    for path, value in _walk(doc):
        terms.add(exists_term(path))
        if isinstance(value, (str, int, float)):
            term = equal_term(path, value)
            if term is not None:
                terms.add(term)
        number = _number(path, value)
        if number is not None:
            numbers.setdefault(number_key(path), []).append(number)
    for term in terms:
        entry.add_text("eq", term)
    if numbers:
        entry.add_json("num", numbers)
    for word in set(tokens(body_text(doc))) | set(tokens(name_text(doc))):
        entry.add_text("words", word)
    for gram in set(name_grams(name_text(doc))):
        entry.add_text("grams", gram)
    for name, values in _facet_values(doc):
        for text in values:
            entry.add_text(f"f_{name}", text)
    return entry


def order_key(creation_time: Any, seq: int) -> int:
    """A number that orders datasets by creation time, and those of one time by their creation here."""
    moment = dates.parse(creation_time)
    milliseconds = int(moment.timestamp() * 1000) if moment else _FIRST_YEAR_MS
    return (min(max(milliseconds - _FIRST_YEAR_MS, 0), _LAST_MS) << 20) | (seq & 0xFFFFF)


def exists_term(path: str) -> str:
    """The term that says: there is something at ``path``."""
    return "\x01" + _short(path)


def equal_term(path: str, value: Any) -> str | None:
    """The term that says: ``value`` is at ``path``; None for a number that a float can't hold."""
    if isinstance(value, bool):
        return f"{_short(path)}\x02b{value}"
    if isinstance(value, (int, float)):
        return f"{_short(path)}\x02n{float(value)!r}" if abs(value) < _EXACT_INT else None
    return f"{_short(path)}\x02s{_short(value)}"


def number_key(path: str) -> str:
    """The column of numbers at ``path``: letters and digits only, since the query language has no safe quoting."""
    return "k" + hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def number_literal(value: float) -> str:
    """A number as the query language reads it: plain decimals, exact."""
    text = format(Decimal(value), "f")
    return text if "." in text else text + ".0"


def name_grams(text: str) -> Iterator[str]:
    """Terms of names: threes of characters, and short names whole."""
    yield from trigrams(text)
    yield from (line for line in text.split("\n") if 0 < len(line) < 3)


def _short(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return "\x03" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _walk(doc: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every path with its value, as :func:`.paths.candidates` finds them: of lists one level of objects and scalars."""
    stack: list[tuple[str, Any]] = [(key, value) for key, value in doc.items() if key not in _SKIPPED]
    while stack:
        path, value = stack.pop()
        yield path, value
        if isinstance(value, dict):
            stack.extend((f"{path}.{key}", child) for key, child in value.items())
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, dict):
                    stack.extend((f"{path}.{key}", child) for key, child in element.items())
                elif not isinstance(element, list):
                    yield path, element


def _number(path: str, value: Any) -> float | None:
    if path in DATASET.dates:
        moment = dates.parse(value) if isinstance(value, str) else None
        return moment.timestamp() * 1000 if moment else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _facet_values(doc: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for name in FACETS:
        value = doc.get(name)
        items = value if isinstance(value, list) else [value]
        yield name, {str(item) for item in items if isinstance(item, (str, bool)) and len(str(item)) < 10_000}
    for name in DATE_FACETS:
        moment = dates.parse(doc.get(name))
        yield name, {moment.strftime("%Y-%m-%d")} if moment else set()
    metadata = doc.get("scientificMetadata")
    if isinstance(metadata, dict):
        yield KEYS, {key for key in metadata if len(key) < 10_000}
