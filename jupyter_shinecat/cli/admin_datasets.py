"""``shinecat admin datasets``: who may read datasets, and who owns them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogError, grants
from jupyter_shinecat.scicat.grants import Change, Edit

from .output import as_json_option, catalog_option, say, say_json, table
from .session import open_client


@click.group()
def datasets() -> None:
    """Grant and revoke reading of datasets, and move their ownership.

    Which datasets: --pid, --folder, --proposal, each as often as needed. --dry-run shows what would change.
    """


def _selection(command: Any) -> Any:
    for option in (
        click.option("--pid", "pids", multiple=True, help="A dataset."),
        click.option("--folder", "folders", multiple=True, help="All datasets of a source folder and those below it."),
        click.option("--proposal", "proposals", multiple=True, help="A proposal and all its datasets."),
        click.option("--dry-run", is_flag=True, help="Show what would change; change nothing."),
        catalog_option,
        as_json_option,
    ):
        command = option(command)
    return command


@datasets.command()
@click.argument("groups", nargs=-1, required=True)
@_selection
def grant(groups: tuple[str, ...], **selection: Any) -> None:
    """Let GROUPS read."""
    _run(grants.grant(groups), **selection)


@datasets.command()
@click.argument("groups", nargs=-1, required=True)
@_selection
def revoke(groups: tuple[str, ...], **selection: Any) -> None:
    """Let GROUPS read no longer; owner groups stay owners."""
    _run(grants.revoke(groups), **selection)


@datasets.command()
@click.argument("group")
@_selection
def move(group: str, **selection: Any) -> None:
    """Make GROUP the owner."""
    _run(grants.give_to(group), **selection)


def _run(
    edit: Edit, *, pids: tuple[str, ...], folders: tuple[str, ...], proposals: tuple[str, ...], dry_run: bool,
    url: str | None, as_json: bool,
) -> None:  # fmt: skip
    if not (pids or folders or proposals):
        raise ShineCatError(tr("Which datasets?"), do=tr("Say it with --pid, --folder or --proposal."))
    if any(not folder.rstrip("/\\") for folder in folders):
        raise ShineCatError(tr("The root is no folder of datasets."), do=tr("Name a folder below it."))
    with open_client(url, socket=False) as client:
        planned = _planned(client, edit, pids, folders, proposals)
        done: list[Change] = []
        failure: CatalogError | None = None
        if not dry_run:
            done, failure = _apply(client, planned, edit)
    shown = planned if dry_run else done
    if as_json:
        say_json({"dry_run": dry_run, "planned": len(planned), "changes": [_view(change) for change in shown]})
    else:
        _tell(shown, dry_run)
    if failure is not None:
        raise ShineCatError(
            failure.what,
            left=tr("{done} of {all} are changed, the others are as they were.", done=len(done), all=len(planned)),
            do=tr("Repeat the command once the cause is gone: what is done stays."),
        ) from failure


def _planned(
    client: CatalogClient, edit: Edit, pids: tuple[str, ...], folders: tuple[str, ...], proposals: tuple[str, ...]
) -> list[Change]:
    parts = [grants.by_pid(client, pids)]
    parts += [grants.below_folder(client, folder) for folder in folders]
    parts += [grants.of_proposal(client, proposal) for proposal in proposals]
    own = [grants.proposal_change(client, proposal, edit) for proposal in proposals]
    return [*(change for change in own if change is not None), *grants.plan(chain.from_iterable(parts), edit)]


def _apply(client: CatalogClient, planned: list[Change], edit: Edit) -> tuple[list[Change], CatalogError | None]:
    done: list[Change] = []
    for change in planned:
        try:
            made = grants.apply(client, change, edit)
        except CatalogError as error:
            return done, error
        if made is not None:
            done.append(made)
    return done, None


def _view(change: Change) -> dict[str, Any]:
    return {"kind": change.kind, "id": change.id, "before": change.before, "after": change.after}


def _tell(changes: list[Change], dry_run: bool) -> None:
    if changes:
        rows = [(change.id, _words(change.before), _words(change.after)) for change in changes]
        say(table((tr("Object"), tr("Before"), tr("After")), rows))
    if dry_run:
        say(tr("{count} would change; this was a dry run.", count=len(changes)), err=True)
    else:
        say(tr("{count} changed.", count=len(changes)), err=True)


def _words(access: dict[str, Any]) -> str:
    readers = ", ".join(access["accessGroups"])
    return f"{access['ownerGroup']} ({readers})" if readers else str(access["ownerGroup"])
