"""Similar words: a letter more, less, other or exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tantivy
from tantivy import Query

from .condition import Condition, Text
from .words import Phrase, body_text, is_cjk, name_text

_SHORTEST = 4
_LONG = 8
_LONGEST = 100


def is_similar_word(phrase: Phrase) -> bool:
    """Whether similar words are looked for: one word of four letters or more, no number, no Chinese."""
    text = phrase.text
    return phrase.runs == [text] and _SHORTEST <= len(text) <= _LONGEST and not is_cjk(text) and not text.isdigit()


@dataclass(frozen=True)
class Similar(Condition):
    """A word of the document is the one asked for, or differs in one letter, in two from eight letters on."""

    phrase: Phrase

    @property
    def letters(self) -> int:
        """How many letters may differ; two that are exchanged count as one."""
        return 2 if len(self.phrase.text) >= _LONG else 1

    @property
    def exactly(self) -> Condition:
        """The same without similar words."""
        return Text((self.phrase,))

    def proposed(self, schema: tantivy.Schema) -> Query:
        """What the index finds for the similar words alone."""
        return Query.fuzzy_term_query(
            schema, "words", self.phrase.text, distance=self.letters, transposition_cost_one=True, prefix=False
        )

    def matches(self, doc: Any) -> bool:
        if self.exactly.matches(doc):
            return True
        words = {*Phrase(body_text(doc)).runs, *Phrase(name_text(doc)).runs}
        return any(differs_by(self.phrase.text, word, self.letters) for word in words)


def differs_by(a: str, b: str, most: int) -> bool:
    """Whether at most so many letters are added, left out, changed, or exchanged with their neighbour."""
    if abs(len(a) - len(b)) > most:
        return False
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(last) > most:
            return False
        before, last = last, row
    return last[-1] <= most
