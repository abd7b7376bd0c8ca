"""What the outbox is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import results_dir, state_dir

MODES = ("auto", "ask", "off")


@dataclass(frozen=True)
class Settings:
    """Settings of one outbox.

    Attributes
    ----------
    state
        Folder of this person's state.
    results
        Folder whose data files are results.
    hold_s
        How long a file must stay unchanged before it is taken, in seconds.
    write_back
        ``auto`` sends, ``ask`` waits for a release of each entry, ``off`` sends nothing.
    poll_s
        How often the spool folder is looked at, in seconds.
    settle_s
        How long to look for the outcome of a request that was cut off before it is sent again, in seconds: where the
        catalog accepts no identifier from us, only time tells a lost request from a slow one.
    owner_group
        Group to own results where the inputs leave a choice; empty to let the inputs decide, or to ask.
    send_notebook
        Whether the notebook goes with a result, without outputs and secrets, as an attachment.
    """

    state: Path
    results: Path
    hold_s: float = 5.0
    write_back: str = "auto"
    poll_s: float = 0.3
    settle_s: float = 10.0
    owner_group: str = ""
    send_notebook: bool = False

    @property
    def spool(self) -> Path:
        """Folder where kernels write their records."""
        return self.state / "spool"

    @property
    def folder(self) -> Path:
        """Folder of the outbox itself."""
        return self.state / "outbox"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings by the ``SHINECAT_*`` variables.

        Raises
        ------
        ShineCatError
            A variable has a value that can't be understood.
        """
        env = os.environ if environ is None else environ
        mode = env.get("SHINECAT_WRITE_BACK") or "auto"
        if mode not in MODES:
            raise ShineCatError(
                tr("SHINECAT_WRITE_BACK is {value}, which is not a mode of writing back.", value=mode),
                do=tr("Set it to auto, ask or off."),
            )
        return cls(
            state=Path(env["SHINECAT_STATE"]) if env.get("SHINECAT_STATE") else state_dir(),
            results=Path(env["SHINECAT_RESULTS"]).expanduser() if env.get("SHINECAT_RESULTS") else results_dir(),
            hold_s=_seconds(env, "SHINECAT_HOLD_S", 5.0),
            write_back=mode,
            settle_s=_seconds(env, "SHINECAT_SETTLE_S", 10.0),
            owner_group=env.get("SHINECAT_OWNER_GROUP", ""),
            send_notebook=env.get("SHINECAT_SEND_NOTEBOOK", "").strip().lower() in ("1", "true", "yes", "on"),
        )


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 86400 * 366:
        raise ShineCatError(
            tr("{name} is {value}, which is not a number of seconds.", name=name, value=text),
            do=tr("Set it to a number such as 5."),
        )
    return value
