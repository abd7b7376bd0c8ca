"""Routes of administration, below ``/api/v3/shinecat``: a real SciCat has nothing there."""

from __future__ import annotations

from typing import Any

from .call import Call, Route

BASE = "/api/v3/shinecat"


def _own_password(call: Call) -> Any:
    return call.catalog.administration.own_password(call.who, call.body, call.address)


def routes(features: list[str]) -> list[Route]:
    """The table; empty where the server shall be like a real one."""
    if "administration" not in features:
        return []
    accounts, tokens = f"{BASE}/accounts", f"{BASE}/tokens"

    def one(call: Call) -> str:
        return call.params["id"]

    return [
        Route("GET", accounts, lambda c: c.catalog.administration.accounts(c.who)),
        Route("POST", accounts, lambda c: c.catalog.administration.create(c.who, c.body), slow=True),
        Route("PATCH", f"{accounts}/{{id}}", lambda c: c.catalog.administration.change(c.who, one(c), c.body)),
        Route("DELETE", f"{accounts}/{{id}}", lambda c: c.catalog.administration.delete(c.who, one(c))),
        Route(
            "POST",
            f"{accounts}/{{id}}/password",
            lambda c: c.catalog.administration.set_password(c.who, one(c), c.body),
            slow=True,
        ),
        Route("POST", f"{BASE}/password", _own_password, slow=True),
        Route(
            "POST",
            f"{BASE}/password/code",
            lambda c: c.catalog.administration.use_code(c.body, c.address),
            slow=True,
        ),
        Route("GET", tokens, lambda c: c.catalog.administration.tokens(c.who)),
        Route("POST", tokens, lambda c: c.catalog.administration.issue_token(c.who, c.body)),
        Route("DELETE", f"{tokens}/{{id}}", lambda c: c.catalog.administration.revoke_token(c.who, one(c))),
        Route(
            "GET",
            f"{BASE}/audit",
            lambda c: c.catalog.administration.audited(c.who, c.json("limit"), c.query.get("only", [])),
        ),
    ]
