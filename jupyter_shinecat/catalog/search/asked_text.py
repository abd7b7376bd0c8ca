"""What a search text asks for: words and phrases, and ``proposal:...`` and ``run:...``, in Chinese too."""

from __future__ import annotations

import re
from typing import Any

from .condition import Always, Condition, OneOf, Text, both, either
from .similar import Similar, is_similar_word
from .words import fold, parse_text

# Where the proposal of each kind of document stands; a kind without one takes ``proposal:`` as a word.
_PROPOSAL_AT = {"dataset": "proposalIds", "proposal": "proposalId", "sample": "proposalId"}
_PROPOSAL = frozenset({"proposal", "课题", "课题号", "提案", "提案号", "申请", "申请号"})
_RUN = frozenset({"run", "运行", "运行号", "轮次", "实验轮次", "批次"})
_RUN_KEYS = ("run", "run_number", "runNumber")
_KEYS = "|".join(sorted(_PROPOSAL | _RUN, key=len, reverse=True))
# A part with its key, a phrase, or a word; the colon may be the wide one of Chinese keyboards.
_NAMED = rf'(?P<key>{_KEYS})[:：](?:"(?P<quoted>[^"]*)"?|(?P<value>[^\s"]+))'
_CHINESE = "|".join(key for key in _KEYS.split("|") if not key.isascii())
# As one speaks: ``proposal 2345 run 17``.
_SAID = rf"(?<!\S)(?:(?P<word>proposal|run)\s+|(?P<chinese>{_CHINESE})\s*)(?P<number>p?-?[0-9]+)(?!\S)"
_PARTS = re.compile(rf'{_NAMED}|{_SAID}|"[^"]*"?|\S+', re.IGNORECASE)
# Chinese keyboards write these; they stand beside words without a blank. Inside of other quotes they are text.
_QUOTED = re.compile(r'"[^"]*"?|[“＂](?P<chinese>[^“”＂"]*)[”＂]')


def text_condition(text: str, kind: str, *, similar: bool = False) -> Condition:
    """The condition of a search text.

    Parameters
    ----------
    text
        Words, ANDed; quotes make a phrase; ``proposal:P1`` and ``run:17`` name what was measured. Without the colon
        datasets that contain the words themselves are found, too.
    kind
        What kind of document is searched.
    similar
        Also find words that differ in a letter or two.
    """
    parts: list[Condition] = []
    rest: list[str] = []
    for found in _PARTS.finditer(_QUOTED.sub(_plainly_quoted, text)):
        named = _named(found, kind)
        if named is None:
            rest.append(found[0])
        elif found["number"]:
            parts.append(either(named, Text(parse_text(found[0]))))
        else:
            parts.append(named)
    phrases = parse_text(" ".join(rest))
    if similar:
        parts.extend(Similar(phrase) for phrase in phrases if is_similar_word(phrase))
        phrases = tuple(phrase for phrase in phrases if not is_similar_word(phrase))
    return both(Text(phrases) if phrases else Always(), *parts)


def _plainly_quoted(found: re.Match[str]) -> str:
    return found[0] if found["chinese"] is None else f' "{found["chinese"]}" '


def _named(found: re.Match[str], kind: str) -> Condition | None:
    key = fold(found["key"] or found["word"] or found["chinese"] or "")
    value = found["quoted"] if found["quoted"] is not None else found["value"] or found["number"]
    if not value:
        return None
    if key in _PROPOSAL and kind in _PROPOSAL_AT:
        return OneOf((_PROPOSAL_AT[kind],), tuple(_spellings(value)))
    if key in _RUN and kind == "dataset":
        return _of_run(value)
    return None


def _spellings(number: str) -> list[str]:
    """How proposals are written: ``2345``, ``p2345``, ``P-2345``, ``002345``."""
    if not (number.isascii() and number.isdigit()):
        return list(dict.fromkeys((number, number.upper(), number.lower())))
    short = number.lstrip("0") or "0"
    forms = [number, short, short.zfill(6)]
    return list(dict.fromkeys([*forms, *(mark + form for mark in ("p", "P", "p-", "P-") for form in forms)]))


def _of_run(text: str) -> Condition:
    values: list[Any] = [text]
    if text.isascii() and text.isdigit() and len(text) < 16:
        number = int(text)
        values = [*dict.fromkeys([text, str(number), f"{number:04d}"]), number]
    texts = tuple(value for value in values if isinstance(value, str))
    places = [("scientificMetadata", key, *end) for key in _RUN_KEYS for end in ((), ("value",))]
    return either(OneOf(("runNumber",), texts), *(OneOf(place, tuple(values)) for place in places))
