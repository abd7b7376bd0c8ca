"""``shinecat demo``: the whole circle on sample files, in a browser or headless."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from jupyter_shinecat.demo.circle import Circle
from jupyter_shinecat.demo.errors import DemoError
from jupyter_shinecat.demo.facility import ADMIN, PEOPLE, Facility
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import demo_dir


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port of the hub (8000).")
@click.option("--data", type=click.Path(path_type=Path), default=None, help="Folder that keeps everything.")
@click.option("--headless", is_flag=True, help="Turn the circle once without a browser, check it, and end.")
@click.option(
    "--files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="A folder of your own files instead of the samples; nothing in it is changed.",
)
def demo(port: int | None, data: Path | None, headless: bool, files: Path | None) -> None:
    """Start catalog, hub and sample files on this machine, and say what to try."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if headless:
            _headless(data, port or 0, files)
        else:
            _serve(data or demo_dir(), 8000 if port is None else port, files)
    except DemoError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo(tr("Ended; the data are kept."), err=True)
        sys.exit(130 if headless else 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(what: str, which: str, seconds: float) -> None:
    click.echo(f"{what:<34} {which}  ({seconds:.1f} s)")


def _headless(data: Path | None, port: int, files: Path | None) -> None:
    folder = data or Path(tempfile.mkdtemp(prefix="shinecat-demo-"))
    with Facility(folder, port) as facility:
        facility.prepare()
        derived = Circle(facility, _say, files.absolute() if files else None).run()
    click.echo(
        tr(
            "The circle is closed: {pid} names {inputs} as its input.",
            pid=derived.pid,
            inputs=derived.input_datasets[0],
        )
    )
    if data is None:  # kept when a step failed: its logs tell why
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, port: int, files: Path | None) -> None:
    with Facility(folder, port) as facility:
        facility.prepare()
        circle = Circle(facility, _say, files.absolute() if files else None)
        circle.start()
        click.echo()
        click.echo(tr("Open {url} in a browser.", url=facility.hub_url))
        click.echo(tr("Accounts (made at first start, kept in {file}):", file=facility.folder / "accounts.json"))
        for name, groups in {**PEOPLE, ADMIN: ["admin"]}.items():
            click.echo(f"  {name:<8}  {facility.accounts[name].reveal():<14}  {tr('groups')}: {', '.join(groups)}")
        click.echo()
        click.echo(tr("To try:"))
        for line in (
            tr("1. Sign in as zhangxf; click the cat in the left side bar; search “溶菌酶” or “lysozyme”."),
            tr("2. Open a dataset and press “Open in notebook”: it lands in a variable."),
            tr("3. Write a result: anything you save in ~/results becomes a Derived dataset by itself."),
            tr("4. Sign in as wangxch in a private window: the datasets of group GET are nowhere."),
        ):
            click.echo("  " + line)
        click.echo()
        click.echo(tr("Ctrl-C ends it; the data stay in {folder}.", folder=facility.folder))
        facility.wait()
