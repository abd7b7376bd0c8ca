"""``shinecat outbox``: see, send and retry results on their way to the catalog."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .output import printable

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def outbox() -> None:
    """Results on their way to the catalog."""


@outbox.command("list")
@_AS_JSON
def list_(as_json: bool) -> None:
    """Show all entries, newest first."""
    from jupyter_shinecat.outbox import list_entries
    from jupyter_shinecat.outbox.lease import Lease
    from jupyter_shinecat.outbox.spool import unread
    from jupyter_shinecat.paths import state_dir

    state = state_dir()
    _show(list_entries(state), as_json)
    count = unread(state)
    if count and not as_json and Lease(state / "outbox").holder() is None:
        words = tr(
            "Records of {count} programs have not been looked at yet. They are when your Jupyter server runs, or by "
            "shinecat outbox flush.",
            count=count,
        )
        click.echo(words)


@outbox.command()
@_AS_JSON
def flush(as_json: bool) -> None:
    """Send what waits, now and from here.

    The catalog is reached as SHINECAT_SOCKET, or SHINECAT_CATALOG_URL with SHINECAT_TOKEN, say, or where shinecat login
    signed in. Ends with 1 while something is left, also where another process is sending it.
    """
    sys.exit(1 if send_all(as_json=as_json) else 0)


def send_all(*, as_json: bool = False, err: bool = False) -> bool:
    """Send what waits and tell it, on standard error with ``err``; whether something is left.

    Raises
    ------
    ShineCatError
        The outbox can't be written, or nobody is signed in.
    """
    from jupyter_shinecat.outbox import list_entries
    from jupyter_shinecat.outbox.flush import flush as send
    from jupyter_shinecat.outbox.settings import Settings
    from jupyter_shinecat.outbox.spool import unread

    from .session import open_client

    settings = Settings.from_environment()
    try:
        flushed = send(settings, lambda line: None if as_json else _tell(line, err=err), open_client)
    except OSError as error:
        raise ShineCatError(
            tr("The outbox in {folder} can't be written ({cause}).", folder=settings.folder, cause=error.strerror),
            left=tr("Nothing is lost."),
            do=tr("Make room or make it writable, then repeat this."),
        ) from error
    if flushed.holder is not None:
        words = tr(
            "Process {pid} on {host} is sending already.",
            pid=flushed.holder.get("pid"),
            host=flushed.holder.get("host"),
        )
        click.echo(json.dumps({"holder": flushed.holder}) if as_json else words, err=err)
        return bool(_open_ones(list_entries(settings.state)) or unread(settings.state))
    left = _open_ones(flushed.entries)
    if as_json:
        click.echo(json.dumps({"entries": flushed.entries, "reason": flushed.reason, "do": flushed.do}))
    else:
        sent = sum(entry["state"] == "sent" for entry in flushed.entries)
        click.echo(tr("{sent} in the catalog, {left} left.", sent=sent, left=len(left)), err=err)
        if flushed.reason:
            click.echo(" ".join(part for part in (flushed.reason, flushed.do) if part), err=True)
    return bool(left)


def _open_ones(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["state"] not in ("sent", "withdrawn")]


@outbox.command()
@click.argument("key", required=False)
@_AS_JSON
def retry(key: str | None, as_json: bool) -> None:
    """Try the entry KEY again, or all that failed."""
    from jupyter_shinecat.outbox import request_retry

    _ask(request_retry, key, as_json)


@outbox.command()
@click.argument("key")
@_AS_JSON
def withdraw(key: str, as_json: bool) -> None:
    """Don't send the entry KEY. One that was sent stays in the catalog."""
    from jupyter_shinecat.outbox import request_withdraw

    _ask(request_withdraw, key, as_json, unless_sent=True)


@outbox.command()
@click.argument("key", required=False)
@click.option("--group", metavar="GROUP", help="The group that shall own it, where that is asked; it is remembered.")
@_AS_JSON
def release(key: str | None, group: str | None, as_json: bool) -> None:
    """Say yes to the entry KEY, or to all that wait for a yes; or say who shall own it."""
    from jupyter_shinecat.outbox import request_release

    _ask(partial(request_release, group=group), key, as_json, group=group)


def _ask(
    request: Callable[[Path, Any], None],
    key: str | None,
    as_json: bool,
    *,
    unless_sent: bool = False,
    group: str | None = None,
) -> None:
    from jupyter_shinecat.outbox import list_entries
    from jupyter_shinecat.outbox.lease import Lease
    from jupyter_shinecat.paths import state_dir

    state = state_dir()
    known = [entry for entry in list_entries(state) if key in (None, entry["key"])]
    if key is not None and not known:
        raise ShineCatError(tr("There is no entry {key}.", key=key), do=tr("See shinecat outbox list."))
    if unless_sent and known[0]["state"] == "sent":
        what = tr(
            "“{name}” is in the catalog already, as {pid}.", name=printable(known[0]["name"]), pid=known[0]["pid"]
        )
        raise ShineCatError(what, do=tr("Delete it there, or ask an administrator to."))
    choices = sorted({choice for entry in known for choice in entry["choices"]})
    if group is not None and choices and group not in choices:
        groups = ", ".join(map(printable, choices))
        what = tr("{group} is none of the groups that may own it.", group=printable(group))
        raise ShineCatError(what, do=tr("Choose one of {groups}.", groups=groups))
    try:
        request(state, key)
    except OSError as error:
        raise ShineCatError(
            tr("The request could not be written ({cause}).", cause=error.strerror),
            do=tr("Make room in {folder}, then repeat this.", folder=state),
        ) from error
    working = Lease(state / "outbox").holder() is not None
    if as_json:
        click.echo(json.dumps({"entries": len(known), "working": working}))
    elif working:
        click.echo(tr("Asked for {count} entries.", count=len(known)))
    else:
        click.echo(tr("Noted. It is done when your Jupyter server runs, or by shinecat outbox flush."))


def _show(entries: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"entries": entries}))
        return
    if not entries:
        click.echo(tr("Nothing is in the outbox."))
    for entry in entries:
        _tell(entry)


def _tell(entry: dict[str, Any], *, err: bool = False) -> None:
    words = printable(" ".join(str(part) for part in (entry["reason"], entry["do"]) if part))
    click.echo(
        "  ".join(
            part
            for part in (
                _state(entry["state"]),
                entry["key"],
                printable(entry["name"]),
                printable(entry["pid"] or ""),
                words,
            )
            if part
        ),
        err=err,
    )


def _state(state: str) -> str:
    match state:
        case "sending":
            return tr("sending")
        case "sent":
            return tr("sent")
        case "failed":
            return tr("failed")
        case "withdrawn":
            return tr("withdrawn")
    return tr("waiting")
