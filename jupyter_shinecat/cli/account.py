"""``shinecat login``, ``logout``, ``whoami``: who talks to which catalog."""

from __future__ import annotations

import getpass
import os
import time

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogError, SignInRequired
from jupyter_shinecat.scicat.client import server_root
from jupyter_shinecat.scicat.errors import AccessDenied

from . import session
from .output import as_json_option, catalog_option, printable, say, say_json
from .password import ask, from_stdin_option


@click.command()
@catalog_option
@click.option("--user", "username", help="Your account's name; asked for when not given.")
@from_stdin_option
@as_json_option
def login(url: str | None, username: str | None, from_stdin: bool, as_json: bool) -> None:
    """Sign in at a catalog with your password.

    The password is asked for and never kept; the token is kept in your settings folder, readable by you only.
    """
    kept = _kept()
    address = url or os.environ.get("SHINECAT_CATALOG_URL") or (kept.url if kept else None)
    if not address:
        raise ShineCatError(tr("Which catalog?"), do=tr("Say it with --catalog URL."))
    address = server_root(address)
    if username is None:
        username = _ask_name(kept.username if kept and kept.url == address else None, from_stdin)
    password = ask(tr("Password of {user} at {url}", user=username, url=address), from_stdin=from_stdin)
    with CatalogClient(address) as client:
        try:
            found = client.login(username, password)
        except (SignInRequired, AccessDenied) as error:
            raise ShineCatError(
                tr("{url} does not know {user} with this password.", url=address, user=username),
                do=tr("Check both; an administrator can reset a password."),
            ) from error
    session.save(
        session.Session(address, found.username or username, found.token, found.expires_at,
                        max(0.0, found.expires_at - time.time()))
    )  # fmt: skip
    if as_json:
        say_json({"catalog": address, "user": found.username, "expires_at": found.expires_at})
    else:
        say(tr("Signed in at {url} as {user}.", url=address, user=found.username))


def _ask_name(default: str | None, from_stdin: bool) -> str:
    if from_stdin:
        raise ShineCatError(tr("Which account?"), do=tr("Say it with --user."))
    name: str = click.prompt(tr("User"), default=default or getpass.getuser(), err=True)
    return name


def _kept() -> session.Session | None:
    """What was kept, as far as it can be read: a new sign-in replaces a broken one."""
    try:
        return session.load()
    except ShineCatError:
        return None


@click.command()
@as_json_option
def logout(as_json: bool) -> None:
    """Forget the sign-in on this machine.

    As on every SciCat, a token that somebody copied stays good until it expires.
    """
    removed = session.forget()
    if as_json:
        say_json({"signed_out": removed})
    else:
        say(tr("Signed out.") if removed else tr("You were not signed in."))


@click.command()
@catalog_option
@as_json_option
def whoami(url: str | None, as_json: bool) -> None:
    """Show who you are at the catalog, and your groups."""
    with session.open_client(url) as client:
        who = client.whoami()
        try:
            server = client.health()
        except CatalogError:
            server = None
    if as_json:
        say_json(
            {"user": who.username, "email": who.email, "groups": list(who.groups), "id": who.user_id,
             "catalog": None if client.socket else client.url, "embedded": bool(server and server.embedded)}
        )  # fmt: skip
        return
    say(printable(f"{who.username} <{who.email}>" if who.email else who.username))
    say(tr("Groups: {groups}", groups=printable(", ".join(who.groups)) or tr("no group")))
    if not client.socket:
        say(tr("Catalog: {url}", url=client.url))
