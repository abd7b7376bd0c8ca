"""Validation of what clients send, with the constraint texts of SciCat's server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import Refused, bad_request

_EMAIL = re.compile(r"[^@\s;]{1,200}@[^@\s;.]+(\.[^@\s;.]+)+")
_MISSING: Any = object()
Constraints = dict[str, str]


def is_email(value: object) -> bool:
    """Whether ``value`` has the form of one e-mail address."""
    return isinstance(value, str) and _EMAIL.fullmatch(value.strip()) is not None


@dataclass(frozen=True)
class Field:
    """One property that a body may have; ``check`` names a rule below."""

    name: str
    check: str
    required: bool = False


@dataclass(frozen=True)
class Problem:
    """What is wrong with one property."""

    name: str
    constraints: Constraints

    @property
    def as_json(self) -> dict[str, Any]:
        """The form of class-validator, as v3 answers carry it."""
        if "whitelistValidation" in self.constraints:
            return {"property": self.name, "constraints": self.constraints}
        return {"property": self.name, "children": [], "constraints": self.constraints}


def problems(body: dict[str, Any], fields: tuple[Field, ...], *, partial: bool = False) -> list[Problem]:
    """Everything wrong with ``body``; ``partial`` lets required properties be absent."""
    known = {field.name for field in fields}
    found = [
        Problem(name, {"whitelistValidation": f"property {name} should not exist"})
        for name in body
        if name not in known
    ]
    for field in fields:
        value = body.get(field.name, _MISSING)
        if value is _MISSING or (value is None and not field.required):
            if field.required and not partial:
                found.append(Problem(field.name, _CHECKS[field.check](field.name, _MISSING)))
            continue
        constraints = _CHECKS[field.check](field.name, value)
        if constraints:
            found.append(Problem(field.name, constraints))
    return found


def messages(found: list[Problem]) -> list[str]:
    """The texts alone, as v4 answers carry them."""
    return [text for problem in found for text in problem.constraints.values()]


def require(body: Any, fields: tuple[Field, ...], *, partial: bool = False) -> dict[str, Any]:
    """``body`` without nulls when it is valid, else a 400 with a list of texts."""
    checked = require_object(body)
    found = problems(checked, fields, partial=partial)
    if found:
        raise Refused(400, messages(found))
    return without_nulls(checked)


def require_object(body: Any) -> dict[str, Any]:
    """``body`` when it is a JSON object, else a 400."""
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object")
    return body


def without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` without properties that are null: unset ones stay absent."""
    return {name: value for name, value in body.items() if value is not None}


def normalise_dates(body: dict[str, Any], fields: tuple[Field, ...]) -> None:
    """Bring valid dates into the stored form, in place."""
    for field in fields:
        if field.check == "date" and body.get(field.name) is not None:
            body[field.name] = dates.normal(body[field.name]) or body[field.name]


def _string(name: str, value: Any) -> Constraints:
    return {} if isinstance(value, str) else {"isString": f"{name} must be a string"}


def _text(name: str, value: Any) -> Constraints:
    empty = {"isNotEmpty": f"{name} should not be empty"} if value in (_MISSING, None, "") else {}
    return {**empty, **_string(name, value)}


def _number(name: str, value: Any) -> Constraints:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {} if number else {"isNumber": f"{name} must be a number conforming to the specified constraints"}


def _whole(name: str, value: Any) -> Constraints:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer()
    if not whole:
        return {"isInt": f"{name} must be an integer number"}
    return {} if 0 <= value < 2**63 else {"min": f"{name} must not be less than 0"}


def _flag(name: str, value: Any) -> Constraints:
    return {} if isinstance(value, bool) else {"isBoolean": f"{name} must be a boolean value"}


def _date(name: str, value: Any) -> Constraints:
    good = isinstance(value, str) and dates.normal(value) is not None
    return {} if good else {"isDateString": f"{name} must be a valid ISO 8601 date string"}


def _strings(name: str, value: Any) -> Constraints:
    if not isinstance(value, list):
        return {"isArray": f"{name} must be an array", "isString": f"each value in {name} must be a string"}
    good = all(isinstance(item, str) for item in value)
    return {} if good else {"isString": f"each value in {name} must be a string"}


def _object(name: str, value: Any) -> Constraints:
    return {} if isinstance(value, dict) else {"isObject": f"{name} must be an object"}


def _objects(name: str, value: Any) -> Constraints:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return {}
    return {"isArray": f"{name} must be an array"}


def _emails(name: str, value: Any) -> Constraints:
    if isinstance(value, str) and value.strip() and all(is_email(part) for part in value.split(";")):
        return {}
    got = "undefined" if value is _MISSING else value if isinstance(value, str) else type(value).__name__
    return {"customEmailList": f"Expected an email or a list of semicolon separated emails, got {str(got)[:200]}"}


def _email(name: str, value: Any) -> Constraints:
    return {} if is_email(value) else {"isEmail": f"{name} must be an email"}


def _string_or_strings(name: str, value: Any) -> Constraints:
    return _strings(name, value) if isinstance(value, list) else _string(name, value)


def _any(name: str, value: Any) -> Constraints:
    return {}


_CHECKS: dict[str, Callable[[str, Any], Constraints]] = {
    "string": _string, "text": _text, "number": _number, "whole": _whole, "flag": _flag, "date": _date,
    "strings": _strings,
    "object": _object, "objects": _objects, "emails": _emails, "email": _email, "any": _any,
    "string or strings": _string_or_strings,
}  # fmt: skip
