"""``shinecat passwd``: one's own new password."""

from __future__ import annotations

import os
import time

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.scicat import admin_operations as ops
from jupyter_shinecat.scicat.client import server_root

from . import session
from .admin_server import require
from .output import catalog_option, say
from .password import ask, from_stdin_option


@click.command()
@click.option("--code", "with_code", is_flag=True, help="With a one-time code of an administrator; it is asked for.")
@click.option("--user", "username", help="Your account's name, with --code.")
@from_stdin_option
@catalog_option
def passwd(with_code: bool, username: str | None, from_stdin: bool, url: str | None) -> None:
    """Change your password; every session of yours ends but this one.

    With --password-stdin the lines are: the old password, or the code; then the new password.
    """
    if with_code:
        _by_code(username, from_stdin, url)
        return
    with session.open_client(url, socket=False) as client:
        ours = ops.FEATURE in client.health().features
        name = client.whoami().username
        old = ask(tr("Old password of {user}", user=name), from_stdin=from_stdin)
        new = ask(tr("New password of {user}", user=name), from_stdin=from_stdin, new=True)
        client.send(ops.own_password(old, new) if ours else ops.own_plain_password(old, new))
        fresh = client.login(name, new)
        session.save(
            session.Session(client.url, name, fresh.token, fresh.expires_at, max(0.0, fresh.expires_at - time.time()))
        )
    if ours:
        say(tr("Your password is changed. Other sessions of yours have ended."))
    else:
        say(tr("Your password is changed. Other sessions of yours live until they expire."))


def _by_code(username: str | None, from_stdin: bool, url: str | None) -> None:
    address = url or os.environ.get("SHINECAT_CATALOG_URL")
    if not address:
        raise ShineCatError(tr("Which catalog?"), do=tr("Say it with --catalog URL."))
    if username is None:
        raise ShineCatError(tr("Which account?"), do=tr("Say it with --user."))
    with CatalogClient(server_root(address)) as client:
        require(client, tr("take a one-time code"), tr("An administrator sets a password there, and tells it to you."))
        code = ask(tr("One-time code"), from_stdin=from_stdin)
        new = ask(tr("New password of {user}", user=username), from_stdin=from_stdin, new=True)
        client.send(ops.use_code(username, code, new))
    say(tr("Your password is set. Sign in with shinecat login."))
