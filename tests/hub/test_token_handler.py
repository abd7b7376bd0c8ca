"""The hub in this process with a real catalog: who gets a token, how it is renewed, and what a bad day looks like."""

import asyncio
import html
import json
import logging
import re
import time

import pytest
import requests
from jupyterhub.tests.utils import add_user, async_requests, get_page
from traitlets.config import Config

from jupyter_shinecat.hub import SCOPE, configure
from jupyter_shinecat.hub.state import TokenState
from jupyter_shinecat.scicat import Login, Secret
from jupyter_shinecat.testing.catalog import running_catalog

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A catalog as strict as the real server."""
    with running_catalog(tmp_path_factory.mktemp("strict"), profile="scicat-5") as process:
        yield process


def config(url, **authenticator):
    c = Config()
    c.JupyterHub.base_url = "/"
    configure(c, catalog_url=url)
    c.SciCatAuthenticator.update(authenticator)
    return c


async def hub_get(app, token, path="/shinecat/token", **options):
    headers = {"Authorization": f"token {token}", **options.pop("headers", {})}
    return await asyncio.to_thread(
        requests.get, app.hub.api_url.rstrip("/") + path, headers=headers, timeout=20, **options
    )


async def login(app, name, password, **headers):
    page = await async_requests.get(app.hub.url.rstrip("/") + "/login", headers=headers)
    data = {"username": name, "password": password, "_xsrf": page.cookies["_xsrf"]}
    return await async_requests.post(
        app.hub.url.rstrip("/") + "/login", data=data, cookies=page.cookies, allow_redirects=False, headers=headers
    )


def said(page):
    match = re.search(r'class="login_error">\s*([^<]+)<', page.text)
    return html.unescape(match[1]).strip() if match else ""


async def signed_in(app, catalog, name="zhangxf"):
    answer = await login(app, name, catalog.password(name))
    assert answer.status_code == 302, answer.text
    user = app.users[name]
    return user, answer.cookies


async def age(user, *, left_s, life_s=3600):
    """Make the kept token look as if it ended in ``left_s`` seconds."""
    kept = await user.get_auth_state()
    now = time.time()
    kept.update(expires_at=now + left_s, issued_at=now + left_s - life_s)
    await user.save_auth_state(kept)
    return kept["access_token"]


def server_token(app, user):
    """A token as the hub gives a user's server: with the scopes of the role ``server``."""
    role = next(role for role in app.load_roles if role["name"] == "server")
    return user.new_api_token(scopes=[scope for scope in role["scopes"] if not scope.endswith("!server")])


async def test_sign_on_keeps_an_encrypted_token_and_no_password(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, _cookies = await signed_in(app, catalog)
    kept = await user.get_auth_state()
    assert set(kept) == {"access_token", "issued_at", "expires_at", "user_id", "groups"}
    assert sorted(kept["groups"]) == ["GET", "SHINE"]
    assert kept["user_id"]
    assert 3000 < kept["expires_at"] - time.time() <= 3600
    stored = user.orm_user.encrypted_auth_state
    assert kept["access_token"].encode() not in stored
    assert catalog.password("zhangxf") not in json.dumps(kept)


async def test_only_a_users_own_token_with_the_scope_gets_it(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, cookies = await signed_in(app, catalog)
    kept = await user.get_auth_state()
    answer = await hub_get(app, server_token(app, user))
    assert answer.status_code == 200
    assert answer.json() == {"access_token": kept["access_token"], "expires_at": kept["expires_at"]}
    assert answer.headers["Cache-Control"] == "no-store"
    # without the scope
    assert (await hub_get(app, user.new_api_token(scopes=["users:activity!user"]))).status_code == 403
    # a page's cookies, also with the XSRF token that pages have
    url = app.hub.api_url.rstrip("/") + "/shinecat/token"
    assert (await async_requests.get(url, cookies=cookies)).status_code == 403
    home = await get_page("home", app, cookies=cookies)
    xsrf = home.cookies.get("_xsrf") or cookies.get("_xsrf")
    with_xsrf = await async_requests.get(url, cookies=cookies, headers={"X-XSRFToken": xsrf or ""})
    assert with_xsrf.status_code == 403
    assert kept["access_token"] not in with_xsrf.text
    # nobody, a made-up token, another user, an administrator
    assert (await async_requests.get(url)).status_code == 403
    assert (await hub_get(app, "0" * 32)).status_code == 403
    other = add_user(app.db, app, name="other")
    assert (await hub_get(app, server_token(app, other))).status_code == 409
    boss = add_user(app.db, app, name="boss", admin=True)
    token = boss.new_api_token(scopes=["inherit"])
    assert kept["access_token"] not in (await hub_get(app, token)).text
    # The server's own token must not open auth_state, which holds more than the token.
    model = await hub_get(app, server_token(app, user), "/users/zhangxf")
    assert kept["access_token"] not in model.text


async def test_a_token_about_to_end_is_renewed_once_for_many_callers(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, _ = await signed_in(app, catalog)
    old = await age(user, left_s=60)
    token = server_token(app, user)
    renewals = []
    renew = app.authenticator.renew_state

    async def counting(state):
        renewals.append(state)
        return await renew(state)

    app.authenticator.renew_state = counting
    answers = await asyncio.gather(*(hub_get(app, token) for _ in range(5)))
    fresh = {answer.json()["access_token"] for answer in answers}
    assert len(fresh) == 1
    assert old not in fresh
    assert len(renewals) == 1
    assert (await user.get_auth_state())["access_token"] in fresh
    assert answers[0].json()["expires_at"] > time.time() + 3000
    # and it is good at the catalog
    whoami = await async_requests.get(
        f"{catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {fresh.pop()}"}
    )
    assert whoami.json()["username"] == "zhangxf"


async def test_an_ended_token_asks_to_sign_in(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, cookies = await signed_in(app, catalog)
    await age(user, left_s=-5)
    answer = await hub_get(app, server_token(app, user))
    assert answer.status_code == 409
    assert answer.json()["error"] == "login_required"
    assert "sign in again" in answer.json()["do"].lower()
    # The hub's own page asks for it too, instead of claiming that all is well.
    user._auth_refreshed = None
    page = await get_page("home", app, cookies=cookies, allow_redirects=False)
    assert page.status_code == 302
    assert "login" in page.headers["Location"]


async def test_a_catalog_that_is_away_locks_nobody_out(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, cookies = await signed_in(app, catalog)
    token = server_token(app, user)
    app.authenticator.catalog_url = "http://127.0.0.1:9"
    # A token that is still good is handed out although it is due.
    old = await age(user, left_s=50)
    assert (await hub_get(app, token)).json()["access_token"] == old
    # One that has ended is a 503, and the hub's pages still open.
    await age(user, left_s=-5)
    answer = await hub_get(app, token)
    assert answer.status_code == 503
    assert answer.json()["error"] == "catalog_unavailable"
    user._auth_refreshed = None
    assert (await get_page("home", app, cookies=cookies, allow_redirects=False)).status_code == 200
    # Back again, it is renewed or asked for.
    app.authenticator.catalog_url = catalog.url
    assert (await hub_get(app, token)).status_code == 409


async def test_wrong_password_and_absent_catalog_are_two_sentences(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    wrong = await login(app, "zhangxf", "wrong")
    assert wrong.status_code == 403
    assert "this password" in said(wrong)
    assert "catalog" in said(await login(app, "nobody", "wrong")).lower()
    assert said(await login(app, "nobody", "wrong")) == said(wrong)
    chinese = await login(app, "zhangxf", "wrong", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert chinese.status_code == 403
    assert said(chinese)
    app.authenticator.catalog_url = "http://127.0.0.1:9"
    away = await login(app, "zhangxf", catalog.password("zhangxf"))
    assert away.status_code == 503
    assert "not running" in said(away)
    assert said(away) != said(wrong)
    assert catalog.password("zhangxf") not in away.text


async def test_the_name_is_the_catalogs_and_must_be_safe(hub_app, catalog, monkeypatch):
    app = await hub_app(config(catalog.url))

    async def as_(name):
        async def sign_in(username, password):
            return Login(Secret("t"), time.time() + 60, name, "u"), ()

        monkeypatch.setattr(app.authenticator, "_sign_in", sign_in)
        return await login(app, "zhangxf", "x")

    assert (await as_("../zhangxf")).status_code == 403
    assert "can't be used" in said(await as_("a/b"))
    assert (await as_("Zhangxf")).status_code == 302
    assert "Zhangxf" in app.users
    assert "zhangxf" not in app.users


class TestStrict:
    """A real SciCat has no renewal: an administrator's token mints, or people sign in again."""

    async def test_without_a_way_to_renew_the_token_is_used_to_its_end(self, hub_app, strict):
        app = await hub_app(config(strict.url))
        user, _ = await signed_in(app, strict)
        token = server_token(app, user)
        old = await age(user, left_s=30)
        assert (await hub_get(app, token)).json()["access_token"] == old
        await age(user, left_s=-1)
        assert (await hub_get(app, token)).status_code == 409

    async def test_with_an_administrators_token_it_is_minted(self, hub_app, strict, tmp_path, caplog):
        file = tmp_path / "admin-token"
        admin = strict.token("admin")
        file.write_text(admin)
        file.chmod(0o600)
        app = await hub_app(config(strict.url, admin_token_file=str(file), mint_life_s=1800))
        user, _ = await signed_in(app, strict)
        await age(user, left_s=-5)
        with caplog.at_level(logging.DEBUG):
            answer = await hub_get(app, server_token(app, user))
        assert answer.status_code == 200
        minted = answer.json()
        assert 1700 < minted["expires_at"] - time.time() <= 1800
        whoami = await async_requests.get(
            f"{strict.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {minted['access_token']}"}
        )
        assert whoami.json()["username"] == "zhangxf"
        assert admin not in caplog.text
        assert minted["access_token"] not in caplog.text

    async def test_an_unusable_administrators_token_asks_to_sign_in(self, hub_app, strict, tmp_path):
        file = tmp_path / "admin-token"
        file.write_text(strict.token("wangxch"))
        file.chmod(0o600)
        app = await hub_app(config(strict.url, admin_token_file=str(file)))
        user, _ = await signed_in(app, strict)
        await age(user, left_s=-5)
        assert (await hub_get(app, server_token(app, user))).status_code == 409


async def test_without_a_key_the_hub_does_not_start(monkeypatch, catalog):
    from jupyter_shinecat.errors import ShineCatError

    monkeypatch.delenv("JUPYTERHUB_CRYPT_KEY", raising=False)
    with pytest.raises(ShineCatError, match="JUPYTERHUB_CRYPT_KEY"):
        config(catalog.url)


async def test_a_state_that_cannot_be_read_asks_to_sign_in(hub_app, catalog):
    app = await hub_app(config(catalog.url))
    user, _ = await signed_in(app, catalog)
    await user.save_auth_state({"access_token": ""})
    assert TokenState.from_auth_state(await user.get_auth_state()) is None
    answer = await hub_get(app, server_token(app, user))
    assert answer.status_code == 409
    assert SCOPE not in answer.text
