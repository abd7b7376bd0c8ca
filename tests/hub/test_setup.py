"""``configure``: two lines in a facility's configuration, and nothing of theirs is lost."""

import os

import pytest
from jupyterhub.roles import get_default_roles
from traitlets.config import Config

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.hub import SCOPE, SciCatAuthenticator, configure
from jupyter_shinecat.hub.localfiles import crypt_key, port, private_folder
from jupyter_shinecat.hub.renewal import read_token_file

URL = "https://scicat.example.org"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_CRYPT_KEY", "ab" * 32)


def scopes(c):
    return {role["name"]: role["scopes"] for role in c.JupyterHub.load_roles}


def test_users_and_servers_keep_their_defaults_and_get_our_scope():
    c = Config()
    configure(c, catalog_url=URL)
    defaults = {role["name"]: role["scopes"] for role in get_default_roles()}
    for name in ("user", "server"):
        assert scopes(c)[name] == [*defaults[name], f"{SCOPE}!user"]
    assert c.JupyterHub.authenticator_class is SciCatAuthenticator
    assert c.Authenticator.allow_all is True
    assert c.Authenticator.enable_auth_state is True
    assert c.Spawner.environment["SHINECAT_CATALOG_URL"] == URL
    assert list(c.JupyterHub.custom_scopes) == [SCOPE]


def test_what_the_facility_had_stays():
    c = Config()
    c.JupyterHub.load_roles = [
        {"name": "server", "scopes": ["users:activity!user", "read:hub"]},
        {"name": "culler", "scopes": ["list:users"], "services": ["culler"]},
    ]
    c.JupyterHub.custom_scopes = {"custom:other": {"description": "x"}}
    c.Spawner.environment.update({"A": "1", "SHINECAT_CATALOG_URL": "http://inner"})
    c.Authenticator.allowed_users = {"zhangxf"}
    configure(c, catalog_url=URL)
    assert scopes(c)["server"] == ["users:activity!user", "read:hub", f"{SCOPE}!user"]
    assert scopes(c)["culler"] == ["list:users"]
    assert set(c.JupyterHub.custom_scopes) == {"custom:other", SCOPE}
    assert c.Spawner.environment == {"A": "1", "SHINECAT_CATALOG_URL": "http://inner"}
    assert "allow_all" not in c.Authenticator


def test_a_missing_key_or_catalog_is_a_sentence_that_says_what_to_do(monkeypatch):
    with pytest.raises(ShineCatError, match="SHINECAT_CATALOG_URL"):
        configure(Config())
    monkeypatch.delenv("JUPYTERHUB_CRYPT_KEY")
    with pytest.raises(ShineCatError, match=r"JUPYTERHUB_CRYPT_KEY.*openssl rand -hex 32"):
        configure(Config(), catalog_url=URL)
    c = Config()
    c.CryptKeeper.keys = ["ab" * 32]
    configure(c, catalog_url=URL)


@pytest.mark.parametrize("name", ["zhangxf", "Anna", "a.b-c_d@facility.org", "oidc.alice"])
def test_user_names_that_can_be_used(name):
    authenticator = SciCatAuthenticator()
    assert authenticator.normalize_username(name) == name
    assert authenticator.validate_username(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a b", "-x", ".ssh", "a%2Fb", "ä", "x" * 65, "a\n", "a\n\n"]
)
def test_user_names_that_would_be_paths_or_worse(name):
    assert not SciCatAuthenticator().validate_username(name)


def test_two_accounts_of_the_catalog_are_never_one_user_of_the_hub():
    authenticator = SciCatAuthenticator()
    assert authenticator.normalize_username("Anna") != authenticator.normalize_username("anna")


def test_the_key_of_a_local_hub_is_made_once_and_private(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_CRYPT_KEY")
    folder = private_folder(tmp_path / "hub")
    key = crypt_key(folder)
    assert len(bytes.fromhex(key)) == 32
    assert crypt_key(folder) == key
    assert (folder / "crypt_key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(folder) == ["crypt_key"]
    (folder / "crypt_key").write_text("")  # the disk was full at the first start
    again = crypt_key(folder)
    assert len(bytes.fromhex(again)) == 32
    assert crypt_key(folder) == again
    assert (folder / "crypt_key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_ports_come_from_the_environment_or_are_free(monkeypatch):
    monkeypatch.setenv("SOME_PORT", "1234")
    assert port("SOME_PORT") == 1234
    monkeypatch.delenv("SOME_PORT")
    assert port("SOME_PORT") > 1023


def test_an_administrators_token_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "token"
    with pytest.raises(ShineCatError, match="can't be read"):
        read_token_file(str(file))
    file.write_text("secret\n")
    file.chmod(0o644)
    with pytest.raises(ShineCatError, match="chmod 600"):
        read_token_file(str(file))
    file.chmod(0o600)
    assert read_token_file(str(file)).reveal() == "secret"
    file.write_text("")
    with pytest.raises(ShineCatError, match="empty"):
        read_token_file(str(file))
    assert os.path.exists(file)
