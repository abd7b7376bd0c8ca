"""``shinecat admin users`` and ``groups``: who there is, and who is in which group."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, Secret
from jupyter_shinecat.scicat import admin_operations as ops

from .admin_server import accounts_elsewhere, require, user_named
from .output import as_json_option, catalog_option, say, say_json, table
from .password import ask, from_stdin_option
from .session import open_client


@click.group(invoke_without_command=True)
@catalog_option
@as_json_option
@click.pass_context
def users(ctx: click.Context, url: str | None, as_json: bool) -> None:
    """List all users with their groups, or change one."""
    if ctx.invoked_subcommand is not None:
        return
    with open_client(url, socket=False) as client:
        found = ops.users(client)
    if as_json:
        say_json([_view(user) for user in found])
        return
    head = (tr("User"), tr("Groups"), tr("E-mail"), tr("State"))
    state = {False: "", True: tr("disabled")}
    say(table(head, [(u.username, ", ".join(sorted(u.groups)), u.email, state[u.disabled]) for u in found]))


def _view(user: ops.User) -> dict[str, object]:
    return {
        "id": user.id, "username": user.username, "email": user.email, "groups": list(user.groups),
        "disabled": user.disabled,
    }  # fmt: skip


_link_option = click.option("--link", is_flag=True, help="Print the address of a page instead of a code.")


@users.command()
@click.argument("username")
@click.option("--email", default="", help="E-mail address.")
@click.option("--group", "groups", multiple=True, help="Group to be in; can be given several times.")
@click.option("--prompt", is_flag=True, help="Ask for the password now, instead of making a one-time code.")
@_link_option
@from_stdin_option
@catalog_option
@as_json_option
def create(
    username: str, email: str, groups: tuple[str, ...], prompt: bool, link: bool, from_stdin: bool, url: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Create USERNAME; the answer is a one-time code, or link, with which the person sets a password."""
    with open_client(url, socket=False) as client:
        require(client, tr("create a user"), accounts_elsewhere())
        password = _new_password(username, prompt, from_stdin)
        user, code = client.send(ops.create_account(username, email=email, groups=groups, password=password))
    if as_json:
        say_json({**_view(user), **_code_view(code, client.url)})
        return
    say(tr("Created {name}.", name=user.username))
    _tell_code(code, client.url, link=link)


def _new_password(username: str, prompt: bool, from_stdin: bool) -> Secret | None:
    if not (prompt or from_stdin):
        return None
    return ask(tr("New password of {user}", user=username), from_stdin=from_stdin, new=True)


def _code_view(code: ops.Code | None, url: str) -> dict[str, object]:
    if code is None:
        return {}
    return {"code": code.code.reveal(), "code_expires_at": code.expires_at, "link": ops.password_link(url, code)}


def _tell_code(code: ops.Code | None, url: str, *, link: bool) -> None:
    if code is None:
        return
    until = datetime.fromtimestamp(code.expires_at).astimezone().isoformat(sep=" ", timespec="minutes")
    if link:
        say(tr("One-time link, good until {time}: {link}", time=until, link=ops.password_link(url, code)))
        say(tr("Give it to {name} only: whoever opens it sets the password.", name=code.username))
        return
    say(tr("One-time code, good until {time}: {code}", time=until, code=code.code.reveal()))
    say(
        tr(
            "Give it to {name} only, who then runs: shinecat passwd --catalog {url} --user {name} --code",
            name=code.username,
            url=url,
        )
    )


def _switch(username: str, url: str | None, as_json: bool, disabled: bool) -> None:
    with open_client(url, socket=False) as client:
        require(client, tr("disable or enable a user"), accounts_elsewhere())
        user = client.send(ops.change_account(user_named(client, username), {"disabled": disabled}))
    if as_json:
        say_json(_view(user))
    elif disabled:
        say(tr("Disabled {name}; signed-in sessions have ended.", name=username))
    else:
        say(tr("Enabled {name}.", name=username))


@users.command()
@click.argument("username")
@catalog_option
@as_json_option
def disable(username: str, url: str | None, as_json: bool) -> None:
    """Keep USERNAME out, from this moment on; nothing of theirs is deleted."""
    _switch(username, url, as_json, True)


@users.command()
@click.argument("username")
@catalog_option
@as_json_option
def enable(username: str, url: str | None, as_json: bool) -> None:
    """Let a disabled USERNAME in again."""
    _switch(username, url, as_json, False)


@users.command()
@click.argument("username")
@catalog_option
@as_json_option
def delete(username: str, url: str | None, as_json: bool) -> None:
    """Remove the account USERNAME; datasets stay with their groups."""
    with open_client(url, socket=False) as client:
        require(client, tr("delete a user"), accounts_elsewhere())
        user = client.send(ops.delete_account(user_named(client, username)))
    if as_json:
        say_json(_view(user))
    else:
        say(tr("Deleted {name}.", name=username))


@users.command()
@click.argument("username")
@click.option("--prompt", is_flag=True, help="Ask for the new password now, instead of making a one-time code.")
@_link_option
@from_stdin_option
@catalog_option
@as_json_option
def password(username: str, prompt: bool, link: bool, from_stdin: bool, url: str | None, as_json: bool) -> None:
    """Reset the password of USERNAME by a one-time code or link, or set it; signed-in sessions end."""
    with open_client(url, socket=False) as client:
        if ops.FEATURE not in client.health().features:
            _plain_password(client, username, _new_password(username, prompt, from_stdin), as_json)
            return
        user = user_named(client, username)
        code = client.send(ops.set_password(user, _new_password(username, prompt, from_stdin)))
    if as_json:
        say_json({"username": username, **_code_view(code, client.url)})
        return
    say(tr("The old password of {name} holds no longer.", name=username))
    _tell_code(code, client.url, link=link)


def _plain_password(client: CatalogClient, username: str, password: Secret | None, as_json: bool) -> None:
    """What a real SciCat can do: a password of a local account, set by an administrator."""
    if password is None:
        raise ShineCatError(
            tr("This catalog has no one-time codes: it is a SciCat without our administration."),
            do=tr("Set a password with --prompt or --password-stdin, and tell it to the person."),
        )
    client.send(ops.set_plain_password(user_named(client, username), password))
    if as_json:
        say_json({"username": username})
        return
    say(tr("The old password of {name} holds no longer.", name=username))
    say(tr("Tokens of theirs live until they expire: a real SciCat ends them only by a new JWT_SECRET."))


# -- groups ------------------------------------------------------------------------------------------------------------


@click.group(invoke_without_command=True)
@catalog_option
@as_json_option
@click.pass_context
def groups(ctx: click.Context, url: str | None, as_json: bool) -> None:
    """List all groups with their users, or change who is in one.

    A group is a name: it is there as soon as somebody is in it.
    """
    if ctx.invoked_subcommand is not None:
        return
    with open_client(url, socket=False) as client:
        found = ops.users(client)
    members: dict[str, list[str]] = defaultdict(list)
    for user in found:
        for group in user.groups:
            members[group].append(user.username)
    if as_json:
        say_json({group: sorted(members[group]) for group in sorted(members)})
        return
    rows = [(group, ", ".join(sorted(members[group]))) for group in sorted(members)]
    say(table((tr("Group"), tr("Users")), rows))


def _membership(group: str, usernames: tuple[str, ...], url: str | None, as_json: bool, *, member: bool) -> None:
    with open_client(url, socket=False) as client:
        require(client, tr("change groups"), accounts_elsewhere())
        people = [user_named(client, username) for username in usernames]  # all known before any is changed
        if not member and not any(group in user.groups for user in ops.users(client)):
            raise ShineCatError(
                tr("Nobody is in a group {group}.", group=group),
                do=tr("Check how it is written: shinecat admin groups."),
            )
        name = "addGroups" if member else "removeGroups"
        changed = [client.send(ops.change_account(user, {name: [group]})) for user in people]
    if as_json:
        say_json([_view(user) for user in changed])
        return
    say(table((tr("User"), tr("Groups")), [(user.username, ", ".join(sorted(user.groups))) for user in changed]))


@groups.command()
@click.argument("group")
@click.argument("usernames", nargs=-1, required=True)
@catalog_option
@as_json_option
def add(group: str, usernames: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Put users into GROUP; it holds from their next request on."""
    _membership(group, usernames, url, as_json, member=True)


@groups.command()
@click.argument("group")
@click.argument("usernames", nargs=-1, required=True)
@catalog_option
@as_json_option
def remove(group: str, usernames: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Take users out of GROUP; it holds from their next request on."""
    _membership(group, usernames, url, as_json, member=False)
