"""The terms of an entry: what stands where, and what its texts consist of.

Every function has a twin in :mod:`.compile` that asks for its terms.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from jupyter_shinecat.catalog.search.schema import BLANK, GAP
from jupyter_shinecat.catalog.search.words import cjk_runs_of, words_of

_LONG = 120
_EXACT_INT = 2**53
# Longer words are cut: they are found as candidates, and read to be sure.
MAX_WORD = 200
_ODD = re.compile(r"[\x7f-\x9f]|[^\S ]")
_PART = "\x7f"
DIGEST = "\x84"  # begins what stands for a text


@lru_cache(8192)
def exists_term(path: str) -> str:
    """The term that says: there is something at ``path``."""
    return "\x81" + short(path)


@lru_cache(8192)
def unprepared_term(path: str) -> str:
    """The term that says: there is a number at ``path`` that is in no column."""
    return "\x82" + short(path)


@lru_cache(8192)
def odd_term(path: str) -> str:
    """The term that says: what stands at ``path`` has to be read, terms and columns don't tell all about it."""
    return "\x87" + short(path)


@lru_cache(8192)
def several_term(path: str) -> str:
    """The term that says: there are several values at ``path``, which may be one when they are cut to a month."""
    return "\x88" + short(path)


@lru_cache(8192)
def null_term(path: str) -> str:
    """The term that says: there is a null at ``path``."""
    return f"{equal_prefix(path)}z"


@lru_cache(8192)
def pair_terms(path: str, unit: str, si_unit: str | None) -> tuple[str, ...]:
    """Terms of a value with its unit, but for the numbers themselves: the form of most metadata."""
    terms = [exists_term(path), exists_term(f"{path}.value")]
    for name, text in (("unit", unit), ("unitSI", si_unit)):
        if text is not None:
            terms += [exists_term(f"{path}.{name}"), f"{equal_prefix(f'{path}.{name}')}s{short(text)}"]
    return (*terms, exists_term(f"{path}.valueSI")) if si_unit is not None else tuple(terms)


@lru_cache(8192)
def equal_prefix(path: str) -> str:
    """How the terms of values at ``path`` begin; a letter for their kind and the value follow."""
    return short(path) + "\x83"


def equal_term(path: str, value: str | float) -> str | None:
    """The term that says: ``value`` is at ``path``; None for numbers with a fraction and beyond 2**53: see columns."""
    if isinstance(value, str):
        return f"{equal_prefix(path)}s{short(value)}"
    if isinstance(value, bool):
        return f"{equal_prefix(path)}b{value}"
    if isinstance(value, float) and not value.is_integer():
        return None
    return f"{equal_prefix(path)}n{int(value)}" if abs(value) < _EXACT_INT else None


def word_terms(body: str, name: str) -> tuple[list[str], list[str]]:
    """Terms of two texts, folded: words and single characters of Chinese; its pairs of neighbours, in their order."""
    words: set[str] = set()
    pairs: list[str] = []
    for text in (body, name):
        words.update([word[:MAX_WORD] for word in words_of(text)])
        for run in cjk_runs_of(text):
            words.update(run)
            if len(run) > 1:
                pairs.extend(pairs_of(run))
                pairs.append(GAP)
    return list(words), pairs


def gram_terms(name: str) -> Iterator[str]:
    """Terms of names, folded: every three neighbouring characters, in their order; short ones whole."""
    for line in name.split("\n"):
        if len(line) > 2:
            yield from trigrams(plain(line))
        elif line:
            yield plain(line)
        yield GAP


def pairs_of(run: str) -> list[str]:
    """Every two neighbouring characters."""
    return list(map("".join, pairwise(run)))


def trigrams(line: str) -> Iterator[str]:
    """Every three neighbouring characters."""
    return map("".join, zip(line, line[1:], line[2:], strict=False))


def joined(terms: Iterable[str]) -> str:
    """Terms as one text of the index."""
    return _PART.join(terms).replace(" ", BLANK).replace(_PART, " ")


def asked(term: str) -> str:
    """A term as it stands in the index."""
    return term.replace(" ", BLANK)


def short(text: str) -> str:
    """``text``, or its digest where it is long or holds what could pass for a mark."""
    if len(text) <= _LONG and text.isprintable():
        return text
    return DIGEST + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def plain(text: str) -> str:
    """``text`` with marks and odd blanks replaced: where that changes a search text, what is found has to be read."""
    return _ODD.sub("\ufffd", text)


def is_number(value: Any) -> bool:
    """Whether JSON calls it a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
