"""A real hub with the shipped configuration: sign in by form, own server, and where tokens are and are not."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from jupyter_shinecat.testing.catalog import CatalogProcess

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[2] / "hub_config" / "local" / "jupyterhub_config.py"
LIFE_S = 20
JWT = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")


def until(condition, timeout_s=60, what=""):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s} s: {what or condition}")


class Hub:
    """The hub's process and a person's way in."""

    def __init__(self, folder, catalog_url):
        self.folder = folder
        self.data = folder / "hub"
        self.log = folder / "hub.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SHINECAT_", "JUPYTER", "JPY_"))}
        env.update(
            SHINECAT_HUB_DATA=str(self.data), SHINECAT_HUB_PORT=str(port), SHINECAT_CATALOG_URL=catalog_url, LANG="C"
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)],
                env=env, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        until(self.answers, 60, "the hub")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            return httpx.get(f"{self.url}/hub/health", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def children(self, word):
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def child(self, word):
        return until(lambda: self.children(word), 60, word)[0]


class Person:
    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.http = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=60, trust_env=False)

    def sign_in(self, password):
        self.http.get("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self.xsrf("/hub/")}
        return self.http.post("/hub/login", data=form)

    def xsrf(self, path):
        return next(cookie.value for cookie in self.http.cookies.jar if cookie.name == "_xsrf" and cookie.path == path)

    def start_server(self):
        self.http.get(f"/hub/spawn/{self.name}")
        until(self.in_lab, 120, "the user's server")

    def in_lab(self):
        page = self.http.get(f"/user/{self.name}/lab")
        return page.status_code == 200 and page.url.path.startswith(f"/user/{self.name}/lab")

    def get(self, path):
        return self.http.get(f"/user/{self.name}/{path}")

    def post(self, path, body):
        headers = {"X-XSRFToken": self.xsrf(f"/user/{self.name}/")}
        return self.http.post(f"/user/{self.name}/{path}", json=body, headers=headers)

    def whoami(self):
        return self.get("shinecat/api/catalog/api/v3/auth/whoami")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("facility")


@pytest.fixture(scope="module")
def catalog(folder):
    process = CatalogProcess(folder / "catalog", settings={"JWT_EXPIRES_IN": str(LIFE_S)})
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def hub(folder, catalog):
    hub = Hub(folder, catalog.url)
    yield hub
    started = hub.children("jupyter")
    assert started
    hub.stop()
    _gone, alive = psutil.wait_procs(started, 30)
    assert not [process.cmdline() for process in alive], "the end of the hub is the end of all it started"


@pytest.fixture(scope="module")
def person(hub, catalog):
    person = Person(hub, "zhangxf")
    assert person.sign_in("wrong").status_code == 403
    assert person.sign_in(catalog.password("zhangxf")).status_code == 200
    person.start_server()
    yield person
    person.http.close()


def environ(process):
    return process.environ()


def hub_token(hub):
    return environ(hub.child("jupyterhub.singleuser"))["JUPYTERHUB_API_TOKEN"]


def ask_for_token(hub, token):
    return httpx.get(
        f"{hub.url}/hub/api/shinecat/token", headers={"Authorization": f"token {token}"}, trust_env=False, timeout=30
    )


def test_one_sign_in_and_the_page_has_the_catalog(person):
    status = person.get("shinecat/api/status").json()
    assert status["mode"] == "hub"
    assert status["user"] == "zhangxf"
    assert sorted(status["groups"]) == ["GET", "SHINE"]
    assert status["catalog"]["ok"] is True
    assert person.whoami().json()["username"] == "zhangxf"
    parsed = person.post("shinecat/api/query/parse", {"text": "type:raw x"})
    assert parsed.json()["fields"] == {"text": "x", "type": ["raw"]}
    # Pages need the XSRF token for anything that changes something.
    path = f"/user/{person.name}/shinecat/api/catalog/api/v3/datasets"
    assert person.http.post(path, json={}).status_code == 403


def test_only_the_servers_own_token_gets_the_catalogs(hub, person, catalog):
    answer = ask_for_token(hub, hub_token(hub))
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "expires_at"}
    assert answer.headers["cache-control"] == "no-store"
    assert person.http.get("/hub/api/shinecat/token").status_code == 403
    person.http.get("/hub/home")
    answer = person.http.get("/hub/api/shinecat/token", headers={"X-XSRFToken": person.xsrf("/hub/")})
    assert answer.status_code == 403
    minted = person.http.post(
        f"/hub/api/users/{person.name}/tokens",
        json={"note": "narrow", "scopes": ["read:users!user"]},
        headers={"X-XSRFToken": person.xsrf("/hub/")},
    )
    assert minted.status_code == 201, minted.text
    assert ask_for_token(hub, minted.json()["token"]).status_code == 403


def test_two_people_are_two_people(hub, person, catalog):
    other = Person(hub, "wangxch")
    assert other.sign_in(catalog.password("wangxch")).status_code == 200
    other.start_server()
    assert sorted(other.whoami().json()["currentGroups"]) == ["AMO", "SHINE"]
    assert person.whoami().json()["username"] == "zhangxf"
    # Nobody enters the other's server.
    assert other.http.get(f"/user/{person.name}/shinecat/api/status").status_code in (403, 404)
    homes = hub.data / "home"
    assert {home.name for home in homes.iterdir()} == {"zhangxf", "wangxch"}
    assert hub.data.stat().st_mode & 0o777 == 0o700
    assert other.http.delete(
        f"/hub/api/users/{other.name}/server", headers={"X-XSRFToken": other.xsrf("/hub/")}
    ).status_code in (202, 204)
    other.http.close()


def test_a_session_outlives_its_tokens(hub, person):
    """Several lives of a token pass; nobody signs in again, nobody notices."""
    first = ask_for_token(hub, hub_token(hub)).json()
    until(lambda: time.time() > first["expires_at"] + 1, LIFE_S + 10, "the end of the first token")
    answer = person.whoami()
    assert answer.status_code == 200, answer.text
    later = ask_for_token(hub, hub_token(hub)).json()
    assert later["access_token"] != first["access_token"]
    assert later["expires_at"] > first["expires_at"]


def test_the_catalog_goes_and_comes_back(hub, person, catalog):
    catalog.stop()
    answer = person.whoami()
    assert answer.status_code == 503, answer.text
    assert "does not answer" in answer.json()["message"]
    status = until(lambda: (s := person.get("shinecat/api/status").json())["catalog"]["ok"] is False and s, 20)
    assert status["catalog"]["message"]
    late = Person(hub, "admin")
    refused = late.sign_in(catalog.password("admin"))
    assert refused.status_code == 503
    assert "not running" in refused.text
    late.http.close()
    # The hub's own pages and the user's server stay open.
    assert person.http.get("/hub/home").status_code == 200
    assert person.in_lab()
    catalog.start()
    until(lambda: person.whoami().status_code == 200, 30, "the catalog again")


def test_no_token_is_where_it_should_not_be(hub, person, catalog, folder):
    body = {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    started = person.post("api/sessions", body)
    assert started.status_code == 201, started.text
    server, kernel, outbox = (
        hub.child(word) for word in ("jupyterhub.singleuser", "ipykernel_launcher", "jupyter_shinecat.outbox")
    )
    own = environ(server)["JUPYTERHUB_API_TOKEN"]
    token = ask_for_token(hub, own).json()["access_token"]
    assert JWT.fullmatch(token)
    for process in (server, kernel, outbox, psutil.Process(hub.process.pid)):
        told = json.dumps(environ(process)) + " ".join(process.cmdline())
        assert token not in told
        assert not JWT.search(told)
    for process in (kernel, outbox):
        told = environ(process)
        assert own not in json.dumps(told)
        assert told["SHINECAT_SOCKET"]
    # Pages and answers.
    for path in ("lab", "shinecat/api/status", "shinecat/api/outbox", "shinecat/api/catalog/api/v3/auth/whoami"):
        assert not JWT.search(person.get(path).text)
    assert not JWT.search(" ".join(str(cookie.value) for cookie in person.http.cookies.jar))
    # Everything that was written: logs, runtime files, homes, the hub's database.
    passwords = [catalog.password(name) for name in ("zhangxf", "wangxch", "admin")]
    looked = 0
    for path in folder.rglob("*"):
        if not path.is_file() or path.name == "test-accounts.json" or path.is_relative_to(catalog.folder / "store"):
            continue
        content = path.read_bytes()
        looked += 1
        text = content.decode("latin-1")
        assert token not in text, path
        assert not JWT.search(text), path
        for password in passwords:
            assert password not in text, path
        # Jupyter itself lists its running servers with their tokens, in a folder that only its owner enters.
        if path.name != "jupyterhub.sqlite" and not path.name.startswith("jpserver-"):
            assert own not in text, path
    assert looked > 10
    with sqlite3.connect(f"file:{hub.data / 'jupyterhub.sqlite'}?mode=ro", uri=True) as database:
        (encrypted,) = database.execute("select encrypted_auth_state from users where name='zhangxf'").fetchone()
    assert encrypted
    assert b"access_token" not in encrypted
    assert (hub.data / "crypt_key").stat().st_mode & 0o777 == 0o600
