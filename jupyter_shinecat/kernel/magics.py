"""The ``%shinecat`` magic."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.locale import tr


def shinecat(line: str) -> None:
    """``%shinecat record on|off|status``: the record of what this notebook reads and writes."""
    words = line.split()
    if words[:1] != ["record"] or words[1:] not in ([], ["on"], ["off"], ["status"]):
        print(tr("Usage: %shinecat record on|off|status"))
        return
    if words[1:] == ["on"]:
        record.on()
    elif words[1:] == ["off"]:
        record.off()
    recorder = record.current()
    if recorder is not None and recorder.on:
        print(tr("The record is on: results of this notebook go to the catalog with their inputs and code."))
    else:
        print(tr("The record is off: nothing of this notebook goes to the catalog from now on."))


def register(shell: Any) -> None:
    """Add the magic to IPython."""
    shell.register_magic_function(shinecat, magic_kind="line", magic_name="shinecat")
