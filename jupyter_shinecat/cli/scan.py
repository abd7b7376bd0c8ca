"""``shinecat scan``: catalogue a folder."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

if TYPE_CHECKING:
    from jupyter_shinecat.ingest import Outcome, ScanReport
    from jupyter_shinecat.scicat import CatalogClient

_LISTED = 50


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--owner-group", help="Group that owns the datasets; default: your own or only group.")
@click.option(
    "--owner-groups",
    "mapping",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file of folder prefix to owner group; the prefix '' is the rest.",
)
@click.option("--access-group", "access_groups", multiple=True, help="Group that may read; can be given several times.")
@click.option("--catalog", "url", help="Address of the catalog; default: SHINECAT_CATALOG_URL.")
@click.option("--facility", default="SHINE", show_default=True, help="Facility where the data were taken.")
@click.option("--host", help="Name of the machine whose folder this is; default: this machine.")
@click.option("--proposal", help="Proposal of all files; default: what contents and names tell.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that read files.")
@click.option("--timeout", default=30.0, show_default=True, type=click.FloatRange(1), help="Seconds for one file.")
@click.option("--dry-run", is_flag=True, help="Look and count only; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def scan(
    folder: Path,
    owner_group: str | None,
    mapping: Path | None,
    access_groups: tuple[str, ...],
    url: str | None,
    facility: str,
    host: str | None,
    proposal: str | None,
    workers: int,
    timeout: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Catalogue all files below DIR; nothing in DIR is changed.

    Signs in with SHINECAT_TOKEN, or through the Jupyter server it is started from. Ends with 0 when the scan went
    through, even with files that can't be read (they are listed), and with 1 when the catalog can't be reached.
    """
    from jupyter_shinecat import ingest

    with _client(url, dry_run=dry_run) as client:
        groups = _groups(owner_group, mapping, client, dry_run=dry_run)
        report: ScanReport | None = None
        try:
            report = ingest.scan(
                folder.expanduser(), client, owner_group=groups, access_groups=access_groups, facility=facility,
                host=host, proposal=proposal, dry_run=dry_run, progress=_progress(), workers=workers,
                timeout_s=timeout,
            )  # fmt: skip
        except ingest.ScanStopped as stopped:
            report = stopped.report
            raise
        finally:
            _end_progress()
            if report is not None:
                click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=1) if as_json else summary(report))


def _client(url: str | None, *, dry_run: bool) -> CatalogClient:
    from jupyter_shinecat.scicat import CatalogClient

    if url:
        return CatalogClient(url, os.environ.get("SHINECAT_TOKEN") or None)
    if dry_run and not os.environ.get("SHINECAT_CATALOG_URL") and not os.environ.get("SHINECAT_SOCKET"):
        return CatalogClient("http://localhost:3000")  # never called
    return CatalogClient.from_environment()


def _groups(
    owner_group: str | None, mapping: Path | None, client: CatalogClient, *, dry_run: bool
) -> str | dict[str, str]:
    if mapping is not None:
        return _read_mapping(mapping, owner_group)
    if owner_group:
        return owner_group
    if dry_run:
        return "unknown"
    identity = client.whoami()
    groups = [group for group in identity.groups if group != "globalaccess"]
    if identity.username in groups:  # the one-user catalog: everything belongs to this person
        return identity.username
    if len(groups) == 1:
        return groups[0]
    raise ShineCatError(
        tr("Which group shall own the datasets? You are in: {groups}.", groups=", ".join(groups) or tr("no group")),
        do=tr("Say it with --owner-group, or with --owner-groups FILE for several."),
    )


def _read_mapping(path: Path, rest: str | None) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ShineCatError(
            tr("The file of owner groups {path} can't be read: {reason}.", path=path, reason=error)
        ) from error
    if not isinstance(found, dict) or not all(isinstance(name, str) and name for name in found.values()):
        raise ShineCatError(
            tr("The file of owner groups {path} must be a JSON object of folder prefix to group.", path=path)
        )
    return {"": rest, **found} if rest else found


def _progress() -> Callable[[int, int, str], None] | None:
    """A line that rewrites itself, where somebody looks at a terminal."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int, path: str) -> None:
        click.echo(f"\r\x1b[K{done}/{total} {path[-60:]!r}", err=True, nl=False)

    return show


def _end_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def summary(report: ScanReport) -> str:
    """Counts, and every file without metadata with its reason."""
    lines = [tr("{count} files in {folder}", count=report.files, folder=report.folder)]
    with_metadata = sum(report.with_metadata.values())
    if with_metadata:
        formats = ", ".join(f"{name} {count}" for name, count in report.with_metadata.most_common())
        lines.append(tr("  {count} catalogued with metadata: {formats}", count=with_metadata, formats=formats))
    if report.beside:
        lines.append(tr("  {count} belong to another file's dataset", count=report.beside))
    if report.unchanged:
        lines.append(tr("  {count} unchanged since the last scan", count=report.unchanged))
    if report.without_metadata:
        lines.append(tr("  {count} catalogued without metadata:", count=len(report.without_metadata)))
        lines += _listed(report.without_metadata)
    if report.not_catalogued:
        lines.append(tr("  {count} not catalogued:", count=len(report.not_catalogued)))
        lines += _listed(report.not_catalogued)
    if report.folders_unreadable:
        lines.append(tr("{count} folders could not be read:", count=len(report.folders_unreadable)))
        lines += _listed(report.folders_unreadable)
    if report.gone:
        lines.append(tr("{count} files of earlier scans are gone; their datasets stay.", count=len(report.gone)))
    if report.dry_run:
        lines.append(tr("Nothing was written: this was a dry run."))
    return "\n".join(lines)


def _listed(outcomes: list[Outcome]) -> list[str]:
    """Each with its reason; when there are very many, the rest as counts by reason."""
    lines = [f"    {_printable(outcome.path)}: {outcome.reason}" for outcome in outcomes[:_LISTED]]
    rest = Counter(outcome.reason for outcome in outcomes[_LISTED:])
    lines += [tr("    and {count} more: {reason}", count=count, reason=reason) for reason, count in rest.most_common()]
    return lines


def _printable(path: str) -> str:
    """A name as it can be shown: control characters in it must not reach the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in path)
