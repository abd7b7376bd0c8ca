"""What a search text means.

A search text is words, ANDed; quotes make a phrase. A word is found where some word of the document starts with it; in
names (dataset name, PID, folder, keywords) and for Chinese, Japanese and Korean it is found anywhere inside. Case does
not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.catalog.errors import bad_request

# Chinese, Japanese kana, Korean; scripts that put no space between words.
CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
_CJK_RUN = re.compile(rf"[{CJK}]+")
_WORD = re.compile(rf"[^\W_{CJK}]+")
_TERMS = re.compile(r'"([^"]*)"?|(\S+)')
_HAS_CJK = re.compile(rf"[{CJK}]")

NAMES = (
    "datasetName",
    "pid",
    "sourceFolder",
    "keywords",
    "sampleName",
    "sampleId",
    "title",
    "proposalId",
    "name",
    "uniqueName",
)
# Not searched: bulky, or not written for people.
SKIPPED = frozenset(
    {
        "thumbnail",
        "jobLogData",
        "datasetlifecycle",
        "dataFileList",
        "_id",
        "version",
        "relationships",
        "valueSI",
        "unitSI",
    }
)
MAX_TERMS = 32
MAX_TEXT = 400_000


@dataclass(frozen=True)
class Phrase:
    """One word or quoted phrase, folded."""

    text: str

    @property
    def runs(self) -> list[str]:
        """Its words, and its stretches of Chinese."""
        return _RUN.findall(self.text)


def fold(text: str) -> str:
    """``text`` without case and with compatible forms made one (full-width letters, ligatures)."""
    return unicodedata.normalize("NFKC", text).casefold()


def is_cjk(run: str) -> bool:
    """Whether a run is of a script without spaces."""
    return bool(_HAS_CJK.match(run))


def parse_text(text: str) -> tuple[Phrase, ...]:
    """Words and phrases of a search text, each once; a 400 for more than 32, of which some would not count."""
    found = (fold(" ".join((quoted or word).split())) for quoted, word in _TERMS.findall(text))
    phrases = tuple(Phrase(item) for item in dict.fromkeys(item for item in found if item))
    if len(phrases) > MAX_TERMS:
        raise bad_request(f"A search text may have at most {MAX_TERMS} words and phrases")
    return phrases


def texts(doc: Any) -> Iterator[str]:
    """Every text of a document that a search looks at: values and metadata keys."""
    stack: list[tuple[Any, bool]] = [(doc, False)]
    while stack:
        item, keys = stack.pop()
        if isinstance(item, dict):
            for key, child in item.items():
                if key not in SKIPPED:
                    if keys:
                        yield key
                    stack.append((child, keys or key in ("scientificMetadata", "sampleCharacteristics")))
        elif isinstance(item, list):
            stack.extend((child, keys) for child in item)
        elif isinstance(item, str):
            yield item
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield repr(item)


def names(doc: Any) -> Iterator[str]:
    """Texts in which a part of a word counts."""
    for field in NAMES:
        value = doc.get(field)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))


def body_text(doc: Any) -> str:
    """All texts of a document, folded, one a line."""
    return fold("\n".join(texts(doc)))[:MAX_TEXT]


def name_text(doc: Any) -> str:
    """All names of a document, folded, one a line."""
    return fold("\n".join(names(doc)))[:MAX_TEXT]


def text_matches(doc: Any, phrases: tuple[Phrase, ...]) -> bool:
    """Whether the document holds them all: the meaning that the index must agree with."""
    name = name_text(doc)
    others = [phrase.text for phrase in phrases if phrase.text not in name]
    if not others:  # mostly: and folding all texts is most of the work
        return True
    body = body_text(doc)
    return all(_in_body(body, text) for text in others)


def _in_body(body: str, text: str) -> bool:
    if not _is_word(text[0]):
        return text in body
    start = body.find(text)
    while start >= 0:
        if start == 0 or not _is_word(body[start - 1]):
            return True
        start = body.find(text, start + 1)
    return False


def _is_word(character: str) -> bool:
    """A character of a word that is written with spaces around it."""
    return character.isalnum() and not _HAS_CJK.match(character)


def words_of(text: str) -> list[str]:
    """Words of folded text, in its order, without those of Chinese, Japanese and Korean."""
    return _WORD.findall(text)


def cjk_runs_of(text: str) -> list[str]:
    """Stretches of Chinese, Japanese and Korean of folded text, in its order."""
    return _CJK_RUN.findall(text)
