"""What kernels and terminals get: the socket, the settings, and no secrets."""

import asyncio
import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import httpx
import pytest

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.server import sockets
from jupyter_shinecat.server.environment import SECRETS, without_secrets
from jupyter_shinecat.server.sockets import remove_stale, runtime_folder

HUB_SECRETS = {name: f"hub-secret-{number}" for number, name in enumerate(SECRETS)}


@pytest.fixture
def _hub_secrets(monkeypatch):
    for name, value in HUB_SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHINECAT_TOKEN", "catalog-secret")


def over_socket(path):
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://shinecat")


async def test_the_socket_is_only_its_owners(shinecat):
    path = shinecat.socket.path
    assert os.environ["SHINECAT_SOCKET"] == str(path)
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(str(path)) < 100


async def test_the_socket_has_the_same_routes_without_xsrf_and_tokens(shinecat, odd_catalog):
    raw = "20.500.1%2F%C3%A4%20b%252F%2B%23%3F"
    async with over_socket(shinecat.socket.path) as client:
        status = (await client.get("/shinecat/api/status")).json()
        assert status["mode"] == "token"
        assert set(status) == {
            *("mode", "user", "groups", "catalog", "write_back", "results_folder", "outbox", "path_maps", "files")
        }
        answer = await client.get(f"/shinecat/api/catalog/api/v3/datasets/{raw}")
        assert answer.status_code == 200
        assert odd_catalog.last.uri == f"/api/v3/datasets/{raw}"
        parsed = await client.post("/shinecat/api/query/parse", json={"text": '溶菌酶 type:raw group:"A B"'})
        assert parsed.json()["fields"] == {"text": "溶菌酶", "type": ["raw"], "ownerGroup": ["A B"]}
        odd_catalog.answer("/api/v3/health", body={"status": "ok"})
        parsed = await client.post("/shinecat/api/query/parse", json={"text": "x photon_energy > 9 keV"})
        condition = {"lhs": "photon_energy", "relation": "GREATER_THAN", "rhs": 9.0, "unit": "keV"}
        assert parsed.json()["fields"] == {"text": "x", "scientific": [condition]}
        # What a real SciCat would answer wrongly is refused before it is asked.
        nested = await client.post("/shinecat/api/query/parse", json={"text": "x detector.distance > 9 mm"})
        assert (nested.status_code, nested.json()["position"]) == (400, 2)
        assert "nested keys" in nested.json()["message"]
        broken = await client.post("/shinecat/api/query/parse", json={"text": 'a "b'})
        assert broken.status_code == 400
        assert broken.json()["position"] == 2
        assert (await client.post("/shinecat/api/query/parse", json={"text": 1})).status_code == 400
        assert (await client.post("/shinecat/api/query/parse", content=b"[]")).status_code == 400
        assert (await client.post("/shinecat/api/catalog/api/v3/auth/login", json={})).status_code == 403


async def test_the_kernels_client_works_over_it(shinecat, odd_catalog):
    odd_catalog.answer("/api/v3/auth/whoami", body={"username": "zhangxf", "currentGroups": ["GET"]})

    def ask():
        with CatalogClient.from_environment() as client:
            return client.whoami()

    assert (await asyncio.to_thread(ask)).groups == ("GET",)


async def test_it_is_gone_after_the_end(jp_serverapp):
    extension = jp_serverapp.extension_manager.extension_points["jupyter_shinecat"].app
    await jp_serverapp._post_start()
    path = extension.services.socket.path
    assert path.exists()
    await extension.stop_extension()
    assert not path.exists()
    assert "SHINECAT_SOCKET" not in os.environ


def test_sockets_of_killed_servers_are_removed_and_living_ones_stay(tmp_path):
    for name in ("dead.sock", "alive.sock"):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / name))
        server.listen()
        if name == "dead.sock":
            server.close()
        else:
            alive = server
    (tmp_path / "other.txt").write_text("x")
    remove_stale(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alive.sock", "other.txt"]
    alive.close()


def test_the_folder_is_short_private_and_ours(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="sc-") as short:
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: short)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(Path(short) / ("x" * 120)))
        folder = runtime_folder()
        assert folder == Path(short) / f"shinecat-{os.getuid()}"
        folder.chmod(0o755)
        runtime_folder()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_that_somebody_put_there_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "_candidates", lambda: [(tmp_path, "shinecat")])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shinecat").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ShineCatError, match="XDG_RUNTIME_DIR"):
        runtime_folder()


def test_secrets_are_dropped_and_the_hubs_may_stay():
    environ = {**HUB_SECRETS, "SHINECAT_TOKEN": "x", "PATH": "/bin"}
    assert without_secrets(environ) == {"PATH": "/bin"}
    assert without_secrets(environ, drop_hub=False) == {**HUB_SECRETS, "PATH": "/bin"}


@pytest.mark.usefixtures("_hub_secrets")
class TestKernels:
    async def kernel_environment(self, jp_serverapp, raw_fetch, base, tmp_path, *, restart=False):
        """Environment of a kernel started as a notebook starts it."""
        body = {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
        answer = await raw_fetch(f"{base}api/sessions", "POST", body=json.dumps(body).encode())
        assert answer.status == 201, answer.body
        session, kernel = answer.json()["id"], answer.json()["kernel"]["id"]
        if restart:
            renamed = json.dumps({"path": "b.ipynb", "name": "b.ipynb", "type": "notebook"}).encode()
            assert (await raw_fetch(f"{base}api/sessions/{session}", "PATCH", body=renamed)).status == 200
            assert (await raw_fetch(f"{base}api/kernels/{kernel}/restart", "POST")).status == 200
        manager = jp_serverapp.kernel_manager.get_kernel(kernel)
        pid = manager.provisioner.pid
        with open(f"/proc/{pid}/environ") as file:
            environ = dict(entry.split("=", 1) for entry in file.read().split("\0") if "=" in entry)
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)
        return environ

    @pytest.mark.parametrize("restart", [False, True])
    async def test_a_kernel_has_the_socket_and_no_secret(
        self, shinecat, jp_serverapp, raw_fetch, jp_base_url, tmp_path, restart
    ):
        environ = await self.kernel_environment(jp_serverapp, raw_fetch, jp_base_url, tmp_path, restart=restart)
        assert environ["SHINECAT_SOCKET"] == str(shinecat.socket.path)
        assert environ["SHINECAT_RESULTS"] == str(shinecat.settings.results)
        assert environ["SHINECAT_WRITE_BACK"] == "auto"
        assert environ["JPY_SESSION_NAME"]
        told = json.dumps(environ)
        for secret in (*HUB_SECRETS.values(), "catalog-secret"):
            assert secret not in told

    async def test_a_kernel_started_without_a_notebook_too(self, shinecat, jp_serverapp):
        kernel = await jp_serverapp.kernel_manager.start_kernel(kernel_name="python3")
        pid = jp_serverapp.kernel_manager.get_kernel(kernel).provisioner.pid
        with open(f"/proc/{pid}/environ") as file:
            told = file.read()
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)
        assert "hub-secret" not in told
        assert "catalog-secret" not in told
        assert "SHINECAT_SOCKET" in told

    async def test_terminals_too(self, shinecat, jp_serverapp):
        terminals = jp_serverapp.web_app.settings["terminal_manager"]
        environ = terminals.make_term_env()
        assert environ["SHINECAT_SOCKET"] == str(shinecat.socket.path)
        assert not set(SECRETS) & set(environ)

    async def test_the_server_itself_keeps_what_it_needs_and_not_the_catalogs_token(self, shinecat):
        assert os.environ["JUPYTERHUB_API_TOKEN"]
        assert "SHINECAT_TOKEN" not in os.environ

    class TestTurnedOff:
        @pytest.fixture
        def shinecat_config(self):
            return {"run_outbox": False, "drop_hub_token": False}

        async def test_the_hubs_token_can_stay(self, shinecat, jp_serverapp):
            kernel = await jp_serverapp.kernel_manager.start_kernel(kernel_name="python3")
            pid = jp_serverapp.kernel_manager.get_kernel(kernel).provisioner.pid
            with open(f"/proc/{pid}/environ") as file:
                told = file.read()
            await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)
            assert HUB_SECRETS["JUPYTERHUB_API_TOKEN"] in told
            assert "catalog-secret" not in told


async def test_a_result_of_any_language_goes_into_the_spool(shinecat, tmp_path):
    file = tmp_path / "ä b.csv"
    file.write_text("1,2\n")
    body = {
        "name": "fit",
        "paths": [str(file)],
        "inputs": ["20.500.1/a"],
        "keywords": ["x"],
        "parameters": {"threshold": 3},
        "software": {"julia": "1.11"},
        "code": "fit(x)",
    }
    async with over_socket(shinecat.socket.path) as client:
        answer = await client.post("/shinecat/api/derived", json=body)
        assert answer.status_code == 202, answer.text
        for broken in (
            {},
            {"name": "x"},
            {"name": "x", "paths": ["relative"]},
            {"name": "x", "paths": ["/nothing/there"]},
            {"name": 3, "paths": [str(file)]},
            {"name": "x", "paths": [str(file)], "inputs": "p"},
            {"name": "x", "paths": [str(file)], "parameters": []},
        ):
            refused = await client.post("/shinecat/api/derived", json=broken)
            assert refused.status_code == 400, refused.text
            assert refused.json()["message"]
    (spool,) = (shinecat.settings.state / "spool").iterdir()
    assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in spool.read_text().splitlines()]
    assert [line["k"] for line in lines] == ["session", "cell", "read", "write", "derived", "end", "close"]
    assert lines[4]["paths"] == [str(file)]
    assert lines[5]["inputs"] == [{"pid": "20.500.1/a", "certain": True}]
    assert lines[5]["modules"] == {"julia": "1.11"}
    assert all(line["t"] > 0 for line in lines)


async def test_a_name_that_is_no_text_is_accepted_once_and_whole(shinecat, tmp_path):
    (tmp_path / "a").touch()
    body = json.dumps({"name": "half \ud800", "paths": [str(tmp_path / "a")]})
    async with over_socket(shinecat.socket.path) as client:
        answer = await client.post("/shinecat/api/derived", content=body)
    assert answer.status_code == 202, answer.text
    (spool,) = (shinecat.settings.state / "spool").iterdir()
    assert json.loads(spool.read_text().splitlines()[3])["name"] == "half \ud800"
