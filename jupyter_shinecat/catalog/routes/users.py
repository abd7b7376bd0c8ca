"""Routes of users, their identities and settings."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.errors import bad_request

from .call import Call, Route


def legacy_login(call: Call) -> Any:
    """``users/login`` answers nothing since SciCat 5."""
    call.catalog.people.sign_in(call.body, call.address)
    return None


def _put_settings(call: Call, **how: bool) -> Any:
    return call.catalog.people.put_settings(call.who, call.params["id"], call.body, **how)


def _new_password(call: Call, *needed: str) -> dict[str, Any]:
    body = call.body if isinstance(call.body, dict) else {}
    texts = [f"{name} must be a string" for name in needed if not isinstance(body.get(name), str)]
    if texts:
        raise bad_request(texts)
    if body["newPassword"] != body["confirmPassword"]:
        raise bad_request("newPassword and confirmPassword do not match")
    return body


def _own_password(call: Call) -> Any:
    call.signed_in()
    body = _new_password(call, "currentPassword", "newPassword", "confirmPassword")
    call.status = 200
    call.catalog.administration.own_password(
        call.who, {"old": body["currentPassword"], "new": body["newPassword"]}, call.address
    )
    return {"message": "Password updated successfully"}


def _password(call: Call) -> Any:
    call.signed_in()
    body = _new_password(call, "newPassword", "confirmPassword")
    call.catalog.administration.set_password(call.who, call.params["id"], {"password": body["newPassword"]})
    return {"message": "Password updated successfully"}


def _valid_email(call: Call) -> Any:
    text = (call.query.get("filter") or [""])[0]
    return call.catalog.people.valid_email(call.who, call.filter if text.startswith("{") else text.strip('"'))


def routes() -> list[Route]:
    """The table."""
    base = "/api/v3/users"
    return [
        Route("POST", f"{base}/login", legacy_login, slow=True),
        Route("POST", f"{base}/jwt", lambda c: c.catalog.people.service_token(c.who)),
        Route("GET", base, lambda c: c.catalog.people.users(c.who)),
        Route("GET", f"{base}/my/self", lambda c: c.catalog.people.me(c.who)),
        Route("GET", f"{base}/my/identity", lambda c: c.catalog.people.my_identity(c.who)),
        Route("GET", f"{base}/my/settings", lambda c: c.catalog.people.settings_of(c.who)),
        Route("GET", f"{base}/{{id}}", lambda c: c.catalog.people.user(c.who, c.params["id"])),
        Route("GET", f"{base}/{{id}}/userIdentity", lambda c: c.catalog.people.user_identity(c.who, c.params["id"])),
        Route(
            "GET",
            f"{base}/{{id}}/authorization/dataset/create",
            lambda c: c.catalog.people.may_create(c.who, c.params["id"]),
        ),
        Route("POST", f"{base}/{{id}}/jwt", lambda c: c.catalog.people.mint(c.who, c.params["id"], c.body)),
        Route("GET", f"{base}/{{id}}/settings", lambda c: c.catalog.people.settings_of(c.who, c.params["id"])),
        Route("POST", f"{base}/{{id}}/settings", lambda c: _put_settings(c, partial=True)),
        Route("PUT", f"{base}/{{id}}/settings", lambda c: _put_settings(c, partial=False)),
        Route("PATCH", f"{base}/{{id}}/settings", lambda c: _put_settings(c, partial=True)),
        Route(
            "PATCH", f"{base}/{{id}}/settings/external", lambda c: _put_settings(c, partial=True, external_only=True)
        ),
        Route("DELETE", f"{base}/{{id}}/settings", lambda c: c.catalog.people.delete_settings(c.who, c.params["id"])),
        Route("POST", f"{base}/password", _own_password, slow=True),
        Route("PATCH", f"{base}/{{id}}/password", _password, slow=True),
        Route("GET", "/api/v3/useridentities/isValidEmail", _valid_email),
        Route("GET", "/api/v3/useridentities/findOne", lambda c: c.catalog.people.find_identity(c.who, c.filter)),
    ]
