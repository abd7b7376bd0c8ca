"""SciCat's job configuration: which types of jobs there are, who may create and update them, what then happens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.store.documents import Doc
from jupyter_shinecat.locale import tr

from . import json_schema
from .handlebars import Template
from .job_actions import OUTSIDE
from .json_path import JsonPath
from .template_helpers import regex

_log = logging.getLogger(__name__)
CREATE_RULES = ("#all", "#datasetPublic", "#authenticated", "#datasetAccess", "#datasetOwner", "#jobAdmin")
UPDATE_RULES = ("#all", "#jobOwnerUser", "#jobOwnerGroup", "#jobAdmin")
# Rules of later releases: read, and met by those who administer jobs only.
_LATER_RULES = ("#datasetPolicyList",)
_ACTIONS = ("log", "url", "validate", "switch", "error", *OUTSIDE)
_TEMPLATES = {
    "log": ("init", "validate", "perform", "performJob"), "url": ("url", "body", "bodyTemplate"), "error": ("message",),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """Creation or update of one type: the rule of who may, and the actions."""

    auth: str
    actions: list[Doc] = field(default_factory=list)


@dataclass(frozen=True)
class JobType:
    """One type of job."""

    name: str
    create: Operation
    update: Operation


class JobRules:
    """The types of a configuration; without one there are none.

    Raises
    ------
    CatalogError
        The configuration has no list of jobs, a type without a name, a rule or action that doesn't exist, or an action
        with a template, path, schema or expression that can't be read.
    """

    def __init__(self, configuration: Any) -> None:
        configuration = {} if configuration is None else configuration
        jobs = configuration.get("jobs", []) if isinstance(configuration, dict) else None
        if not isinstance(jobs, list):
            raise _wrong("jobs")
        self.version = str(configuration.get("configVersion", ""))
        self._types: dict[str, JobType] = {}
        for entry in jobs:
            name = entry.get("jobType") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not name:
                raise _wrong("jobType")
            self._types[name] = JobType(
                name,
                _operation(entry.get("create"), name, CREATE_RULES),
                _operation(entry.get("update"), name, UPDATE_RULES),
            )

    def of(self, name: Any) -> JobType:
        """The type, or SciCat's 400."""
        found = self._types.get(name) if isinstance(name, str) else None
        if found is None:
            text = f"Invalid job type: {str(name)[:100]}"
            raise Refused(400, text, body={"status": 400, "message": text})
        return found


def _operation(entry: Any, name: str, rules: tuple[str, ...]) -> Operation:
    entry = {} if entry is None else entry
    # Without a rule nobody but those who administer jobs.
    auth = entry.get("auth", "#jobAdmin") if isinstance(entry, dict) else None
    if not isinstance(auth, str) or not auth or (auth.startswith("#") and auth not in (*rules, *_LATER_RULES)):
        raise _wrong(f"{name}: auth")
    if auth in _LATER_RULES:
        _log.warning("job type %s: only administrators meet the rule %s here", name, auth)
    actions = entry.get("actions") or []
    _check_actions(actions, name)
    return Operation(auth, actions)


def _check_actions(actions: Any, name: str) -> None:
    if not isinstance(actions, list):
        raise _wrong(f"{name}: actions")
    for action in actions:
        kind = action.get("actionType") if isinstance(action, dict) else None
        if kind not in _ACTIONS:
            raise _wrong(f"{name}: actions")
        try:
            for text in _templates(action):
                Template(text)
            if kind == "validate":
                for part in ("request", "datasets"):
                    for place, schema in (action.get(part) or {}).items():
                        JsonPath(str(place))
                        json_schema.check(schema)
            elif kind == "switch":
                _check_switch(action, name)
        except (ValueError, AttributeError, KeyError) as error:
            raise _wrong(f"{name}: {kind}: {str(error)[:200]}") from None
        if kind == "log" and action.get("init"):
            _log.info("%s", Template(str(action["init"])).filled(action)[:1000])
        elif kind in OUTSIDE:
            _log.warning("job type %s: the action %s needs %s, which this server has not", name, kind, OUTSIDE[kind])


def _templates(action: Doc) -> Iterator[str]:
    for member in _TEMPLATES.get(action["actionType"], ()):
        if isinstance(action.get(member), str):
            yield action[member]
    if action["actionType"] == "url":
        yield from (str(value) for value in (action.get("headers") or {}).values())


def _check_switch(action: Doc, name: str) -> None:
    JsonPath(str(action["property"]))
    if action.get("phase", "all") not in ("validate", "perform", "all"):
        raise ValueError("phase is validate, perform or all")
    for case in action.get("cases") or []:
        if "schema" in case:
            json_schema.check(case["schema"])
        elif "regex" in case:
            pattern, slash, flags = str(case["regex"])[1:].rpartition("/")
            if not slash or not str(case["regex"]).startswith("/"):
                raise ValueError("regex must be between slashes")
            regex(pattern, flags)
        _check_actions(case.get("actions") or [], name)


def _wrong(where: str) -> CatalogError:
    return CatalogError(
        tr("The job configuration is wrong at {where}.", where=where),
        do=tr("Correct the file named by JOB_CONFIGURATION_FILE."),
    )
