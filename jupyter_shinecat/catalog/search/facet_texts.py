"""Values of a field as the index counts them: texts, and marks for what is no text.

Each entry has at least one text in each column, so that one pass over the columns gives all counts, that of documents
without a value included.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_shinecat.catalog import dates

MISSING = "\x80"  # no value: counted as null
NOTHING = "\x81"  # an empty list: counted nowhere
TOO_LONG = "\x82"  # a value that is not in the index: the documents have to be counted
_OTHER = "\x83"  # true, false or a number, as JSON
_TEXT = "\x84"  # a text that begins like one of these
_MAX_LENGTH = 10_000


def texts_of(doc: dict[str, Any], name: str) -> list[str]:
    """Texts for the values of a field: a document counts once for each different one."""
    value = doc.get(name)
    if value is None:
        return [MISSING]
    if isinstance(value, str):
        return [_text(value)]
    if isinstance(value, list):
        if not value:
            return [NOTHING]
        texts = {_text(item) for item in value if isinstance(item, (str, int, float))}
        return list(texts) or [NOTHING]
    return [_text(value)] if isinstance(value, (int, float)) else [TOO_LONG]


def day_of(doc: dict[str, Any], name: str) -> list[str]:
    """The day of a date as a text; what is no date as :func:`texts_of` gives it."""
    value = doc.get(name)
    moment = dates.parse(value) if value is not None else None
    if moment is None:
        return texts_of(doc, name)
    return [f"{_OTHER}[{moment.year},{moment.month},{moment.day}]"]


def keys_of(metadata: Any) -> list[str]:
    """Names of metadata keys as texts."""
    return [_text(key) for key in metadata] if isinstance(metadata, dict) and metadata else [NOTHING]


def value_of(text: str) -> Any:
    """What :func:`texts_of` wrote: a value, a date as ``(year, month, day)``, None for a missing one."""
    if text == MISSING:
        return None
    if text.startswith(_OTHER):
        value = json.loads(text[1:])
        return tuple(value) if isinstance(value, list) else value
    return text.removeprefix(_TEXT)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        # As numbers 1 and 1.0 are one value.
        return _OTHER + json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
    if len(value) > _MAX_LENGTH:
        return TOO_LONG
    return _TEXT + value if MISSING <= value[:1] <= _TEXT else value
