"""First use in a kernel: the record, the magics, the one sentence. Loads nothing of the catalog before it is asked."""

from __future__ import annotations

import os
import sys
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import results_dir

_greeted = False


def begin(shell: Any = None, *, quiet: bool = False) -> None:
    """First use in a kernel: start the record, add the magic, say once that results are sent.

    A script says it on standard error.

    Parameters
    ----------
    shell
        IPython's shell, found when not given.
    quiet
        Say nothing yet.
    """
    global _greeted
    mode = os.environ.get("SHINECAT_WRITE_BACK", "auto")
    recorder = record.current()
    if recorder is None and mode != "off":
        recorder = record.on(shell)
    _register(shell or (recorder.shell if recorder is not None else ipython()))
    if recorder is None or quiet or _greeted:
        return
    _greeted = True
    folder = str(results_dir())
    home = os.path.expanduser("~")
    if folder.startswith(home + "/"):
        folder = "~" + folder[len(home) :]
    if ipython() is None:  # a script: its standard output is its own, and there are no magics
        sentence = tr(
            "ShineCat: results that this script saves become Derived datasets in the catalog, with their inputs and "
            "code; shinecat outbox list shows them, SHINECAT_WRITE_BACK=off stops this."
        )
        print(sentence, file=sys.stderr)
        return
    if mode == "ask":
        sentence = tr(
            "Results that you save (best in {folder}) wait in the catalog panel for your yes to become Derived "
            "datasets; %shinecat outbox shows them, %shinecat record off stops this.",
            folder=folder,
        )
    else:
        sentence = tr(
            "Results that you save (best in {folder}) become Derived datasets in the catalog, with their inputs and "
            "code; %shinecat outbox shows them, %shinecat record off stops this.",
            folder=folder,
        )
    print(sentence, file=sys.stdout)


def ipython() -> Any:
    """IPython's shell; None where there is none."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _register(shell: Any) -> None:
    """Add the magics and their completion to IPython, once."""
    if not hasattr(shell, "register_magic_function") or shell.find_line_magic("shinecat"):  # a script has no magics
        return
    shell.register_magic_function(shinecat, magic_kind="line", magic_name="shinecat")
    shell.register_magic_function(shinecat_cell, magic_kind="cell", magic_name="shinecat")
    for key in ("%shinecat", "%%shinecat"):
        shell.set_hook("complete_command", _complete, str_key=key)


def shinecat(line: str) -> Any:
    """The catalog from a line of a notebook.

    ==============================  ======================================================================
    ``%shinecat search TEXT``       datasets that fit: words, ``type:raw``, conditions at the end
    ``%shinecat open PID``          a handle, as ``sc.open``; ``ds = %shinecat open PID`` keeps it
    ``%shinecat show DATASET``      its card; a PID, or the name of a variable
    ``%shinecat files DATASET``     its files as a table
    ``%shinecat lineage DATASET``   what it was made of, and what was made of it
    ``%shinecat session``           who you are at the catalog, and where results go
    ``%shinecat outbox``            results on their way
    ``%shinecat record on|off``     the record of what this notebook reads and writes; ``status``
    ==============================  ======================================================================

    ``%%shinecat derived name="..." keywords=a,b`` runs a cell and makes the files it writes one Derived dataset.
    """
    from . import magics

    return magics.shinecat(line)


def shinecat_cell(line: str, cell: str) -> None:
    """``%%shinecat derived name="..." keywords=a,b description="..."``: what the cell writes is one Derived dataset.

    The cell runs as always. Afterwards the files that it wrote are named as ``sc.derived`` does.
    """
    from . import magics

    magics.shinecat_cell(line, cell)


def _complete(shell: Any, event: Any) -> list[str]:
    from . import magics

    return magics.complete(shell, event)
