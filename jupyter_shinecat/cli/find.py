"""``shinecat search``, ``show``, ``files``: what is in the catalog."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset, parse_query

from .output import as_json_option, catalog_option, printable, say, say_json, size, table
from .session import open_client


@click.command()
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 10_000), help="Datasets to show.")
@click.option("--skip", default=0, type=click.IntRange(0), help="Datasets to leave out before them.")
@catalog_option
@as_json_option
def search(words: tuple[str, ...], limit: int, skip: int, url: str | None, as_json: bool) -> None:
    """Find datasets, newest first.

    QUERY is words, "phrases" and parts such as type:raw, group:GET, proposal:P1, since:2026-05-01.
    """
    query = msgspec.structs.replace(parse_query(" ".join(_quoted(word) for word in words)), limit=limit, skip=skip)
    with open_client(url) as client:
        found = client.search(query)
        total, _counts = client.facets(query)
    if as_json:
        say_json({"total": total, "datasets": [dataset.doc for dataset in found]})
        return
    if found:
        head = (tr("PID"), tr("Name"), tr("Type"), tr("Group"), tr("Size"), tr("Created"))
        say(table(head, [_row(dataset) for dataset in found]))
    say(tr("{shown} of {total} datasets", shown=len(found), total=total), err=True)


def _quoted(word: str) -> str:
    """The shell took the quotes of a phrase away."""
    key, colon, value = word.partition(":")
    if not any(c.isspace() for c in word) or '"' in word:
        return word
    return f'{key}:"{value}"' if colon and key.isalpha() else f'"{word}"'


def _row(dataset: Dataset) -> tuple[str, ...]:
    created = dataset.creation_time
    return (
        dataset.pid, dataset.name, dataset.type, dataset.owner_group, size(dataset.size_bytes),
        created.strftime("%Y-%m-%d %H:%M") if created else "",
    )  # fmt: skip


@click.command()
@click.argument("pid")
@catalog_option
@as_json_option
def show(pid: str, url: str | None, as_json: bool) -> None:
    """Show a dataset with its metadata."""
    with open_client(url) as client:
        dataset = client.dataset(pid)
    if as_json:
        say_json(dataset.doc)
        return
    say(printable(dataset.name))
    created = dataset.creation_time
    lines = [
        (tr("PID"), dataset.pid),
        (tr("Type"), dataset.type),
        (tr("Owner group"), dataset.owner_group),
        (tr("Access groups"), ", ".join(dataset.access_groups)),
        (tr("Published"), tr("yes") if dataset.is_published else tr("no")),
        (tr("Created"), created.isoformat(sep=" ", timespec="seconds") if created else ""),
        (tr("Folder"), _folder(dataset)),
        (tr("Files"), f"{dataset.number_of_files} ({size(dataset.size_bytes)})"),
        (tr("Keywords"), ", ".join(dataset.keywords)),
        (tr("Proposals"), ", ".join(dataset.proposal_ids)),
        (tr("Inputs"), ", ".join(dataset.input_datasets)),
        (tr("Description"), dataset.description),
    ]
    say(table(("", ""), [(f"  {name}", value) for name, value in lines if value]).lstrip("\n"))
    if dataset.metadata:
        say(tr("Metadata"))
        _tree(dataset.metadata, 1)


def _folder(dataset: Dataset) -> str:
    host = dataset.source_folder_host
    return f"{host}:{dataset.source_folder}" if host else dataset.source_folder


def _tree(value: dict[str, Any], depth: int) -> None:
    for key, entry in value.items():
        name = "  " * depth + printable(key)
        pair = _pair(entry)
        if pair is None and isinstance(entry, dict) and depth < 30:
            say(name)
            _tree(entry, depth + 1)
        else:
            text = printable(pair if pair is not None else entry)
            say(f"{name}: {text if len(text) <= 200 else text[:199] + '…'}")


def _pair(entry: Any) -> str | None:
    """``value unit`` of SciCat's pairs, ``{value, unit}`` or the older ``{v, u}``."""
    for value, unit in (("value", "unit"), ("v", "u")):
        if isinstance(entry, dict) and value in entry and not isinstance(entry[value], dict):
            return f"{entry[value]} {entry.get(unit) or ''}".rstrip()
    return None


@click.command()
@click.argument("pid")
@catalog_option
@as_json_option
def files(pid: str, url: str | None, as_json: bool) -> None:
    """List the files of a dataset."""
    with open_client(url) as client:
        found = client.files(pid)
    if as_json:
        say_json([msgspec.to_builtins(file) for file in found])
        return
    if found:
        say(table((tr("Path"), tr("Size"), tr("Time")), [(f.path, size(f.size_bytes), f.time) for f in found]))
    say(tr("{count} files", count=len(found)), err=True)
