"""Answers as bytes: made where the request runs, in pieces, so that a large one holds up nobody else."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
_FEW = 20
_SMALL = 1024
# A page of datasets takes a third of a millisecond; more effort saves little.
_EFFORT = 1
_GZIP = 31


def encoded(result: Any) -> bytes:
    """JSON. Long lists go item by item: other threads get their turn between two."""
    if not isinstance(result, list) or len(result) <= _FEW:
        return _encode(result)
    parts = []
    for item in result:
        parts.append(_encode(item))  # a comprehension is as good, a map is not
    return b"[" + b",".join(parts) + b"]"


def compressed(body: bytes, accepts: str) -> bytes | None:
    """``body`` by gzip, where the client takes it and it is worth it; the same each time, for its ETag."""
    if len(body) < _SMALL or "gzip" not in accepts.lower():
        return None
    packer = zlib.compressobj(_EFFORT, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()
