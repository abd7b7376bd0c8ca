"""``shinecat admin datasets``: who may read datasets, and who owns them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogError, Dataset, grants
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
    _run(grants.grant(_names(groups)), **selection)


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
    _run(grants.give_to(*_names((group,))), **selection)


def _names(groups: tuple[str, ...]) -> tuple[str, ...]:
    """The groups, when each is a name that one can have."""
    for group in groups:
        if group != group.strip() or not group or "," in group:
            raise ShineCatError(
                tr("{group} is no name of a group.", group=repr(group)),
                do=tr("Give several groups one after the other, without commas."),
            )
    return groups


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
    found = list(grants.by_pid(client, pids))
    for folder in folders:
        nothing = tr("No dataset that you may see is in {folder}.", folder=folder)
        found += _some(grants.below_folder(client, folder), nothing)
    own: list[Change] = []
    for proposal in proposals:
        document = grants.proposal(client, proposal)
        change = grants.proposal_change(proposal, document, edit) if document is not None else None
        own += [change] if change is not None else []
        nothing = tr("The catalog has no proposal {proposal} that you may see, nor a dataset of it.", proposal=proposal)
        of_it = grants.of_proposal(client, proposal)
        found += of_it if document is not None else _some(of_it, nothing)
    return [*own, *grants.plan(found, edit)]


def _some(datasets: Iterable[Dataset], nothing: str) -> list[Dataset]:
    """All of them; none would be a slip of the pen rather than a wish."""
    found = list(datasets)
    if not found:
        raise ShineCatError(nothing, do=tr("Check how it is written, and as whom you are signed in."))
    return found


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
