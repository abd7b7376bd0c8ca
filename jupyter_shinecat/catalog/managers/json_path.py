"""Places in JSON: the part of JSONPath that job configurations use."""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(r"\.?(?P<name>[^.\[\]*]+)|\.?(?P<all>\*)|\[(?P<index>\d{1,9}|\*|'[^']*'|\"[^\"]*\")\]")
_EVERY = object()


class JsonPath:
    """``jobParams.datasetList[*].pid``: names, ``[n]``, ``['name']``, ``[*]`` and ``*``; ``$`` in front is optional.

    Raises
    ------
    ValueError
        The text is no such path.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        rest = text.removeprefix("$").strip()
        self._parts: list[Any] = []
        place = 0
        while place < len(rest):
            match = _PART.match(rest, place)
            if match is None:
                raise ValueError(f"no path: {text[:100]}")
            place = match.end()
            if match["name"] is not None:
                self._parts.append(match["name"])
            elif match["all"] or match["index"] == "*":
                self._parts.append(_EVERY)
            else:
                index = match["index"]
                self._parts.append(index[1:-1] if index[0] in "'\"" else int(index))

    def found_in(self, value: Any) -> list[Any]:
        """Every value at this place; a null counts, what is absent doesn't."""
        found = [value]
        for part in self._parts:
            found = [child for item in found for child in _children(item, part)]
        return found


def _children(item: Any, part: Any) -> list[Any]:
    if part is _EVERY:
        return list(item.values()) if isinstance(item, dict) else list(item) if isinstance(item, list) else []
    if isinstance(item, dict):
        return [item[str(part)]] if str(part) in item else []
    if isinstance(item, list) and str(part).isdecimal() and int(part) < len(item):
        return [item[int(part)]]
    return []
