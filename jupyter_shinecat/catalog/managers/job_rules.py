"""SciCat's job configuration: which types of jobs there are, who may create and update them, what then happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.store.documents import Doc
from jupyter_shinecat.locale import tr

CREATE_RULES = ("#all", "#datasetPublic", "#authenticated", "#datasetAccess", "#datasetOwner", "#jobAdmin")
UPDATE_RULES = ("#all", "#jobOwnerUser", "#jobOwnerGroup", "#jobAdmin")
_ACTIONS = ("log", "email", "url", "rabbitmq", "validate", "switch", "error")


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
        The configuration has no list of jobs, a type without a name, or a rule or action that doesn't exist.
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
    if not isinstance(auth, str) or not auth or (auth.startswith("#") and auth not in rules):
        raise _wrong(f"{name}: auth")
    actions = entry.get("actions") or []
    if not isinstance(actions, list) or not all(
        isinstance(action, dict) and action.get("actionType") in _ACTIONS for action in actions
    ):
        raise _wrong(f"{name}: actions")
    return Operation(auth, actions)


def _wrong(where: str) -> CatalogError:
    return CatalogError(
        tr("The job configuration is wrong at {where}.", where=where),
        do=tr("Correct the file named by JOB_CONFIGURATION_FILE."),
    )
