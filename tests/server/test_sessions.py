"""The hub as giver of tokens, the token of the environment, and the settings that choose between them."""

import base64
import json
import logging
import time

import pytest
from traitlets import TraitError

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.outbox.settings import Settings as OutboxSettings
from jupyter_shinecat.scicat import CatalogUnavailable, Secret, SignInRequired
from jupyter_shinecat.server.environment import without_secrets
from jupyter_shinecat.server.http import HttpClient
from jupyter_shinecat.server.sessions import HubSession, TokenSession
from jupyter_shinecat.server.settings import SettingsTraits

LOG = logging.getLogger("test.sessions")


@pytest.fixture
def hub_session(odd_catalog, jp_asyncio_loop):
    """A session whose hub is the odd server."""
    http = HttpClient()
    session = HubSession("http://catalog", f"{odd_catalog.url}/hub/api", Secret("hub-token"), http, LOG)
    yield session
    jp_asyncio_loop.run_until_complete(session.stop())
    jp_asyncio_loop.run_until_complete(http.close())


async def test_the_servers_own_hub_token_gets_the_catalogs(hub_session, odd_catalog):
    odd_catalog.answer("/hub/api/shinecat/token", body={"access_token": "abc", "expires_at": time.time() + 600})
    assert (await hub_session.bearer()).reveal() == "abc"
    assert odd_catalog.last.headers["Authorization"] == "token hub-token"
    assert await hub_session.bearer()
    assert len(odd_catalog.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (409, {"error": "login_required", "message": "It has ended."}, SignInRequired, "It has ended."),
        (403, {"message": "Forbidden"}, SignInRequired, "stop and start your server"),
        (401, {}, SignInRequired, "Sign in at the hub again"),
        (404, {"message": "Not Found"}, SignInRequired, "configure"),
        (503, {"error": "catalog_unavailable", "message": "The catalog is away."}, CatalogUnavailable, "is away"),
        (500, b"<html>", CatalogUnavailable, "does not answer"),
        (302, {}, CatalogUnavailable, "302"),
        (200, {"message": "no token in it"}, CatalogUnavailable, "no token in it"),
        (200, [1], CatalogUnavailable, "200"),
    ],
)
async def test_what_the_hub_refuses_is_said_with_what_to_do(hub_session, odd_catalog, status, body, kind, words):
    odd_catalog.answer("/hub/api/shinecat/token", status, body)
    with pytest.raises(kind, match=words) as caught:
        await hub_session.bearer()
    assert caught.value.do
    assert "hub-token" not in str(caught.value)


async def test_a_hub_that_is_away_is_said(jp_asyncio_loop):
    http = HttpClient()
    session = HubSession("http://catalog", "http://127.0.0.1:9/hub/api", Secret("x"), http, LOG)
    with pytest.raises(CatalogUnavailable, match="JupyterHub"):
        await session.bearer()
    await http.close()


async def test_a_token_of_the_environment_is_used_to_its_end():
    def jwt(expires_at):
        claims = base64.urlsafe_b64encode(json.dumps({"exp": expires_at}).encode()).decode().rstrip("=")
        return Secret(f"e30.{claims}.sig")

    good = jwt(time.time() + 60)
    session = TokenSession("http://catalog", good)
    assert await session.bearer() == good
    with pytest.raises(SignInRequired, match="SHINECAT_TOKEN"):
        await session.bearer(rejected=good)
    with pytest.raises(SignInRequired, match="SHINECAT_TOKEN"):
        await TokenSession("http://catalog", jwt(time.time() - 1)).bearer()
    assert await TokenSession("http://catalog", None).bearer() is None


class TestModes:
    """Which session a server has."""

    @pytest.fixture(autouse=True)
    def _hub(self, monkeypatch, odd_catalog):
        monkeypatch.setenv("JUPYTERHUB_API_URL", f"{odd_catalog.url}/hub/api")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub-token")
        monkeypatch.setenv("SHINECAT_TOKEN", "env-token")
        odd_catalog.answer("/hub/api/shinecat/token", 409, {"message": "It has ended."})

    async def test_the_hub_goes_before_a_token_and_asks_for_a_new_sign_in(self, shinecat, raw_fetch, jp_base_url):
        status = (await raw_fetch(f"{jp_base_url}shinecat/api/status")).json()
        assert status["mode"] == "hub"
        assert status["user"] is None
        assert status["catalog"]["ok"] is False
        assert status["catalog"]["error"] == "login_required"
        assert status["catalog"]["message"] == "It has ended."
        answer = await raw_fetch(f"{jp_base_url}shinecat/api/catalog/api/v3/datasets")
        assert answer.status == 401
        assert answer.json()["error"] == "login_required"
        assert "hub-token" not in answer.body.decode()

    async def test_signing_in_again_is_enough(self, shinecat, raw_fetch, jp_base_url, odd_catalog, monkeypatch):
        from jupyter_shinecat.server import status, tokens

        monkeypatch.setattr(tokens, "_PAUSE_AFTER_FAILURE_S", 0.0)
        monkeypatch.setattr(status, "_FRESH_S", 0.0)
        path = f"{jp_base_url}shinecat/api/catalog/api/v3/datasets"
        assert (await raw_fetch(path)).status == 401
        odd_catalog.answer("/hub/api/shinecat/token", body={"access_token": "abc", "expires_at": time.time() + 600})
        assert (await raw_fetch(path)).status == 200
        odd_catalog.answer("/api/v3/auth/whoami", body={"username": "zhangxf", "currentGroups": ["GET"]})
        told = (await raw_fetch(f"{jp_base_url}shinecat/api/status")).json()
        assert (told["user"], told["groups"], told["catalog"]["ok"]) == ("zhangxf", ["GET"], True)


def test_settings_come_from_variables(monkeypatch, tmp_path):
    monkeypatch.setenv("SHINECAT_CATALOG_URL", "https://scicat.example.org/api/v3/")
    monkeypatch.setenv("SHINECAT_WRITE_BACK", "ask")
    monkeypatch.setenv("SHINECAT_HOLD_S", "0.5")
    monkeypatch.setenv("SHINECAT_RESULTS", str(tmp_path / "r"))
    monkeypatch.setenv("SHINECAT_PATH_MAPS", '[{"host": "daq1", "from": "/data", "to": "/mnt"}]')
    monkeypatch.setenv("SHINECAT_DROP_HUB_TOKEN", "no")
    monkeypatch.setenv("SHINECAT_OWNER_GROUP", "SHINE")
    monkeypatch.setenv("SHINECAT_SETTLE_S", "30")
    monkeypatch.setenv("SHINECAT_SEND_NOTEBOOK", "yes")
    settings = SettingsTraits()
    assert settings.catalog_root == "https://scicat.example.org"
    assert (settings.write_back, settings.hold_s, settings.results) == ("ask", 0.5, tmp_path / "r")
    assert settings.path_maps == [{"host": "daq1", "from": "/data", "to": "/mnt"}]
    assert settings.drop_hub_token is False
    # The outbox, kernels and terminals are told the same, also where a trait says it.
    for told in (settings, SettingsTraits(owner_group="AMO", settle_s=4.0, send_notebook=False, hold_s=1.0)):
        outbox = OutboxSettings.from_environment(told.shared_environment())
        for name in ("owner_group", "settle_s", "send_notebook", "hold_s", "write_back"):
            assert getattr(outbox, name) == getattr(told, name)
    assert not any("TOKEN" in name for name in without_secrets(settings.shared_environment()))


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("SHINECAT_WRITE_BACK", "always", "write_back"),
        ("SHINECAT_HOLD_S", "-1", "hold_s"),
        ("SHINECAT_HOLD_S", "soon", "hold_s"),
        ("SHINECAT_HOLD_S", "nan", "hold_s"),
        ("SHINECAT_SETTLE_S", "soon", "settle_s"),
        ("SHINECAT_SEND_NOTEBOOK", "perhaps", "send_notebook"),
        ("SHINECAT_PATH_MAPS", "{", "path_maps"),
        ("SHINECAT_PATH_MAPS", '{"host": 1}', "path_maps"),
        ("SHINECAT_DROP_HUB_TOKEN", "perhaps", "drop_hub_token"),
    ],
)
def test_a_setting_that_makes_no_sense_is_a_sentence(monkeypatch, name, value, setting):
    monkeypatch.setenv(name, value)
    with pytest.raises(ShineCatError) as caught:
        getattr(SettingsTraits(), setting)
    assert value[:5] in str(caught.value)
    assert caught.value.do


def test_configured_values_are_checked_too():
    for setting, value in (("write_back", "always"), ("hold_s", -1.0), ("path_maps", [1])):
        with pytest.raises((TraitError, ShineCatError)):
            SettingsTraits(**{setting: value})


def test_every_setting_says_what_it_is():
    for name, trait in SettingsTraits.class_traits(config=True).items():
        assert len(trait.help) > 40, name
