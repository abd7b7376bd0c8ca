"""How commands print: texts from the catalog are untrusted, columns hold wide characters too."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

from jupyter_shinecat.errors import printable as printable

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
catalog_option = click.option(
    "--catalog", "url", metavar="URL", help="Address of the catalog; default: where you are signed in."
)


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows below their head, each column as wide as its widest cell."""
    cells = [[printable(cell) for cell in row] for row in [head, *rows]]
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def say(text: str, *, err: bool = False) -> None:
    """Print one text."""
    click.echo(text, err=err)


def say_json(value: Any) -> None:
    """Print a value as JSON; a name of a file that is no text (bytes) in JSON's own way."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    click.echo(text if text.encode("utf-8", "replace").decode("utf-8") == text else json.dumps(value, indent=1))


def size(size_bytes: int) -> str:
    """A size as people read it, in powers of 1024."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{size_bytes} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError
