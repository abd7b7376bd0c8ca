"""Whether a file has the content that the catalog says: by its checksum."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, BinaryIO

_BLOCK = 4 * 1024 * 1024
_ROLLING: dict[str, Callable[[bytes, int], int]] = {"crc32": zlib.crc32, "adler32": zlib.adler32}
_START = {"crc32": 0, "adler32": 1}


def known(algorithm: str) -> bool:
    """Whether we can compute it: what `hashlib` has (``sha256``, ``MD5``, ``SHA-1`` ...), ``crc32`` and ``adler32``."""
    return _plain(algorithm) in _ROLLING or _hashlib_name(algorithm) is not None


def digest_in(algorithm: str, written: str) -> bytes | None:
    """The digest that a catalog's text means: hexadecimal digits or base64, also behind ``sha256:`` or ``sha256=``.

    Returns
    -------
    bytes or None
        None where the text is no digest of this (known) algorithm.
    """
    text = written.strip()
    name, mark, rest = text.partition(":") if ":" in text else text.partition("=")
    if mark and _plain(name) == _plain(algorithm):
        text = rest.strip()
    lengths = _lengths(algorithm)
    digits = text.lower().removeprefix("0x")
    if _plain(algorithm) in _ROLLING and 0 < len(digits) < 8:
        digits = digits.zfill(8)  # they are numbers to some
    with contextlib.suppress(ValueError):
        if len(found := bytes.fromhex(digits)) in lengths:
            return found
    with contextlib.suppress(ValueError):
        plain = text.replace("-", "+").replace("_", "/").rstrip("=")
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        if len(found) in lengths:
            return found
    return None


def fits(algorithm: str, expected: bytes, blocks: Iterable[bytes]) -> bool:
    """Whether the content has the expected digest.

    Raises
    ------
    ValueError
        The algorithm is not known.
    """
    rolling = _ROLLING.get(_plain(algorithm))
    if rolling is not None:
        value = _START[_plain(algorithm)]
        for block in blocks:
            value = rolling(block, value)
        return (value & 0xFFFFFFFF).to_bytes(4, "big") == expected
    digest = _new(algorithm, len(expected))
    for block in blocks:
        digest.update(block)
    return bool(digest.digest() == expected)


def _new(algorithm: str, length: int) -> Any:
    name = _hashlib_name(algorithm)
    if name is None:
        raise ValueError(algorithm)
    if name.startswith("blake2"):  # of the length that is asked for
        return (hashlib.blake2b if name == "blake2b" else hashlib.blake2s)(digest_size=length)
    return hashlib.new(name, usedforsecurity=False)


def _lengths(algorithm: str) -> Container[int]:
    """Bytes that its digests may have."""
    if _plain(algorithm) in _ROLLING:
        return (4,)
    name = _hashlib_name(algorithm) or ""
    if name.startswith("blake2"):
        return range(8, (hashlib.blake2b if name == "blake2b" else hashlib.blake2s).MAX_DIGEST_SIZE + 1)
    return (hashlib.new(name, usedforsecurity=False).digest_size,) if name else ()


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
