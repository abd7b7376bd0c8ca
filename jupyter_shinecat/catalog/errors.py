"""Refusals of the catalog, each with the HTTP status and the JSON body that SciCat's clients expect."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from jupyter_shinecat.errors import ShineCatError


class CatalogError(ShineCatError):
    """The catalog can't start or go on; the text is for the operator."""


class Refused(ShineCatError):
    """A request is refused.

    Parameters
    ----------
    status
        HTTP status.
    message
        What the body's ``message`` says: a text, or a list of texts for failed validation.
    body
        The whole body where SciCat's differs from ``{message, error, statusCode}``.
    headers
        Further response headers (``Retry-After``).
    """

    def __init__(
        self, status: int, message: str | list[str], *, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message if isinstance(message, str) else "; ".join(message))
        self.status = status
        self.headers = headers or {}
        self.body = body if body is not None else {"message": message, "error": _phrase(status), "statusCode": status}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def bad_request(message: str | list[str]) -> Refused:
    """400 with SciCat's usual body."""
    return Refused(400, message)


def forbidden(message: str = "Forbidden resource") -> Refused:
    """403; the default text is the one of a missing role."""
    return Refused(403, message)


def not_found(message: str) -> Refused:
    """404 that names what is missing."""
    return Refused(404, message)


def unauthenticated() -> Refused:
    """401 for a route that needs a signed-in caller."""
    return Refused(
        401, "Unauthenticated", body={"message": "Unauthenticated", "error": "Unauthorized", "statusCode": 401}
    )


def session_expired() -> Refused:
    """401 for a token whose time is over, on every route."""
    body = {"message": "SESSION_EXPIRED", "error": "Unauthorized", "statusCode": 401}
    return Refused(401, "SESSION_EXPIRED", body=body)
