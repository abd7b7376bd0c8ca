"""The command group; subcommands load lazily so that ``shinecat --help`` is quick and light."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from jupyter_shinecat import __version__
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

# command: (module in this package, attribute, one line of help)
_COMMANDS = {
    "admin": ("admin", "admin", "Users, groups, datasets and tokens, for administrators."),
    "catalog": ("catalog", "catalog", "Run and care for the embedded catalog."),
    "demo": ("demo", "demo", "Run the whole circle on sample files."),
    "derived": ("derived", "derived", "Announce a result of a program in any language."),
    "files": ("files", "files", "List the files of a dataset, or serve files to other machines."),
    "lineage": ("lineage", "lineage", "Show what a dataset was made of, and what was made of it."),
    "login": ("account", "login", "Sign in at a catalog."),
    "logout": ("account", "logout", "Forget the sign-in."),
    "outbox": ("outbox", "outbox", "Results on their way to the catalog."),
    "passwd": ("passwd", "passwd", "Change your password."),
    "run": ("run", "run", "Run a Python script with the record on."),
    "scan": ("scan", "scan", "Catalogue a folder of files."),
    "search": ("find", "search", "Find datasets."),
    "show": ("find", "show", "Show a dataset."),
    "whoami": ("account", "whoami", "Show who you are at the catalog."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _help = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f".{module}", __package__), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="shinecat")
def _shinecat() -> None:
    """SciCat inside Jupyter: find data, open them in a kernel, and results are catalogued by themselves."""


def main(args: list[str] | None = None) -> Any:
    """Entry point; a ShineCatError is one sentence on stderr and exit code 1, never a traceback."""
    try:
        return _shinecat(args=args, prog_name="shinecat")
    except ShineCatError as error:
        click.echo(tr("Error: {reason}", reason=error), err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "jupyter_shinecat":
            raise  # our own fault, not a light installation
        missing = tr(
            "This command needs {package}, which a light installation leaves out. "
            'Install it with: pip install "{extra}"',
            package=error.name,
            extra="jupyter-shinecat[demo]",
        )
        click.echo(tr("Error: {reason}", reason=missing), err=True)
        sys.exit(1)
