"""What happens when a job is created or updated: check first, store, then act."""

from __future__ import annotations

import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.store.documents import Doc

from . import json_schema
from .handlebars import Template, TemplateError
from .json_path import JsonPath
from .template_helpers import regex

_log = logging.getLogger(__name__)
_TIMEOUT_S = 10.0
_MAX_WAITING = 1000
OUTSIDE = {
    "email": "a mail server",
    "groupedEmail": "a mail server",
    "datasetPolicyEmail": "a mail server",
    "rabbitmq": "RabbitMQ",
}


class JobActions:
    """Runs the actions of a job configuration; requests to other services go out in threads of their own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, "catalog-jobs")
        self._waiting: set[Future[None]] = set()

    def close(self) -> None:
        """Wait for requests that are on their way."""
        self._pool.shutdown(wait=True)

    def check(self, actions: list[Doc], context: dict[str, Any]) -> None:
        """Before anything is stored: what ``validate`` and ``error`` actions refuse, and what needs other products.

        Raises
        ------
        Refused
            400 or the action's own status; 501 for an action that this server can't do, unless it has ``ignoreErrors``;
            503 while too many requests to other services wait.
        """
        for action in chosen(actions, context, "validate"):
            kind = action["actionType"]
            if kind == "validate":
                _validate(action, context)
            elif kind == "error":
                _refuse(action, context)
            elif kind == "log" and action.get("validate"):
                _note(action["validate"], context)
        for action in chosen(actions, context, "all"):
            kind = action["actionType"]
            if kind == "url" and len(self._waiting) >= _MAX_WAITING:
                raise Refused(
                    503, "Too many jobs wait for another service. Nothing was stored; try again.",
                    headers={"Retry-After": "60"},
                )  # fmt: skip
            if kind in OUTSIDE and action.get("ignoreErrors") is not True:
                raise Refused(
                    501, f"The job's configuration asks for the action {kind}, which needs {OUTSIDE[kind]}: "
                    "the embedded catalog has none. Nothing was stored."
                )  # fmt: skip

    def act(self, actions: list[Doc], context: dict[str, Any]) -> None:
        """After the job is stored: ``log`` and ``url``, and ``error`` of a ``switch`` whose phase is ``perform``."""
        for action in chosen(actions, context, "perform"):
            kind = action["actionType"]
            if kind == "log":
                text = action.get("perform") or action.get("performJob") or "Performing job for {{{job.type}}}"
                _note(text, context)
            elif kind == "url":
                request = self._pool.submit(_request, action, context)
                self._waiting.add(request)
                request.add_done_callback(self._waiting.discard)
            elif kind == "error":
                _refuse(action, context)
            elif kind in OUTSIDE:
                _log.warning("job %s: the action %s needs %s: left out", context["job"].get("id"), kind, OUTSIDE[kind])


def chosen(actions: list[Doc], context: dict[str, Any], phase: str) -> list[Doc]:
    """The actions with each ``switch`` of this phase replaced by those of its matching case.

    ``all`` goes into every ``switch``, whatever its phase.
    """
    result: list[Doc] = []
    for action in actions:
        if action["actionType"] != "switch":
            result.append(action)
        elif phase == "all" or action.get("phase", "all") in (phase, "all"):
            result.extend(chosen(_case(action, context), context, phase))
    return result


def _case(action: Doc, context: dict[str, Any]) -> list[Doc]:
    place = str(action.get("property", ""))
    values: list[Any] = []
    for found in JsonPath(place).found_in(context):
        if found not in values:
            values.append(found)
    if len(values) > 1:
        raise _bad(f"Ambiguous value for '{place}' ({len(values)} distinct results).")
    value = values[0] if values else None
    for case in action.get("cases") or []:
        if _matches(case, value, place):
            return case.get("actions") or []
    return []


def _matches(case: Doc, value: Any, place: str) -> bool:
    if "schema" in case:
        return json_schema.is_valid(case["schema"], value)
    if "regex" in case:
        if not isinstance(value, str):
            raise _bad(f"Property {place} was expected to be a string.")
        pattern, _, flags = str(case["regex"])[1:].rpartition("/")
        return regex(pattern, flags).search(value) is not None
    return "match" not in case or (
        case["match"] == value and isinstance(value, bool) == isinstance(case["match"], bool)
    )


def _bad(text: str) -> Refused:
    return Refused(400, text, body={"status": 400, "message": text})


def _refuse(action: Doc, context: dict[str, Any]) -> None:
    status = action.get("status")
    text = _filled(str(action.get("message", "Job refused by its configuration")), context)
    raise Refused(status if isinstance(status, int) and 400 <= status < 600 else 400, text)


def _note(template: Any, context: dict[str, Any]) -> None:
    text = _filled(str(template), context)
    if text.strip():
        _log.info("%s", text.replace("\r", " ").replace("\n", " ")[:1000])


def _filled(template: str, context: dict[str, Any]) -> str:
    try:
        return Template(template).filled(context)
    except TemplateError as error:
        raise Refused(500, f"A template of the job configuration can't be filled: {error}") from None


def _validate(action: Doc, context: dict[str, Any]) -> None:
    _fits(action.get("request"), context["request"], "Invalid request.")
    if not action.get("datasets"):
        return
    if "datasets" not in context or not context["datasets"]:
        raise _bad("'jobParams.datasetList' is required.")
    for dataset in context["datasets"]:
        _fits(action["datasets"], dataset, f"Invalid request. Dataset {dataset.get('pid')}:")


def _fits(schemas: Any, document: Any, begin: str) -> None:
    for place, schema in (schemas or {}).items():
        found = JsonPath(str(place)).found_in(document)
        if not found:
            raise _bad(f"{begin} Requires '{place}'")
        for value in found:
            problem = json_schema.worst_problem(schema, value)
            if problem is not None:
                raise _bad(f"{begin} Invalid value for '{place}': {problem[:300]}")


def _request(action: Doc, context: dict[str, Any]) -> None:
    # The operator's configuration may take secrets from the environment; they never reach our log.
    full = {**context, "env": dict(os.environ)}
    id = context["job"].get("id")
    try:
        headers = {str(key): Template(str(value)).filled(full) for key, value in (action.get("headers") or {}).items()}
        body = action.get("bodyTemplate") or action.get("body")
        content = Template(body).filled(full) if isinstance(body, str) else ""
        answer = httpx.request(
            str(action.get("method", "GET")), Template(str(action["url"])).filled(full), headers=headers,
            content=content.encode() or None, timeout=_TIMEOUT_S, follow_redirects=False,
        )  # fmt: skip
        if answer.is_error:
            _log.warning("job %s: the url action was answered with %s", id, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, TypeError) as error:
        _log.warning("job %s: the url action failed: %s", id, type(error).__name__)
