"""Files that tests of the kernel make."""

from __future__ import annotations

import struct


def list_mode(comment: bytes) -> bytes:
    """A list-mode file of two events."""
    strings = b"".join(bytes([len(text)]) + text for text in (b"v1", b"C:/x.lmf", comment))
    head = (
        struct.pack("<IiIIII", 476758, 5, 3, 24 + 8 + len(strings), 0, 2)
        + struct.pack("<II", 1_600_000_000, 1_600_000_060)
        + strings
    )
    return head + struct.pack("<6d", *range(6))
