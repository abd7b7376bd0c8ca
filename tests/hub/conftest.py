"""A hub in this process (JupyterHub's own mock) and what belongs to it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from jupyterhub import crypto
from jupyterhub.tests.mocking import MockHub
from traitlets.config import Config

from jupyter_shinecat.testing.catalog import running_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """A real catalog."""
    with running_catalog(tmp_path_factory.mktemp("catalog")) as process:
        yield process


@pytest.fixture
def crypt_key(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_CRYPT_KEY", "ab" * 32)
    yield
    crypto.CryptKeeper.clear_instance()


@pytest_asyncio.fixture
async def hub_app(crypt_key, tmp_path, monkeypatch):
    """As pytest-jupyterhub's fixture of this name, which needs pytest-asyncio's automatic mode for the whole run."""
    monkeypatch.chdir(tmp_path)
    # The proxy installed beside this Python, also when its environment is not activated.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    crypto.CryptKeeper.clear_instance()

    async def start(config: Config):
        MockHub.clear_instance()
        app = MockHub.instance(config=config)
        await app.initialize()
        await app.start()
        return app

    yield start
    app = MockHub.instance()
    app.log.handlers = []
    if app.http_server:
        app.http_server.stop()
    await app.shutdown_cancel_tasks()
    MockHub.clear_instance()
    await asyncio.sleep(0)
