"""What can go wrong in the demo, said so that the reader knows which step, why, and where to look."""

from __future__ import annotations

from pathlib import Path

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr


class DemoError(ShineCatError):
    """A step of the demo did not happen.

    Parameters
    ----------
    step
        The step's name.
    reason
        Why, in words.
    log
        The log that tells more, if there is one.
    do
        What to do.
    """

    def __init__(self, step: str, reason: str, *, log: Path | None = None, do: str = "") -> None:
        self.step = step
        self.log = log
        seen = tr("The log is {log}.", log=log) if log else ""
        super().__init__(
            tr("Step “{step}” failed: {reason}.", step=step, reason=reason.rstrip(".。 ")), left=seen, do=do
        )
