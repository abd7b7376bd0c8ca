"""A file service to test against: the real one, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class FilesProcess:
    """A running file service.

    Attributes
    ----------
    url
        Its root address.
    log
        File with what it wrote on stderr.
    """

    url: str
    log: Path


@contextmanager
def running_files(folder: Path, catalog_url: str, roots: Sequence[Mapping[str, Any]]) -> Iterator[FilesProcess]:
    """A file service for the length of a ``with`` block; configuration and log lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = folder / "files.json", folder / "files.log"
    config.write_text(json.dumps({"catalog_url": catalog_url, "roots": list(roots)}), encoding="utf-8")
    command = [sys.executable, "-m", "jupyter_shinecat", "files", "serve", "--config", str(config), "--port", "0"]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, "SHINECAT_LANG": "en"}, start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            process.wait(30)
            raise RuntimeError(f"the file service did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        yield FilesProcess(line.removeprefix("listening on ").strip(), log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()
