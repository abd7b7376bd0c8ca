"""Signing in and out at the command line."""

import json
import os
import time

import pytest

from jupyter_shinecat.cli import session
from jupyter_shinecat.scicat import Secret


@pytest.mark.parametrize("server", ["catalog", "strict"])
def test_sign_in_is_kept_for_its_owner_only_and_forgotten_at_logout(server, run, sign_in, request, tmp_path):
    catalog = request.getfixturevalue(server)
    ran = sign_in(catalog, "zhangxf")
    file = tmp_path / "zhangxf" / "session.json"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.read_text()
    assert catalog.password("zhangxf") not in kept
    token = json.loads(kept)["token"]
    assert token not in ran.out + ran.err
    who = run("whoami", "--json")
    assert (who.json["user"], set(who.json["groups"])) == ("zhangxf", {"GET", "SHINE"})
    assert who.json["embedded"] is (server == "catalog")  # the strict profile says of itself what a real one says
    assert "GET" in run("whoami").out
    assert run("logout").code == 0
    assert not file.exists()
    assert run("logout").out.startswith("You were not")
    again = run("whoami")
    assert again.code == 1
    assert "shinecat login" in again.err


def test_a_wrong_password_is_one_sentence_and_keeps_the_old_sign_in(catalog, run, sign_in):
    sign_in(catalog, "wangxch")
    args = ("login", "--catalog", catalog.url, "--user", "wangxch", "--password-stdin")
    ran = run(*args, who="wangxch", stdin="wrong\n")
    assert (ran.code, "does not know wangxch" in ran.err) == (1, True)
    assert run("whoami", "--json", who="wangxch").json["user"] == "wangxch"
    assert "No password" in run(*args, who="wangxch", stdin="").err


def test_without_a_terminal_nothing_waits_for_an_answer(catalog, run):
    ran = run("login", "--catalog", catalog.url, "--user", "zhangxf")
    assert (ran.code, "--password-stdin" in ran.err) == (1, True)
    assert "--user" in run("login", "--catalog", catalog.url, "--password-stdin", stdin="x\n").err
    assert "--catalog" in run("login").err


def test_a_sign_in_that_others_may_read_is_refused(catalog, run, sign_in, tmp_path):
    sign_in(catalog, "zhangxf")
    os.chmod(tmp_path / "zhangxf" / "session.json", 0o644)
    ran = run("whoami")
    assert (ran.code, "Other users" in ran.err) == (1, True)
    sign_in(catalog, "zhangxf")
    assert run("whoami").code == 0


def test_a_broken_or_expired_sign_in_says_what_to_do(catalog, run, sign_in, tmp_path):
    sign_in(catalog, "zhangxf")
    file = tmp_path / "zhangxf" / "session.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "expires_at": time.time() - 1}))
    assert "has expired" in run("whoami").err
    for broken in ("{", "[]", "{}", json.dumps({**kept, "expires_at": "soon"})):
        file.write_text(broken)
        assert "shinecat logout" in run("whoami").err, broken
    assert run("logout").code == 0


def test_a_sign_in_past_half_its_life_is_renewed_where_the_server_can(catalog, strict, monkeypatch, tmp_path):
    monkeypatch.setenv("SHINECAT_CONFIG", str(tmp_path))
    for server, renewed in ((catalog, True), (strict, False)):
        old = server.token("zhangxf")
        session.save(session.Session(server.url, "zhangxf", Secret(old), time.time() + 1000, 3600))
        with session.open_client() as client:
            assert client.whoami().username == "zhangxf"
            assert (client.token.reveal() != old) is renewed
        assert (session.load().token.reveal() != old) is renewed


def test_a_token_is_never_sent_to_another_address(catalog, strict, run, sign_in):
    sign_in(catalog, "zhangxf")
    ran = run("whoami", "--catalog", strict.url)
    assert (ran.code, "zhangxf" in ran.out) == (1, False)


def test_the_variables_of_scripts_come_first(catalog, run, monkeypatch):
    monkeypatch.setenv("SHINECAT_CATALOG_URL", catalog.url)
    monkeypatch.setenv("SHINECAT_TOKEN", catalog.token("wangxch"))
    assert run("whoami", "--json").json["user"] == "wangxch"
