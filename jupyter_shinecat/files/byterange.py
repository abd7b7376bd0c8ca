"""The Range header (RFC 9110, section 14): one range of bytes."""

from __future__ import annotations

import re

_ONE = re.compile(r"\s*bytes\s*=\s*(?P<first>[0-9]{0,40})\s*-\s*(?P<last>[0-9]{0,40})\s*", re.I)


class Unsatisfiable(ValueError):
    """The range lies behind the end of the file."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last; None where the whole file is the answer.

    What is no single range of bytes is ignored, as the RFC allows: several ranges at once are answered with the whole.

    Raises
    ------
    Unsatisfiable
        A well-formed range without a byte of the file.

    >>> parse_range("bytes=0-99", 1000), parse_range("bytes=-10", 1000), parse_range("bytes=990-", 1000)
    ((0, 100), (990, 1000), (990, 1000))
    >>> parse_range("bytes=0-1,5-6", 1000) is None
    True
    """
    match = _ONE.fullmatch(header or "")
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        length = min(int(match["last"]), size)
        if length == 0:
            raise Unsatisfiable(header)
        return size - length, size
    first = int(match["first"])
    last = int(match["last"]) if match["last"] else size - 1
    if match["last"] and last < first:
        return None  # not a range at all
    if first >= size:
        raise Unsatisfiable(header)
    return first, min(last + 1, size)
