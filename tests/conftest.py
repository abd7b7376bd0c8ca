"""What all tests share: real files where they are to be had, and nobody's own state."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real facilities' files (``SHINECAT_CORPUS``)."""
    folder = os.environ.get("SHINECAT_CORPUS")
    if not folder:
        pytest.skip("SHINECAT_CORPUS is not set: no corpus of real files here")
    return Path(folder).resolve()


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory, monkeypatch):
    """No test reads or writes the state of who runs it."""
    for name in [
        n for n in os.environ if n.startswith(("SHINECAT_", "JUPYTERHUB_", "JPY_")) and n != "SHINECAT_CORPUS"
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHINECAT_STATE", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("SHINECAT_LANG", "en")
