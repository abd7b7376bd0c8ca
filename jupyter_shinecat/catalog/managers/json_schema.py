"""JSON schemas of facilities. The library is loaded at first use: it takes longer than everything else of a start."""

from __future__ import annotations

from typing import Any


def check(schema: Any) -> None:
    """Raise a ValueError that says what is wrong with a schema."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(str(error)) from None


def is_valid(schema: Any, value: Any) -> bool:
    """Whether ``value`` fits."""
    from jsonschema import Draft7Validator

    return bool(Draft7Validator(schema).is_valid(value))


def worst_problem(schema: Any, value: Any) -> str | None:
    """The most telling of what is wrong with ``value``; None when nothing is."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft7Validator(schema).iter_errors(value))
    return None if error is None else str(error.message)


def problems(schema: Any, value: Any) -> list[tuple[str, str]]:
    """Everything that is wrong with ``value``: places (``/a/0``) and what is said of them."""
    from jsonschema import Draft7Validator

    errors = sorted(Draft7Validator(schema).iter_errors(value), key=str)
    return [("/".join(["", *map(str, error.absolute_path)]), str(error.message)) for error in errors]
