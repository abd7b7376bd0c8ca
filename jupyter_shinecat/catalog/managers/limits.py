"""Limits on what one document may hold, so that nobody's metadata cost others more than a moment."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.settings import Settings


def check_depth(value: Any, max_depth: int, max_keys: int, what: str) -> None:
    """Raise a 400 when ``value`` is nested deeper, or holds more keys and elements, than allowed."""
    stack = [(value, 1)]
    count = 0
    while stack:
        item, depth = stack.pop()
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        if not children:
            continue
        if depth > max_depth:
            raise Refused(400, f"{what} is nested deeper than {max_depth} levels")
        count += len(children)
        if count > max_keys:
            raise Refused(400, f"{what} holds more than {max_keys} values")
        stack.extend((child, depth + 1) for child in children if isinstance(child, (dict, list)))


def check_dataset(doc: Any, settings: Settings) -> None:
    """Raise a 400 when a dataset holds more than the index should."""
    check_depth(doc, settings.max_depth, settings.max_dataset_values, "The dataset")


def check_metadata(metadata: Any, settings: Settings) -> None:
    """Raise a 400 when free metadata are too many or too deep."""
    check_depth(metadata, settings.max_depth // 2, settings.max_metadata_keys, "scientificMetadata")
