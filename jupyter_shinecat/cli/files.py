"""``shinecat files``: the files of a dataset, and the service that gives them to other machines."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from .find import files as list_files


class _Files(click.Group):
    """``shinecat files PID`` lists; everything else is a subcommand by its name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "list", self.commands["list"], args

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Options before the PID belong to the list: click would take them for the group's own.
        if args and args[0].startswith("-") and args[0] not in ("--help", "-h"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Files, subcommand_metavar="PID | serve ...")
def files(**_: Any) -> None:
    """List the files of a dataset, or serve files to other machines."""


files.add_command(list_files, "list")


@files.command()
@click.option(
    "--config",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Roots by owner group (YAML, JSON).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=3001, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--catalog", "url", default="", help="Root address of the catalog; wins over the configuration's.")
def serve(config: Path, host: str, port: int, url: str) -> None:
    """Give files of datasets to those whom the catalog lets read them, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # One line for each call of the catalog would drown the log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    from jupyter_shinecat.files.roots import load_config
    from jupyter_shinecat.files.serve import serve as run

    run(load_config(config, catalog_url=url), host=host, port=port, say=lambda line: click.echo(line))
