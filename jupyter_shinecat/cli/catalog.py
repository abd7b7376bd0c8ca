"""``shinecat catalog``: run and care for the embedded catalog."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_shinecat.locale import tr

from . import care


@click.group()
def catalog() -> None:
    """Run and care for the embedded catalog."""


@catalog.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Data folder.")
@click.option(
    "--accounts", type=click.Path(dir_okay=False, path_type=Path), help="SciCat's functional accounts file (JSON)."
)
@click.option("--env", "env_file", type=click.Path(dir_okay=False, path_type=Path), help="File with SciCat's settings.")
@click.option(
    "--profile", default="shinecat", show_default=True, help="shinecat, or scicat-5: as strict as the real server."
)
@click.option("--verbose", is_flag=True, help="Log each request.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
    envvar="SHINECAT_LOG_FORMAT", help="json: one object a line, requests with their ids.",
)  # fmt: skip
def serve(
    host: str,
    port: int,
    data: Path,
    accounts: Path | None,
    env_file: Path | None,
    profile: str,
    verbose: bool,
    log_format: str,
) -> None:
    """Serve SciCat's REST from a data folder until stopped."""
    from jupyter_shinecat.catalog.logs import configure
    from jupyter_shinecat.catalog.server import serve as run
    from jupyter_shinecat.catalog.settings import Settings, environment

    env = environment(env_file)
    if accounts is None and env.get("FUNCTIONAL_ACCOUNTS_FILE"):
        accounts = Path(env["FUNCTIONAL_ACCOUNTS_FILE"]).expanduser()
    configure(as_json=log_format == "json", verbose=verbose)
    run(
        data.expanduser().absolute(),
        Settings.from_environment(env, profile),
        host=host,
        port=port,
        accounts_file=accounts,
    )
    click.echo(tr("stopped"))


for _command in (care.check, care.backup, care.restore, care.reindex, care.export, care.import_):
    catalog.add_command(_command)
