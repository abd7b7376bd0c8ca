"""Values from files made safe for JSON and for a catalog: finite, clean text, bounded in number and size."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import msgspec

MAX_KEYS = 500
MAX_BYTES = 64_000
MAX_TEXT = 2000
MAX_KEY = 128
MAX_DEPTH = 12
MAX_ELEMENTS_KEPT = 16
_EXACT_INT = 1 << 53
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EARLIEST, _LATEST = dt.datetime(1970, 1, 2, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """Readable text of ``str`` or ``bytes``: no control characters or lone surrogates, ``limit`` characters."""
    if isinstance(value, bytes):
        value = value[: 4 * limit].split(b"\x00", 1)[0]
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            try:
                value = value.decode("gb18030")
            except UnicodeDecodeError:
                value = value.decode("latin-1")
    result = str(value)[: 4 * limit].encode("utf-8", "replace").decode("utf-8")
    result = _CONTROL.sub("", result).strip()
    return result if len(result) <= limit else result[: limit - 1] + "…"


def scalar(value: Any) -> str | int | float | bool | None:
    """A JSON scalar, or None when there is nothing to say (NaN, infinity, an unknown type)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_EXACT_INT <= value <= _EXACT_INT else str(value)  # JavaScript would change its last digits
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | bytes):
        return text(value)
    return None


def clean(value: Any) -> Any:
    """A scalar or a short flat list of them; None when nothing sensible is left."""
    if isinstance(value, list | tuple):
        items = [scalar(item) for item in value]
        return None if not items or any(item is None for item in items) else items
    return scalar(value)


def iso_time(value: Any) -> str | None:
    """ISO 8601 in UTC from what files hold as time; None when it is not one.

    A time without zone is taken in this host's zone: files are scanned where they are made.
    """
    moment: dt.datetime | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            moment = dt.datetime.fromtimestamp(value, dt.UTC)
        except (ValueError, OverflowError, OSError):
            return None
    elif isinstance(value, str | bytes):
        words = text(value, 64)
        words = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", words)  # TIFF and EXIF
        words = re.sub(r"(\.\d{6})\d+", r"\1", words)
        words = re.sub(r"\s+(?=[+-]\d\d:?\d\d$|Z$)", "", words)
        try:
            moment = dt.datetime.fromisoformat(words)
        except ValueError:
            return None
        if len(words) < 8 or (words.isdigit() and len(words) != 8):
            return None
    if moment is None:
        return None
    try:
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if not _EARLIEST <= moment <= _LATEST:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Tree:
    """A nested tree of metadata that stops growing at its limits; what came first stays."""

    def __init__(self, max_keys: int = MAX_KEYS, max_bytes: int = MAX_BYTES) -> None:
        self.root: dict[str, Any] = {}
        self.left_out = 0
        self._keys = max_keys
        self._bytes = max_bytes

    def put(self, path: list[str], value: Any) -> bool:
        """Put ``value`` at ``path`` unless it is None, something is there already, or a limit is reached."""
        if value is None or not path:
            return False
        keys = [text(part, MAX_KEY) or "_" for part in path]
        cost = sum(map(len, keys)) + len(msgspec.json.encode(value)) + 8
        if self._keys <= 0 or cost > self._bytes or len(keys) > MAX_DEPTH:
            self.left_out += 1
            return False
        branch = self.root
        for key in keys[:-1]:
            below = branch.setdefault(key, {})
            if not isinstance(below, dict) or "value" in below:
                self.left_out += 1
                return False
            branch = below
        if keys[-1] in branch:
            return False
        branch[keys[-1]] = value
        self._keys -= 1
        self._bytes -= cost
        return True


def pair(value: Any, unit: str | None) -> Any:
    """``{"value", "unit"}`` when there is a unit, else the plain value; None when the value says nothing."""
    safe = clean(value)
    if safe is None or safe == "":
        return None
    unit_text = text(unit, 60) if unit else ""
    return {"value": safe, "unit": unit_text} if unit_text else safe
