"""Some 290 calls of libraries with the record on, begun late, ended, and without it: nobody can tell which was which.

What can be told is in the manual ("What you could notice"). Short forms stand in `test_libraries.py` and
`test_wrapping.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from record import side_by_side

from jupyter_shinecat.testing.kernels import spool_lines


def _run(mode: str, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, side_by_side.__file__, mode, folder], capture_output=True, text=True, check=True, timeout=600
    )
    seen: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return seen


@pytest.mark.soak
def test_nobody_can_tell(tmp_path: Path) -> None:
    plain = _run("off", tmp_path / "off")
    assert sum(bool(one["raised"]) for one in plain) > 80
    assert sum(bool(one["warned"]) for one in plain) > 8
    for mode in ("early", "late", "over"):
        for without, seen in zip(plain, _run(mode, tmp_path / mode), strict=True):
            assert seen == without, f"{mode}: {seen['call']}"
        wrote = {line["path"] for line in spool_lines(tmp_path / mode) if line["k"] == "write"}
        assert (len(wrote) > 50) == (mode != "over")
