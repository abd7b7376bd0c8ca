"""``shinecat derived``: a result of a program in any language becomes a Derived dataset."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import IO, Any

import click

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .output import printable, say, say_json

_TIMEOUT_S = 60.0
_POLL_S = 0.3
_FINAL = ("sent", "withdrawn", "failed")


@click.command()
@click.option("--name", help="Name of the result; default: that of its first file.")
@click.option("--input", "inputs", multiple=True, metavar="PID", help="A dataset that flowed into it; repeatable.")
@click.option("--keyword", "keywords", multiple=True, metavar="WORD", help="A keyword; repeatable.")
@click.option("--description", help="What it is.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="JSON or text; repeatable.")
@click.option("--software", "software", multiple=True, metavar="NAME=VERSION", help="What made it; repeatable.")
@click.option("--code", type=click.File(encoding="utf-8"), metavar="FILE", help="The code that made it.")
@click.option("--json", "described", type=click.File(encoding="utf-8"), metavar="FILE",
              help="All of it as a JSON object, - for standard input; options add to it.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait until it is in the catalog, and print its PID.")
@click.option("--print-json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("files", nargs=-1, type=click.Path())
def derived(
    name: str | None,
    inputs: tuple[str, ...],
    keywords: tuple[str, ...],
    description: str | None,
    parameters: tuple[str, ...],
    software: tuple[str, ...],
    code: IO[str] | None,
    described: IO[str] | None,
    wait: bool,
    as_json: bool,
    files: tuple[str, ...],
) -> None:
    """Make one Derived dataset of FILES (a folder stands for all files in it).

    The same as POST /shinecat/api/derived: the result is noted durably, then sent once, however often it is announced.
    With a Jupyter server its outbox sends it. Without one it is sent from here, to SHINECAT_CATALOG_URL with
    SHINECAT_TOKEN, or where shinecat login signed in. Ends with 1 when it was refused or, with --wait or without a
    server, could not be sent yet.
    """
    body = _described(described)
    body["paths"] = [os.path.abspath(path) for path in [*_texts(body, "paths"), *files]]
    if not body["paths"] and not (name or body.get("name")):
        raise ShineCatError(tr("No file of the result is named."), do=tr("Name the files that belong to it."))
    for key, more in (("inputs", inputs), ("keywords", keywords)):
        body[key] = [*_texts(body, key), *more]
    for key, pairs in (("parameters", _pairs(parameters)), ("software", dict(map(_pair, software)))):
        known = body.get(key)
        body[key] = {**(known if isinstance(known, dict) else {}), **pairs}
    for key, text in (("name", name), ("description", description), ("code", code.read() if code else None)):
        if text is not None:
            body[key] = text
    if not body.get("name") and body["paths"]:
        body["name"] = os.path.basename(body["paths"][0])
    served = bool(os.environ.get("SHINECAT_SOCKET"))
    answer = _announce_to_server(body) if served else _announce_here(body)
    session = str(answer["session"])
    if not served:
        _send_from_here()
    _tell(answer, _outcome(session, wait=wait and served), strict=wait or not served, as_json=as_json)


def _described(file: IO[str] | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        told = json.load(file)
        if not isinstance(told, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError, OSError) as cause:
        raise ShineCatError(
            tr("The description of the result can't be read ({cause}).", cause=cause),
            do=tr("Give a JSON object in a file, or - for standard input."),
        ) from None
    return told


def _texts(body: dict[str, Any], key: str) -> list[Any]:
    value = body.get(key, [])
    return value if isinstance(value, list) else [value]


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ShineCatError(tr("{text} is not of the form NAME=VALUE.", text=text))
    return name, value


def _pairs(texts: tuple[str, ...]) -> dict[str, Any]:
    """Values as JSON where they are: numbers stay numbers."""
    found: dict[str, Any] = {}
    for name, value in map(_pair, texts):
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _announce_to_server(body: dict[str, Any]) -> dict[str, Any]:
    import httpx

    from jupyter_shinecat.scicat import channel

    transport = channel.transport(os.environ["SHINECAT_SOCKET"])
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT_S, trust_env=False) as http:
            answer = http.post("http://shinecat/shinecat/api/derived", json=body)
            told = answer.json()
    except (httpx.HTTPError, ValueError) as cause:
        raise ShineCatError(
            tr("Your Jupyter server does not answer ({cause}).", cause=type(cause).__name__),
            do=tr("Check that it runs, then repeat this."),
        ) from None
    if answer.status_code != 202 or not isinstance(told, dict):
        said = told if isinstance(told, dict) else {}
        what = said.get("what") or tr("Your Jupyter server refused the result ({status}).", status=answer.status_code)
        raise ShineCatError(str(what), left=str(said.get("left") or ""), do=str(said.get("do") or ""))
    return told


def _announce_here(body: dict[str, Any]) -> dict[str, Any]:
    from jupyter_shinecat.outbox.settings import Settings
    from jupyter_shinecat.server.derived import DerivedSpool

    settings = Settings.from_environment()
    return asyncio.run(DerivedSpool(settings.spool, settings.write_back).accept(body))


def _send_from_here() -> None:
    """Send what waits; where another outbox of this person is at work, it does."""
    from jupyter_shinecat.outbox.flush import flush
    from jupyter_shinecat.outbox.settings import Settings

    from .session import open_client

    flush(Settings.from_environment(), lambda line: None, open_client)


def _outcome(session: str, *, wait: bool) -> dict[str, Any] | None:
    from jupyter_shinecat.outbox import list_entries
    from jupyter_shinecat.paths import state_dir

    while True:
        entry = next((entry for entry in list_entries(state_dir()) if entry["session"] == session), None)
        if not wait or (entry is not None and (entry["state"] in _FINAL or entry["asks"] or entry["choices"])):
            return entry
        time.sleep(_POLL_S)


def _tell(answer: dict[str, Any], entry: dict[str, Any] | None, *, strict: bool, as_json: bool) -> None:
    state = entry["state"] if entry else "waiting"
    name = printable(answer["name"])
    if as_json:
        say_json(entry or answer)
    elif entry is not None and state == "sent":
        say(tr("The result “{name}” is in the catalog as {pid}.", name=name, pid=printable(entry["pid"])))
    elif entry is not None and (state != "waiting" or entry["reason"]):
        reason = " ".join(part for part in (entry["reason"], entry["do"]) if part)
        say(tr("The result “{name}” is not sent: {reason}", name=name, reason=printable(reason)), err=True)
    else:
        say(tr("The result “{name}” waits to be sent.", name=name))
    refused = state in ("failed", "withdrawn") or (strict and state != "sent")
    sys.exit(1 if refused else 0)
