"""``shinecat admin``: users, groups, datasets, tokens; through REST, from any machine."""

from __future__ import annotations

import click

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import admin_operations as ops

from . import admin_datasets, admin_tokens, admin_users
from .output import as_json_option, catalog_option, printable, say, say_json
from .session import open_client


@click.group()
def admin() -> None:
    """Users, groups, datasets and tokens of a catalog, for its administrators."""


@admin.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Entries to show.")
@click.option(
    "--only", multiple=True, metavar="ACTION", help="Actions that begin so: user, dataset.access, dataset.delete."
)
@catalog_option
@as_json_option
def audit(limit: int, only: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Show who changed whose rights, made what and deleted what, oldest first."""
    from .admin_server import require

    with open_client(url, socket=False) as client:
        require(client, tr("show an audit file"), tr("Its server log and its history (HISTORY_ACCESS_...) have this."))
        entries = client.send(ops.audit(limit, only))
    if as_json:
        say_json(entries)
        return
    known = ("time", "user", "address", "request", "action", "subject")
    for entry in entries:
        rest = " ".join(f"{name}={value}" for name, value in entry.items() if name not in known)
        say(printable("  ".join([*(str(entry.get(name, "")) for name in ("time", "user", "action", "subject")), rest])))


for _command in (admin_users.users, admin_users.groups, admin_datasets.datasets, admin_tokens.tokens):
    admin.add_command(_command)
