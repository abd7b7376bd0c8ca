"""``shinecat lineage``: what a dataset was made of, and what was made of it."""

from __future__ import annotations

from collections.abc import Callable

import click

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat.lineage import Lineage
from jupyter_shinecat.scicat.lineage import lineage as follow

from .output import as_json_option, catalog_option, printable, say, say_json
from .session import open_client


@click.command()
@click.argument("pid")
@click.option("--depth", default=10, show_default=True, type=click.IntRange(1, 100), help="Steps in each direction.")
@catalog_option
@as_json_option
def lineage(pid: str, depth: int, url: str | None, as_json: bool) -> None:
    """Show the inputs and results of a dataset, step by step."""
    with open_client(url) as client:
        found = follow(client, pid, depth=depth)
    if as_json:
        say_json(
            {
                "pid": found.pid,
                "datasets": {
                    d.pid: {"name": d.name, "type": d.type, "ownerGroup": d.owner_group}
                    for d in found.datasets.values()
                },
                "edges": [{"input": source, "result": result} for source, result in sorted(found.edges)],
                "hidden": sorted(found.hidden),
                "older": found.older,
                "newer": found.newer,
                "complete": found.complete,
            }
        )
        return
    say(_words(found, found.pid))
    for title, versions in ((tr("Newer version"), found.newer), (tr("Older version"), found.older)):
        for other in versions:
            say(f"{title}: {_words(found, other)}")
    for title, next_of in ((tr("Inputs"), found.inputs), (tr("Results"), found.results)):
        if next_of(found.pid):
            say(title)
            _branch(found, found.pid, next_of, 1, {found.pid})
    if not found.complete:
        say(tr("There is more: this is a part only."), err=True)


def _branch(found: Lineage, pid: str, next_of: Callable[[str], list[str]], depth: int, shown: set[str]) -> None:
    for other in next_of(pid):
        again = other in shown
        say("  " * depth + _words(found, other) + (" …" if again and next_of(other) else ""))
        if not again:
            shown.add(other)
            _branch(found, other, next_of, depth + 1, shown)


def _words(found: Lineage, pid: str) -> str:
    dataset = found.datasets.get(pid)
    if dataset is None:
        return printable(pid) + "  " + tr("(not visible to you, or gone)")
    return printable(f"{pid}  {dataset.name}  [{dataset.type}, {dataset.owner_group}]")
