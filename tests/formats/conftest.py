"""One sandbox for the room: starting a child costs half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_shinecat.formats import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, timeout_s=30) as sandbox:
        yield sandbox
