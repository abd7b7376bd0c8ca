"""What our routes answer when something is wrong: SciCat's JSON shape, with what happened and what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from jupyter_shinecat.errors import ShineCatError

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """Status, body and the few headers that may reach a page or a kernel."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def phrase(status: int) -> str:
    """``Not Found`` for 404."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def refusal(status: int, reason: ShineCatError, *, error: str | None = None) -> Answer:
    """An error as JSON: ``{"statusCode", "error", "message", "what", "left", "do"}``."""
    body = {
        "statusCode": status,
        "error": error or phrase(status),
        "message": str(reason),
        "what": reason.what,
        "left": reason.left,
        "do": reason.do,
    }
    return Answer(status, json.dumps(body, ensure_ascii=False).encode("utf-8"))


def login_required(reason: ShineCatError) -> Answer:
    """401 that tells a page to ask for a new sign-in."""
    return refusal(401, reason, error="login_required")
