"""What all tests share: real files where they are to be had, and nobody's own state."""

import os
import signal
from pathlib import Path

import pytest

# Started in the background, a shell may have us ignore Ctrl-C, and what we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_OURS = ("SHINECAT_CORPUS", "SHINECAT_SOAK", "SHINECAT_TRANSCRIPTS")


def pytest_collection_modifyitems(config, items):
    """The long tests run in ``make soak``; their short forms stand beside them."""
    if os.environ.get("SHINECAT_SOAK") == "1":
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


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
    for name in [n for n in os.environ if n.startswith(("SHINECAT_", "JUPYTERHUB_", "JPY_")) and n not in _OURS]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHINECAT_STATE", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("SHINECAT_LANG", "en")
