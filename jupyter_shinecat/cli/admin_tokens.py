"""``shinecat admin tokens``: tokens for services."""

from __future__ import annotations

from datetime import datetime

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.scicat import admin_operations as ops

from .admin_server import require, user_named
from .output import as_json_option, catalog_option, say, say_json, table
from .session import open_client

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


@click.group(invoke_without_command=True)
@catalog_option
@as_json_option
@click.pass_context
def tokens(ctx: click.Context, url: str | None, as_json: bool) -> None:
    """List the tokens of services, or mint and revoke one."""
    if ctx.invoked_subcommand is not None:
        return
    with open_client(url, socket=False) as client:
        require(client, tr("list tokens"), _no_list())
        found = client.send(ops.service_tokens())
    if as_json:
        say_json([_view(token) for token in found])
        return
    head = (tr("Id"), tr("Name"), tr("User"), tr("Scope"), tr("Expires"), tr("Made by"))
    say(table(head, [(t.id, t.name, t.username, t.scope, _time(t.expires_at), t.created_by) for t in found]))


def _no_list() -> str:
    return tr(
        "A real SciCat keeps no list of tokens: they end by their lifetime, or all at once with a new JWT_SECRET."
    )


def _view(token: ops.ServiceToken) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": token.id, "name": token.name, "username": token.username, "scope": token.scope,
        "expires_at": token.expires_at, "created_by": token.created_by,
    }  # fmt: skip
    return {**shown, "token": token.token.reveal()} if token.token else shown


def _time(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s).astimezone().isoformat(sep=" ", timespec="minutes")


@tokens.command()
@click.argument("username")
@click.option("--name", default="", help="What it is for, to find it again.")
@click.option("--scope", type=click.Choice(["read", "all"]), default="read", show_default=True, help="What it may do.")
@click.option("--lifetime", default="30d", show_default=True, help="Seconds, or a number with s, m, h, d, w or y.")
@catalog_option
@as_json_option
def mint(username: str, name: str, scope: str, lifetime: str, url: str | None, as_json: bool) -> None:
    """Make a token for a service that acts as USERNAME; it is shown once."""
    with open_client(url, socket=False) as client:
        if ops.FEATURE in client.health().features:
            user_named(client, username)  # says it when there is none
            made = client.send(ops.issue_token(username, name or username, scope, lifetime))
        else:
            made = _plain(client, username, scope, lifetime)
    if as_json:
        say_json(_view(made))
        return
    assert made.token is not None
    say(made.token.reveal())
    say(tr("Good until {time}. It is shown this once.", time=_time(made.expires_at)), err=True)


def _plain(client: CatalogClient, username: str, scope: str, lifetime: str) -> ops.ServiceToken:
    """What a real SciCat can do: a token of the user, with all the user's rights."""
    if scope != "all":
        raise ShineCatError(
            tr("This catalog has no tokens for reading only."),
            do=tr("Make an account that is in reading groups only, and mint with --scope all for it."),
        )
    seconds = _seconds(lifetime)
    token = client.send(ops.mint(user_named(client, username), seconds))
    expires_at = datetime.now().timestamp() + seconds
    return ops.ServiceToken("", "", username, "all", expires_at, "", token)


def _seconds(lifetime: str) -> int:
    number, unit = (lifetime[:-1], lifetime[-1]) if lifetime[-1:] in _UNITS else (lifetime, "s")
    if not number.isdigit() or not int(number):
        raise ShineCatError(
            tr("{value} is not a lifetime.", value=lifetime),
            do=tr("Give seconds, or a number with s, m, h, d, w or y, such as 12h."),
        )
    return int(number) * _UNITS[unit]


@tokens.command()
@click.argument("token_id", metavar="ID")
@catalog_option
@as_json_option
def revoke(token_id: str, url: str | None, as_json: bool) -> None:
    """End the token ID (see the list) at once."""
    with open_client(url, socket=False) as client:
        require(client, tr("revoke a token"), _no_list())
        gone = client.send(ops.revoke_token(token_id))
    if as_json:
        say_json(_view(gone))
    else:
        say(tr("Revoked {name}.", name=gone.name))
