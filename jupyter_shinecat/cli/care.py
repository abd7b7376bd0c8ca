"""``shinecat catalog check | backup | restore | reindex | export | import``."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from jupyter_shinecat.locale import tr

_data = click.option(
    "--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="The catalog's data folder."
)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in counts.items())


@click.command()
@_data
@click.option("--all", "whole_index", is_flag=True, help="Compare every entry of the index, not a sample.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def check(data: Path, whole_index: bool, as_json: bool) -> None:
    """Read everything and compare; exit code 1 when a document is damaged, 2 when only the index is.

    Changes nothing; the catalog may be running.
    """
    from jupyter_shinecat.catalog.care.check import check as run

    report = run(data.expanduser().absolute(), whole_index=whole_index)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=1))
    else:
        click.echo(_counts(report.counts))
        for text in report.problems:
            click.echo(tr("damaged: {what}", what=text))
        for text in report.index:
            click.echo(tr("search index: {what}", what=text))
        for text in report.notes:
            click.echo(tr("note: {what}", what=text))
        if report.problems:
            click.echo(tr("Restore a backup: shinecat catalog restore."))
        elif report.index:
            click.echo(tr("Build the index anew: shinecat catalog reindex."))
        else:
            click.echo(tr("all is well"))
    sys.exit(1 if report.problems else 2 if report.index else 0)


@click.command()
@_data
@click.option("--with-secret", is_flag=True, help="Include the key that signs tokens.")
@click.argument("target", type=click.Path(path_type=Path))
def backup(data: Path, with_secret: bool, target: Path) -> None:
    """Copy the database into the new folder TARGET, whether or not the catalog is running.

    The copy holds accounts with their password hashes, not the accounts file, and without --with-secret not the key
    that signs tokens.
    """
    from jupyter_shinecat.catalog.care.backup import backup as run

    manifest = run(data.expanduser().absolute(), target.expanduser().absolute(), with_secret=with_secret)
    click.echo(_counts(manifest.counts))
    click.echo(tr("backup in {path}", path=target))


@click.command()
@_data
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(data: Path, source: Path) -> None:
    """Verify the backup SOURCE and bring it into a data folder that has no catalog."""
    from jupyter_shinecat.catalog.care.backup import SECRET
    from jupyter_shinecat.catalog.care.backup import restore as run

    folder = data.expanduser().absolute()
    manifest = run(source.expanduser().absolute(), folder)
    click.echo(_counts(manifest.counts))
    click.echo(tr("restored into {path}", path=folder))
    if SECRET not in manifest.files:
        click.echo(tr("The backup has no token secret: everyone has to sign in anew."))


@click.command()
@_data
def reindex(data: Path) -> None:
    """Build the search index of a stopped catalog anew."""
    from jupyter_shinecat.catalog.care.reindex import reindex as run

    click.echo(tr("{number} datasets in the index", number=run(data.expanduser().absolute())))


@click.command()
@_data
@click.option(
    "--form", type=click.Choice(["lines", "mongo"]), default="lines", show_default=True,
    help="lines: one file for another catalog of this kind. mongo: a folder of files for mongoimport.",
)  # fmt: skip
@click.argument("target", type=click.Path(path_type=Path))
def export(data: Path, form: str, target: Path) -> None:
    """Write every document into TARGET, a new file or folder; accounts are not exported. The catalog may be running."""
    from jupyter_shinecat.catalog.care.export import export_lines, export_mongo

    run = export_mongo if form == "mongo" else export_lines
    result = run(data.expanduser().absolute(), target.expanduser().absolute())
    click.echo(_counts(result.counts))
    for kind, id, reason in result.refused:
        click.echo(tr("left out: {kind} {id}: {reason}", kind=kind, id=id, reason=reason))
    click.echo(tr("export in {path}", path=target))
    sys.exit(1 if result.refused else 0)


@click.command("import")
@_data
@click.option("--env", "env_file", type=click.Path(dir_okay=False, path_type=Path), help="File with SciCat's settings.")
@click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a token of the SciCat; else the variable SHINECAT_TOKEN.",
)  # fmt: skip
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the result as JSON.")
@click.argument("source")
def import_(data: Path, env_file: Path | None, token_file: Path | None, report: Path | None, source: str) -> None:
    """Bring documents into a stopped catalog: from SOURCE, a file that export made or the address of a SciCat.

    PIDs and audit fields are kept; documents that are there already stay as they are. Run it again after an
    interruption: it goes on. Exit code 1 when a document was refused or differs.
    """
    from jupyter_shinecat.catalog.care.importing import Importer
    from jupyter_shinecat.catalog.care.sources import LinesSource, SciCatSource, Source
    from jupyter_shinecat.catalog.settings import Settings, environment
    from jupyter_shinecat.scicat.secret import Secret

    taken: Source
    if source.startswith(("http://", "https://")):
        text = token_file.read_text(encoding="ascii") if token_file else os.environ.get("SHINECAT_TOKEN", "")
        if not text.strip():
            click.echo(tr("Without a token only what is public is imported."))
        taken = SciCatSource(source, Secret(text.strip()) if text.strip() else None)
    else:
        taken = LinesSource(Path(source).expanduser())
    importer = Importer(data.expanduser().absolute(), Settings.from_environment(environment(env_file)))
    result = importer.run(taken)
    if result.resumed:
        click.echo(tr("went on with an import that had been interrupted"))
    click.echo(tr("new: {counts}", counts=_counts(result.new) or "0"))
    click.echo(tr("there already: {counts}", counts=_counts(result.same) or "0"))
    for kind, id, names in result.different:
        click.echo(tr("kept as it is here: {kind} {id}, which differs in {names}", kind=kind, id=id, names=names))
    for kind, id, reason in result.refused:
        click.echo(tr("refused: {kind} {id}: {reason}", kind=kind, id=id, reason=reason))
    if report is not None:
        report.write_text(json.dumps(asdict(result), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if result.refused or result.different else 0)
