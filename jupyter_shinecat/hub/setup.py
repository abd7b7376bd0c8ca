"""One call that sets up a hub: authenticator, scope, roles, environment of the user servers."""

from __future__ import annotations

import os
from typing import Any

from traitlets.config.loader import LazyConfigValue

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .authenticator import SciCatAuthenticator
from .scope import DESCRIPTION, SCOPE

_KEY_VARIABLE = "JUPYTERHUB_CRYPT_KEY"
# JupyterHub replaces a default role that is named in load_roles as a whole, so its own scopes are repeated here.
_DEFAULT_SCOPES = {
    "user": ["self"],
    "server": ["users:activity!user", "access:servers!server"],
}
_WHO_MAY_ENTER = ("allow_all", "allowed_users", "allow_existing_users")


def configure(
    c: Any,
    catalog_url: str | None = None,
    *,
    user_catalog_url: str | None = None,
    admin_token_file: str | None = None,
    authenticator_class: Any = SciCatAuthenticator,
) -> None:
    """Make the hub of configuration ``c`` sign people on at the catalog.

    Parameters
    ----------
    c
        The object that ``get_config()`` gives in ``jupyterhub_config.py``.
    catalog_url
        Root address of the catalog; default ``SHINECAT_CATALOG_URL``.
    user_catalog_url
        The same catalog as user servers reach it, where that differs.
    admin_token_file
        File (0600) with an administrator's token; see `ShineCatTokenMixin.admin_token_file`.
    authenticator_class
        Another authenticator that has `ShineCatTokenMixin`.

    What ``c`` holds before stays, and so does what is set after this call. Everybody whom the catalog knows may sign
    in, unless ``c.Authenticator.allowed_users`` or ``allow_all`` is set before.

    Raises
    ------
    ShineCatError
        No catalog address, or no key to encrypt tokens with.
    """
    url = catalog_url or os.environ.get("SHINECAT_CATALOG_URL")
    if not url:
        raise ShineCatError(
            tr("The hub doesn't know its catalog."),
            do=tr("Give configure(c, catalog_url=...) the catalog's address, or set SHINECAT_CATALOG_URL."),
        )
    _check_key(c)
    c.JupyterHub.authenticator_class = authenticator_class
    settings = c[authenticator_class.__name__]
    settings.catalog_url = url
    if admin_token_file:
        settings.admin_token_file = admin_token_file
    c.Authenticator.enable_auth_state = True
    c.Authenticator.refresh_pre_spawn = True
    if not any(name in part for name in _WHO_MAY_ENTER for part in (c.Authenticator, settings)):
        c.Authenticator.allow_all = True
    c.JupyterHub.custom_scopes = {**_given(c.JupyterHub, "custom_scopes", {}), SCOPE: {"description": DESCRIPTION}}
    c.JupyterHub.load_roles = _roles(_given(c.JupyterHub, "load_roles", []))
    c.Spawner.environment = {
        "SHINECAT_CATALOG_URL": user_catalog_url or url,
        **_given(c.Spawner, "environment", {}),
    }


def _check_key(c: Any) -> None:
    if os.environ.get(_KEY_VARIABLE) or "keys" in c.CryptKeeper:
        return
    raise ShineCatError(
        tr("The hub has no key to encrypt catalog tokens with."),
        do=tr(
            "Set {variable} to 32 random bytes in hex (openssl rand -hex 32) and keep it: with another key everybody "
            "signs in anew.",
            variable=_KEY_VARIABLE,
        ),
    )


def _given(section: Any, name: str, empty: Any) -> Any:
    """What a section of the configuration holds already, also when it was only extended (``.append``, ``.update``)."""
    if name not in section:
        return empty
    value = section[name]
    return value.get_value(empty) if isinstance(value, LazyConfigValue) else value


def _roles(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The roles of ``given`` with our scope on the roles ``user`` and ``server``."""
    roles = {role["name"]: dict(role) for role in given}
    for name, scopes in _DEFAULT_SCOPES.items():
        role = roles.setdefault(name, {"name": name, "scopes": scopes})
        role["scopes"] = list(dict.fromkeys([*role.get("scopes", scopes), f"{SCOPE}!user"]))
    return list(roles.values())
