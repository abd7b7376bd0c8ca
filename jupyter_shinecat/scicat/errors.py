"""What a catalog, or the way to it, can refuse."""

from __future__ import annotations

import json
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr


class CatalogError(ShineCatError):
    """The catalog answered something else than what was asked for.

    Attributes
    ----------
    status
        HTTP status, 0 when there was no answer.
    reason
        The catalog's own words; empty when it said nothing.
    """

    status: int = 0
    reason: str = ""


class CatalogUnavailable(CatalogError):
    """No answer, or an answer that says try later. Nothing is wrong with the request."""


class SignInRequired(CatalogError):
    """The catalog does not know who asks: no token, or one that has expired."""


class AccessDenied(CatalogError):
    """The catalog knows who asks and says no."""


class NotFound(CatalogError):
    """No such object, or none that this person may see."""


class Conflict(CatalogError):
    """An object with this identifier exists already."""


class BadRequest(CatalogError):
    """The catalog does not accept the request as it is."""


class TooManyRequests(CatalogUnavailable):
    """The catalog asks to slow down.

    Attributes
    ----------
    retry_after_s
        Seconds to wait, as far as the server said.
    """

    retry_after_s: float = 1.0


_BY_STATUS: dict[int, type[CatalogError]] = {
    400: BadRequest,
    401: SignInRequired,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    422: BadRequest,
    429: TooManyRequests,
}


def reason_in(body: bytes) -> str:
    """The human part of SciCat's error body, which is a string, a list or JSON inside a string."""
    try:
        parsed: Any = json.loads(body)
    except (ValueError, UnicodeDecodeError):
        return body[:300].decode("utf-8", "replace").strip()
    message = parsed.get("message", "") if isinstance(parsed, dict) else parsed
    if isinstance(message, dict):
        message = message.get("message", message)
    if isinstance(message, list):
        message = "; ".join(str(part) for part in message)
    return str(message)[:1000]


def error_for(status: int, body: bytes, *, operation: str, subject: str, headers: dict[str, str]) -> CatalogError:
    """The error that stands for an HTTP answer.

    Parameters
    ----------
    status, body, headers
        The answer.
    operation
        What was tried, as words: ``"read the dataset"``.
    subject
        What it was tried on: a PID, a name, or empty.
    """
    reason = reason_in(body)
    kind = _BY_STATUS.get(status, CatalogUnavailable if status >= 500 else CatalogError)
    on = f" {subject}" if subject else ""
    what = tr(
        "The catalog refused to {operation}{on}: {status} {reason}",
        operation=operation,
        on=on,
        status=status,
        reason=reason,
    )
    do = ""
    if kind is SignInRequired:
        what = tr("Your sign-in at the catalog is missing or has expired.")
        do = tr("Sign in again (JupyterHub: log out and in; SHINECAT_TOKEN: set a new token), then repeat this.")
    elif kind is NotFound:
        what = tr("The catalog has no {subject}, or not for you.", subject=subject or operation)
        do = tr("Check the identifier, and with its owner group whether you may read it.")
    elif kind is CatalogUnavailable:
        what = tr(
            "The catalog cannot {operation}{on} now: {status} {reason}",
            operation=operation,
            on=on,
            status=status,
            reason=reason,
        )
        do = tr("Try again in a minute; if it stays so, tell the operator of the catalog.")
    error = kind(what, do=do)
    error.status = status
    error.reason = reason
    if isinstance(error, TooManyRequests):
        try:
            error.retry_after_s = float(headers.get("retry-after", "1"))
        except ValueError:
            error.retry_after_s = 1.0
    return error


def no_answer(url: str, operation: str, cause: Exception) -> CatalogUnavailable:
    """The error for a catalog that can't be reached; ``url`` holds no secret (tokens travel in headers)."""
    return CatalogUnavailable(
        tr("The catalog at {url} does not answer ({cause}).", url=url, cause=type(cause).__name__),
        do=tr("Check that it runs and that this machine can reach it, then repeat this."),
    )
