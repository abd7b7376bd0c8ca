"""What happens when a job is created or updated: check first, store, then act."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jsonschema
import jsonschema.exceptions

from jupyter_shinecat.catalog.errors import Refused, bad_request
from jupyter_shinecat.catalog.store.documents import Doc

from .job_templates import at, filled

_log = logging.getLogger(__name__)
_TIMEOUT_S = 10.0
_OUTSIDE = {
    "email": "a mail server",
    "rabbitmq": "RabbitMQ",
}


class JobActions:
    """Runs the actions of a job configuration; requests to other services go out in threads of their own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, "catalog-jobs")

    def close(self) -> None:
        """Wait for requests that are on their way."""
        self._pool.shutdown(wait=True)

    def check(self, actions: list[Doc], context: dict[str, Any]) -> None:
        """Before anything is stored: raise what ``validate`` and ``error`` actions say, and for what we don't have."""
        for action in chosen(actions, context):
            kind = action.get("actionType")
            if kind == "validate":
                _validate(action, context)
            elif kind == "error":
                status = action.get("status")
                text = filled(str(action.get("message", "Job refused by its configuration")), context)
                raise Refused(status if isinstance(status, int) and 400 <= status < 600 else 400, text)
            elif kind in _OUTSIDE:
                raise Refused(
                    501, f"The job's configuration asks for the action {kind}, which needs {_OUTSIDE[kind]}: "
                    "the embedded catalog has none. Nothing was stored."
                )  # fmt: skip

    def act(self, actions: list[Doc], context: dict[str, Any]) -> None:
        """After the job is stored: ``log`` and ``url``."""
        for action in chosen(actions, context):
            if action.get("actionType") == "log":
                text = filled(str(action.get("init") or "Job {{job.id}} of type {{job.type}}"), context)
                _log.info("%s", text.replace("\n", " ")[:1000])
            elif action.get("actionType") == "url":
                self._pool.submit(_request, action, context)


def chosen(actions: list[Doc], context: dict[str, Any]) -> list[Doc]:
    """The actions with each ``switch`` replaced by those of its matching case."""
    result: list[Doc] = []
    for action in actions:
        if action.get("actionType") != "switch":
            result.append(action)
            continue
        value = at(context, str(action.get("property", "")).removeprefix("$."))
        for case in action.get("cases") or []:
            if isinstance(case, dict) and ("match" not in case or case["match"] == value):
                result.extend(chosen(case.get("actions") or [], context))
                break
    return result


def _validate(action: Doc, context: dict[str, Any]) -> None:
    body = context["request"]
    for path, schema in (action.get("request") or {}).items():
        try:
            jsonschema.validate(at(body, str(path).removeprefix("$.")), schema)
        except jsonschema.exceptions.ValidationError as error:
            raise bad_request(f"Invalid request. Invalid value for '{path}': {error.message[:300]}") from None
        except jsonschema.exceptions.SchemaError as error:
            raise Refused(500, f"The job configuration's schema for '{path}' is wrong: {error.message[:200]}") from None
    for path, schema in (action.get("datasets") or {}).items():
        for dataset in context.get("datasets", []):
            try:
                jsonschema.validate(at(dataset, str(path).removeprefix("$.")), schema)
            except jsonschema.exceptions.ValidationError as error:
                raise bad_request(
                    f"Invalid request. Dataset {dataset.get('pid')}: '{path}': {error.message[:300]}"
                ) from None


def _request(action: Doc, context: dict[str, Any]) -> None:
    # The operator's configuration may take secrets from the environment; they never reach our log.
    full = {**context, "env": dict(os.environ)}
    id = context["job"].get("id")
    try:
        headers = {str(key): filled(str(value), full) for key, value in (action.get("headers") or {}).items()}
        body = action.get("bodyTemplate") or action.get("body")
        content = filled(body, full) if isinstance(body, str) else ""
        answer = httpx.request(
            str(action.get("method", "GET")), filled(str(action["url"]), full), headers=headers,
            content=content or None, timeout=_TIMEOUT_S, follow_redirects=False,
        )  # fmt: skip
        if answer.is_error:
            _log.warning("job %s: the url action was answered with %s", id, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError) as error:
        _log.warning("job %s: the url action failed: %s", id, type(error).__name__)
