"""Values under a dotted path, as MongoDB finds them: through lists, and through keys that hold dots themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_SEGMENTS = 32


def split(path: str) -> tuple[str, ...]:
    """Segments of a path."""
    return tuple(path.split("."))


def values_at(value: Any, segments: tuple[str, ...]) -> Iterator[Any]:
    """Every value that the path leads to; nothing when it leads nowhere."""
    if not segments:
        yield value
    elif isinstance(value, dict):
        if len(segments) == 1:
            if segments[0] in value:
                yield value[segments[0]]
            return
        for length in range(1, len(segments) + 1):
            key = ".".join(segments[:length])
            if key in value:
                yield from values_at(value[key], segments[length:])
    elif isinstance(value, list):
        if segments[0].isdigit() and len(segments[0]) < 10:
            index = int(segments[0])
            if index < len(value):
                yield from values_at(value[index], segments[1:])
        for element in value:
            if isinstance(element, dict):
                yield from values_at(element, segments)


def candidates(doc: Any, segments: tuple[str, ...]) -> Iterator[Any]:
    """What a comparison is tried on: each value, and each element when the value is a list."""
    for value in values_at(doc, segments):
        yield value
        if isinstance(value, list):
            yield from value


def leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Pairs (path, scalar) of everything in ``value``; list indexes leave no trace in the path."""
    stack: list[tuple[str, Any]] = [(prefix, value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            stack.extend((f"{path}.{key}" if path else key, child) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend((path, child) for child in item)
        else:
            yield path, item
