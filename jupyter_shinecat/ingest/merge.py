"""Metadata sent again after a file changed: what people edited in the catalog wins."""

from __future__ import annotations

from typing import Any


def bare(value: Any) -> Any:
    """A value without the SI pairs that the server adds at write."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if key not in ("valueSI", "unitSI")}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return value


def merge(last: dict[str, Any], current: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Three-way merge of metadata trees.

    Parameters
    ----------
    last
        What was sent last.
    current
        What the catalog has now.
    new
        What the file says now.

    Returns
    -------
    :
        ``new``, but with every value that was changed, added or taken out in the catalog as it is there.
    """
    last, current = bare(last), bare(current)
    result: dict[str, Any] = {}
    for key in [*new, *(key for key in current if key not in new)]:
        was, there, now = (tree.get(key) for tree in (last, current, new))
        if key not in current:
            if key not in last:
                result[key] = now  # new in the file; one that people took out stays out
        elif key not in new:
            if there != was:
                result[key] = there  # added or edited by people; one that the file lost goes
        elif isinstance(there, dict) and isinstance(now, dict) and "value" not in now:
            result[key] = merge(was if isinstance(was, dict) else {}, there, now)
        else:
            result[key] = now if there == was else there
    return result
