"""Settings of a user's server: traits ``c.ShineCat.*``, each also a variable ``SHINECAT_*``."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import platformdirs
from traitlets import Bool, Enum, Float, HasTraits, Integer, List, Unicode, default, validate
from traitlets import Dict as DictTrait

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.files.maps import parse_maps
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import results_dir, state_dir
from jupyter_shinecat.scicat.client import server_root

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class SettingsTraits(HasTraits):
    """The settings; `ShineCat` adds the parts that run by them."""

    catalog_url = Unicode(
        help="Root address of the catalog, such as https://scicat.example.org (SHINECAT_CATALOG_URL). Empty: an "
        "embedded catalog is started for this user alone."
    ).tag(config=True)
    files_url = Unicode(
        help="Root address of the file service (shinecat files serve), from which kernels read files that are not "
        "mounted here (SHINECAT_FILES_URL). Empty: there is none."
    ).tag(config=True)
    results_folder = Unicode(
        help="Folder whose data files are results that go to the catalog (SHINECAT_RESULTS). Default ~/results."
    ).tag(config=True)
    write_back = Enum(
        ("auto", "ask", "off"),
        help="What happens to results (SHINECAT_WRITE_BACK): auto sends each, ask waits for a yes to each, off sends "
        "nothing.",
    ).tag(config=True)
    hold_s = Float(
        min=0.0,
        help="How long a result must stay unchanged before it is sent, in seconds (SHINECAT_HOLD_S).",
    ).tag(config=True)
    owner_group = Unicode(
        help="Group that owns results whose inputs leave a choice (SHINECAT_OWNER_GROUP). Empty: where the inputs' "
        "groups differ, the person is asked once."
    ).tag(config=True)
    settle_s = Float(
        min=0.0,
        help="How long the outcome of a request that was cut off is looked for before it is sent again, in seconds "
        "(SHINECAT_SETTLE_S). Default 10; more where a proxy holds requests back for longer.",
    ).tag(config=True)
    send_notebook = Bool(
        help="Attach the notebook to each of its results, without outputs and secrets (SHINECAT_SEND_NOTEBOOK). "
        "Default: off."
    ).tag(config=True)
    kernel_channel = Enum(
        ("socket", "tcp"),
        help="How kernels reach this server (SHINECAT_KERNEL_CHANNEL): a Unix socket, or a port of 127.0.0.1 with a "
        "capability for each kernel, kept in a file that only its owner can read. Default: socket, where there are "
        "sockets.",
    ).tag(config=True)
    path_maps = List(
        DictTrait(),
        help="Where the catalog's folders lie on this machine, first match wins (SHINECAT_PATH_MAPS, as JSON): a list "
        'of {"host": "daq1", "from": "/data", "to": "/mnt/daq1/data"}.',
    ).tag(config=True)
    state_folder = Unicode(
        help="Folder for spool, outbox and one-user catalog (SHINECAT_STATE). Default: the platform's folder for "
        "user data."
    ).tag(config=True)
    drop_hub_token = Bool(
        help="Take JupyterHub's API token and other secrets of the hub out of the environment of kernels and terminals "
        "(SHINECAT_DROP_HUB_TOKEN). Turn it off where programs in kernels call the hub."
    ).tag(config=True)
    run_outbox = Bool(
        help="Run the process that sends results (SHINECAT_RUN_OUTBOX). Without it results wait on disk."
    ).tag(config=True)
    catalog_timeout_s = Float(
        min=0.1, help="Time limit of each call to the catalog in seconds (SHINECAT_CATALOG_TIMEOUT_S). Default 30."
    ).tag(config=True)
    max_request_mb = Integer(
        64, min=1, help="Largest request that is passed on to the catalog, in MB; a larger one is refused."
    ).tag(config=True)
    max_answer_mb = Integer(
        256, min=1, help="Largest answer of the catalog that is passed on, in MB; a larger one is refused."
    ).tag(config=True)

    @default("catalog_url")
    def _default_catalog_url(self) -> str:
        return os.environ.get("SHINECAT_CATALOG_URL", "")

    @default("files_url")
    def _default_files_url(self) -> str:
        return os.environ.get("SHINECAT_FILES_URL", "")

    @default("results_folder")
    def _default_results_folder(self) -> str:
        return str(results_dir())

    @default("write_back")
    def _default_write_back(self) -> str:
        value = os.environ.get("SHINECAT_WRITE_BACK") or "auto"
        if value not in ("auto", "ask", "off"):
            raise _misset("SHINECAT_WRITE_BACK", value, "auto, ask, off")
        return value

    @default("hold_s")
    def _default_hold_s(self) -> float:
        return _number("SHINECAT_HOLD_S", 5.0)

    @default("kernel_channel")
    def _default_kernel_channel(self) -> str:
        value = os.environ.get("SHINECAT_KERNEL_CHANNEL") or ("socket" if hasattr(socket, "AF_UNIX") else "tcp")
        if value not in ("socket", "tcp"):
            raise _misset("SHINECAT_KERNEL_CHANNEL", value, "socket, tcp")
        return value

    @default("owner_group")
    def _default_owner_group(self) -> str:
        return os.environ.get("SHINECAT_OWNER_GROUP", "")

    @default("settle_s")
    def _default_settle_s(self) -> float:
        return _number("SHINECAT_SETTLE_S", 10.0)

    @default("send_notebook")
    def _default_send_notebook(self) -> bool:
        return _flag("SHINECAT_SEND_NOTEBOOK", False)

    @default("catalog_timeout_s")
    def _default_catalog_timeout_s(self) -> float:
        return _number("SHINECAT_CATALOG_TIMEOUT_S", 30.0)

    @default("path_maps")
    def _default_path_maps(self) -> list[dict[str, Any]]:
        text = os.environ.get("SHINECAT_PATH_MAPS")
        if not text:
            return []
        parse_maps(text)
        maps: list[dict[str, Any]] = json.loads(text)
        return maps

    @validate("path_maps")
    def _check_path_maps(self, proposal: Any) -> Any:
        parse_maps(proposal["value"])
        return proposal["value"]

    @default("state_folder")
    def _default_state_folder(self) -> str:
        try:
            return str(state_dir())
        except OSError:  # a full or read-only home folder: told when the server starts, not here
            return os.environ.get("SHINECAT_STATE") or platformdirs.user_data_dir("shinecat")

    @default("drop_hub_token")
    def _default_drop_hub_token(self) -> bool:
        return _flag("SHINECAT_DROP_HUB_TOKEN", True)

    @default("run_outbox")
    def _default_run_outbox(self) -> bool:
        return _flag("SHINECAT_RUN_OUTBOX", True)

    @property
    def state(self) -> Path:
        """Folder of this person's state; not made here."""
        return Path(self.state_folder).expanduser().absolute()

    @property
    def results(self) -> Path:
        """Folder of results; not made here."""
        return Path(self.results_folder).expanduser().absolute()

    @property
    def catalog_root(self) -> str:
        """The catalog's root without ``/api/v3``; empty for the one-user catalog."""
        return server_root(self.catalog_url) if self.catalog_url else ""

    def shared_environment(self) -> dict[str, str]:
        """What kernels, terminals and the outbox must know to agree with this server; no secrets."""
        return {
            "SHINECAT_STATE": str(self.state),
            "SHINECAT_RESULTS": str(self.results),
            "SHINECAT_WRITE_BACK": str(self.write_back),
            "SHINECAT_HOLD_S": f"{self.hold_s:g}",
            "SHINECAT_SETTLE_S": f"{self.settle_s:g}",
            "SHINECAT_OWNER_GROUP": str(self.owner_group),
            "SHINECAT_SEND_NOTEBOOK": "1" if self.send_notebook else "0",
        }


def _misset(name: str, value: str, known: str) -> ShineCatError:
    return ShineCatError(
        tr("{name} is {value}, which can't be understood.", name=name, value=value),
        do=tr("Set it to something like {known}.", known=known),
    )


def _number(name: str, fallback: float) -> float:
    text = os.environ.get(name)
    if not text:
        return fallback
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise _misset(name, text, f"{fallback:g}")
    return value


def _flag(name: str, fallback: bool) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return fallback
    if text not in _TRUE + _FALSE:
        raise _misset(name, text, "1, 0")
    return text in _TRUE
