"""Asking for passwords: at the terminal, or from standard input; never on the command line."""

from __future__ import annotations

import sys

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Secret

from_stdin_option = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read passwords from standard input, one a line."
)
MINIMUM = 8


def ask(text: str, *, from_stdin: bool, new: bool = False) -> Secret:
    """A password; ``new`` asks twice and refuses short ones.

    Raises
    ------
    ShineCatError
        There is nobody to ask, or the password is too short.
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise ShineCatError(tr("There is no terminal to ask for a password."), do=tr("Give it with --password-stdin."))
    else:
        password = click.prompt(text, hide_input=True, confirmation_prompt=new, err=True)
    if not password:
        raise ShineCatError(tr("No password was given."))
    if new and len(password) < MINIMUM:
        raise ShineCatError(tr("A password needs at least {count} characters.", count=MINIMUM))
    return Secret(password)
