"""``shinecat run``: a plain script with the record on."""

from __future__ import annotations

import builtins
import os
import sys
import traceback
from importlib.util import decode_source
from types import ModuleType

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

_NOT_OPENED = 2  # as Python's own, so that a batch system tells it from a script that failed


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--send", is_flag=True, help="Send the results at the end, instead of leaving them to the next server.")
@click.argument("script", type=click.Path())
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(send: bool, script: str, arguments: tuple[str, ...]) -> None:
    """Run a Python script and record what it reads and writes.

    Results become Derived datasets like those of a notebook. The script gets ARGUMENTS and the name __main__, and its
    exit code is ours, also where its results can't be sent now: they wait.
    """
    code = _run(script, arguments)
    if send:
        _send()
    sys.exit(code)


def _send() -> None:
    """Standard output is the script's."""
    from .outbox import send_all

    sys.stdout.flush()
    try:
        send_all(err=True)
    except ShineCatError as error:
        click.echo(tr("Error: {reason}", reason=error), err=True)


def _run(script: str, arguments: tuple[str, ...]) -> int:
    from jupyter_shinecat import record

    path = os.path.abspath(script)
    try:
        with open(path, "rb") as file:
            source = decode_source(file.read())  # a script may name its own encoding
    except (OSError, SyntaxError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        unread = ShineCatError(
            tr("The script {path} can't be read: {cause}.", path=script, cause=reason),
            do=tr("Name a Python file that you may read."),
        )
        click.echo(tr("Error: {reason}", reason=unread), err=True)
        return _NOT_OPENED if isinstance(cause, OSError) else 1
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins, __annotations__={})
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(path)
    sys.modules["__main__"] = main
    try:
        program = compile(source, path, "exec", dont_inherit=True)
        if os.environ.get("SHINECAT_WRITE_BACK", "auto") == "off":
            exec(program, main.__dict__)  # noqa: S102 - it is what the user asks for
        else:
            with record.script(main.__dict__, path, source):
                exec(program, main.__dict__)  # noqa: S102
    except SystemExit as end:
        return _exit_code(end.code)
    except BaseException as error:
        _show(error, path)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _exit_code(code: object) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    click.echo(code, err=True)
    return 1


def _show(error: BaseException, path: str) -> None:
    """The traceback as Python itself would show it: from the script on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    sys.stdout.flush()
    traceback.print_exception(type(error), error, trace)
