"""How handles and lists of hits show themselves: as HTML without scripts, in the colours of the theme, and as text.

All texts come from a catalog and are shown as text, whatever they hold.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape as html_escape
from typing import Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile
from jupyter_shinecat.scicat import Dataset as Record

from .archive import is_archived
from .values import led, pair

_ROWS = 200
_FILES = 20

_BOX = (
    "border:1px solid var(--jp-border-color2,#bdbdbd);border-radius:4px;padding:8px 12px;max-width:56em;"
    "color:var(--jp-ui-font-color1,inherit);background:var(--jp-layout-color1,transparent);"
    "font-family:var(--jp-ui-font-family,sans-serif);font-size:var(--jp-ui-font-size1,13px)"
)
_TITLE = "font-size:1.15em;font-weight:600"
_QUIET = "color:var(--jp-ui-font-color2,inherit)"
# A notebook's own style sheet gives tables other sizes and stripes; theirs are for data, this is text.
_TABLE = "border-collapse:collapse;border:0;color:inherit;font-size:inherit"
_CELL = "text-align:left;vertical-align:top;padding:1px 12px 1px 0;border:0"
_MONO = "font-family:var(--jp-code-font-family,monospace)"


def size_text(size_bytes: float) -> str:
    """A size for people: ``1.5 MB`` (steps of 1000, as disks are sold and files are listed)."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size_bytes < 1000 or unit == "TB":
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return ""


def facts(record: Record) -> list[tuple[str, str]]:
    """Label and text of what a dataset says of itself, without what is empty."""
    taken = record.creation_time
    rows = [
        (tr("PID"), record.pid),
        (tr("Type"), record.type),
        (tr("Owner group"), record.owner_group),
        (tr("Taken"), taken.strftime("%Y-%m-%d %H:%M:%S UTC") if taken else ""),
        (tr("Proposal"), ", ".join(record.proposal_ids)),
        (tr("Sample"), ", ".join(record.sample_ids)),
        (tr("Instrument"), ", ".join(record.instrument_ids)),
        (tr("Keywords"), ", ".join(record.keywords)),
        (tr("Inputs"), ", ".join(record.input_datasets)),
        (tr("Files"), f"{record.number_of_files} ({size_text(record.size_bytes)})" if record.number_of_files else ""),
        (tr("Archive"), tr("in the archive; ds.retrieve() asks for the files back") if is_archived(record) else ""),
        (tr("Description"), record.description),
    ]
    return [(label, text) for label, text in rows if text]


def dataset_text(record: Record) -> str:
    """A dataset for a terminal."""
    rows = facts(record)
    width = max(columns_of(label) for label, _ in rows) + 1
    following = "\n" + " " * (width + 3)
    lines = [printable(_clip(record.name, 300))]
    for label, text in rows:
        shown = printable(_clip(text, 300), keep="\n").replace("\n", following)
        lines.append(f"  {label}:{' ' * (width - columns_of(label))}{shown}")
    return "\n".join(lines)


def dataset_html(record: Record, files: Sequence[DataFile] | None) -> str:
    """A dataset as a card."""
    rows = "".join(_row(label, text) for label, text in facts(record))
    parts = [
        f'<section style="{_BOX}" aria-label="{escape(tr("Dataset {name}", name=record.name))}">',
        f'<div role="heading" aria-level="3" style="{_TITLE}">{escape(record.name)}</div>',
        f'<table style="{_TABLE};margin:4px 0"><tbody>{rows}</tbody></table>',
    ]
    if record.metadata:
        parts.append(f"<details><summary>{escape(tr('Metadata'))}</summary>{metadata_html(record.metadata)}</details>")
    if files:
        parts.append(f"<details><summary>{escape(tr('Files'))}</summary>{_files_html(files)}</details>")
    return "".join([*parts, "</section>"])


def metadata_html(tree: Mapping[str, Any]) -> str:
    """The metadata tree as a table of paths and values, at most a few hundred rows."""
    rows: list[str] = []
    left = _add_rows(tree, 0, rows)
    if left:
        rows.append(_row("", tr("... and {count} more", count=left)))
    return f'<table style="{_TABLE}"><tbody>{"".join(rows)}</tbody></table>'


def hits_html(columns: Sequence[str], cells: Sequence[Sequence[str]], note: str) -> str:
    """Hits as a table."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(column)}</th>' for column in columns)
    body = ""
    for row in cells:
        body += (
            '<tr style="background:transparent">'
            + "".join(f'<td style="{_CELL}">{escape(_clip(text, 120))}</td>' for text in row)
            + "</tr>"
        )
    return (
        f'<section style="{_BOX};max-width:none" aria-label="{escape(tr("Search results"))}">'
        f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f'<div style="{_QUIET}">{escape(note)}</div></section>'
    )


def _row(label: str, text: str, depth: int = 0) -> str:
    indent = f";padding-left:{depth * 1.2:.1f}em" if depth else ""
    return (
        f'<tr style="background:transparent"><th scope="row" style="{_CELL}{indent};font-weight:normal;{_QUIET}">'
        f'{escape(label)}</th><td style="{_CELL};white-space:pre-wrap;overflow-wrap:anywhere">'
        f"{escape(_clip(text, 2000))}</td></tr>"
    )


def _add_rows(tree: Mapping[str, Any], depth: int, rows: list[str]) -> int:
    """Adds rows; returns how many entries did not fit."""
    left = 0
    for key, entry in tree.items():
        if len(rows) >= _ROWS or depth > 20:
            left += 1
            continue
        value = pair(entry)
        if value is None and isinstance(entry, Mapping):
            head, members = led(entry)
            rows.append(_row(str(key), "" if head is None else str(head), depth))
            left += _add_rows(members, depth + 1, rows)
        else:
            rows.append(_row(str(key), str(value if value is not None else entry), depth))
    return left


def _files_html(files: Sequence[DataFile]) -> str:
    rows = "".join(
        f'<tr style="background:transparent"><td style="{_CELL};{_MONO}">{escape(_clip(file.path, 300))}</td>'
        f'<td style="{_CELL};text-align:right">{escape(size_text(file.size_bytes))}</td></tr>'
        for file in files[:_FILES]
    )
    more = len(files) - _FILES
    tail = f'<div style="{_QUIET}">{escape(tr("... and {count} more", count=more))}</div>' if more > 0 else ""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(text)}</th>' for text in (tr("Path"), tr("Size")))
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{tail}'


def columns_of(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese signs take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def escape(text: str) -> str:
    """Text for HTML: nothing in it is markup, and nothing steers."""
    return html_escape(printable(text, keep="\n\t"))


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + " ..."
