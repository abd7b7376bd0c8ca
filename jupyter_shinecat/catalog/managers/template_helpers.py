"""Helpers of job templates, with the names that SciCat registers."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
import re2

_FLAGS = {"i": "i", "m": "m", "s": "s", "g": "", "u": ""}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


def true(value: Any) -> bool:
    """Whether Handlebars takes ``value`` as true: not for nothing, false, 0, an empty text or an empty list."""
    return value is not None and value is not False and value != 0 and value not in ("", [])


def shown(value: Any) -> str:
    """``value`` as a template shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(shown(item) for item in value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def regex(pattern: str, flags: str = "") -> Any:
    """A pattern in JavaScript's form, compiled by RE2; raises ``ValueError`` for one that isn't.

    RE2 knows no look-around and no back references: the texts that it reads come from users.
    """
    letters = "".join(_FLAGS[flag] for flag in flags)
    try:
        return re2.compile(f"(?{letters}){pattern}" if letters else pattern)
    except re2.error as error:
        raise ValueError(f"no regular expression: {error}") from None


def _boolean(value: Any) -> bool:
    """As SciCat's ``parseBoolean``: the texts ``true``, ``yes`` and ``1`` too."""
    return value.lower() in ("true", "yes", "1") if isinstance(value, str) else true(value)


def _key_to_word(key: Any) -> str:
    words = re.sub(r"([A-Z])", r" \1", shown(key))
    return words[:1].upper() + words[1:]


def _unwrap(value: Any) -> str:
    """An object as HTML: lists as ``<ul>``, members line by line."""
    if value is None:
        return "Not specified"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        rows = (f"<li style='margin-bottom: 1em'>{_unwrap(item)}</li>" for item in value)
        return f"<ul style='padding-left: 1em'>{''.join(rows)}</ul>"
    if isinstance(value, dict):
        return "<br/>".join(f"{_key_to_word(key)}: {_unwrap(item)}" for key, item in value.items())
    return shown(value)


def _job_v3(job: Any) -> Any:
    """A job in the form of SciCat's version 3."""
    parameters = job.get("jobParams") or {}
    return {
        "id": job.get("id"), "emailJobInitiator": job.get("contactEmail"), "type": job.get("type"),
        "creationTime": job.get("createdAt"), "jobParams": {**parameters, "username": job.get("createdBy")},
        "jobStatusMessage": job.get("statusCode"), "datasetList": parameters.get("datasetList", []),
    }  # fmt: skip


def _format_unit(value: float, unit: str, precision: int = 2) -> str:
    """A quantity with the prefix that suits it: ``52428800 B`` is ``50 MiB``."""
    number = float(value)
    if unit in ("B", "bytes", "byte"):
        step = 0
        while abs(number) >= 1024 and step < len(_BINARY) - 1:
            number, step = number / 1024, step + 1
        prefix, unit = _BINARY[step], "B"
    else:
        powers = [power for power in _DECIMAL if abs(number) >= 10.0**power] or [0]
        prefix = _DECIMAL[max(powers)]
        number /= 10.0 ** max(powers)
    text = f"{number:.{max(1, int(precision))}g}"
    return f"{float(text):g} {prefix}{unit}"


def _encoded(value: Any) -> str:
    return quote(shown(value), safe="!'()*-._~")


HELPERS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: all(_boolean(value) for value in values),
    "base64dec": lambda value: base64.b64decode(shown(value), validate=True).decode("latin-1"),
    "base64enc": lambda value: base64.b64encode(shown(value).encode("latin-1")).decode(),
    "concat": lambda *values: "".join(shown(value) for value in values),
    "default": lambda value, other: value if true(value) else other,
    "encodeURIComponent": _encoded,
    "eq": lambda one, other: type(one) is type(other) and one == other,
    "formatUnit": _format_unit,
    "job_v3": _job_v3,
    "jsonify": lambda value: msgspec.json.format(msgspec.json.encode(value), indent=3).decode(),
    "keyToWord": _key_to_word,
    "lookup": lambda value, key: value.get(key) if isinstance(value, dict) else value[int(key)] if value else None,
    "matches": lambda text, pattern, flags="": regex(pattern, flags).search(shown(text)) is not None,
    "not": lambda value: not _boolean(value),
    "or": lambda *values: any(_boolean(value) for value in values),
    "unwrapJSON": _unwrap,
    "urlencode": _encoded,
}
