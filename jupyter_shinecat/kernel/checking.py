"""Whether a file has the content that the catalog says: by its checksum."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

_BLOCK = 4 * 1024 * 1024
_ROLLING: dict[str, Callable[[bytes, int], int]] = {"crc32": zlib.crc32, "adler32": zlib.adler32}
_START = {"crc32": 0, "adler32": 1}


def known(algorithm: str) -> bool:
    """Whether we can compute it: what `hashlib` has (``sha256``, ``MD5``, ``SHA-1`` ...), ``crc32`` and ``adler32``."""
    return _plain(algorithm) in _ROLLING or _hashlib_name(algorithm) is not None


def fits(algorithm: str, expected: str, blocks: Iterable[bytes]) -> bool:
    """Whether the content has the expected checksum, written in hexadecimal digits.

    Raises
    ------
    ValueError
        The algorithm is not known.
    """
    wanted = expected.strip().lower().removeprefix("0x")
    rolling = _ROLLING.get(_plain(algorithm))
    if rolling is not None:
        value = _START[_plain(algorithm)]
        for block in blocks:
            value = rolling(block, value)
        return wanted.isalnum() and f"{value & 0xFFFFFFFF:08x}" == wanted.zfill(8)
    name = _hashlib_name(algorithm)
    if name is None:
        raise ValueError(algorithm)
    # BLAKE2 and SHAKE have digests of the length that is asked for.
    length = len(wanted) // 2
    digest: Any
    if name.startswith("blake2"):
        blake2 = hashlib.blake2b if name == "blake2b" else hashlib.blake2s
        digest = blake2(digest_size=max(1, min(length, blake2.MAX_DIGEST_SIZE)))
    else:
        digest = hashlib.new(name, usedforsecurity=False)
    for block in blocks:
        digest.update(block)
    return bool(digest.hexdigest() == wanted)


def blocks_of(file: BinaryIO, seen: Callable[[int], None]) -> Iterator[bytes]:
    """The content of an open file in parts; ``seen`` is told how many bytes each has."""
    while block := file.read(_BLOCK):
        seen(len(block))
        yield block


def _plain(algorithm: str) -> str:
    return algorithm.strip().lower().replace("-", "").replace("_", "")


def _hashlib_name(algorithm: str) -> str | None:
    wanted = _plain(algorithm)
    for name in sorted(hashlib.algorithms_available):
        if name.replace("-", "").replace("_", "") == wanted and not wanted.startswith("shake"):
            return name
    return None
