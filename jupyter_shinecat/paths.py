"""Where one person's state lies on disk."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def state_dir() -> Path:
    """Folder of this person's spool, outbox and one-user catalog, made 0700 when missing.

    ``SHINECAT_STATE`` names another one (needed where the home folder is full or read-only).
    """
    configured = os.environ.get("SHINECAT_STATE")
    folder = Path(configured) if configured else Path(platformdirs.user_data_dir("shinecat"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def results_dir() -> Path:
    """Folder whose data files are results: ``SHINECAT_RESULTS``, else ``~/results``. Not created here."""
    return Path(os.environ.get("SHINECAT_RESULTS") or Path.home() / "results").expanduser()


def demo_dir() -> Path:
    """Folder of ``shinecat demo`` when none is named: kept between starts."""
    return Path(platformdirs.user_data_dir("shinecat-demo"))
