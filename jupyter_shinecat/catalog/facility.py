"""What a facility decides about jobs, publication, history, policies and its front end, under SciCat's names."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import yaml

from jupyter_shinecat.locale import tr

from .accounts.ldap import LdapServer
from .errors import CatalogError

_log = logging.getLogger(__name__)
TRACKABLE = ("Attachment", "Datablock", "Dataset", "Instrument", "Policy", "Proposal", "PublishedData", "Sample")
_HISTORY_GROUPS = {kind: f"HISTORY_ACCESS_{kind.upper()}_GROUPS" for kind in TRACKABLE}
# SciCat's own spelling of these differs between releases.
_HISTORY_ALIASES = {
    "PublishedData": "HISTORY_ACCESS_PUBLISHED_DATA_GROUPS",
    "Policy": "HISTORY_ACCESS_POLICIES_GROUPS",
}
_GROUPS = {
    "job_create_privileged_groups": "CREATE_JOB_PRIVILEGED_GROUPS",
    "job_update_privileged_groups": "UPDATE_JOB_PRIVILEGED_GROUPS",
    "job_delete_groups": "DELETE_JOB_GROUPS",
    "policy_groups": "POLICY_GROUPS",
}
_FILES = {
    "job_configuration": ("JOB_CONFIGURATION_FILE",),
    "published_data_configuration": ("PUBLISHED_DATA_CONFIG_FILE", "PUBLISHED_DATA_CONFIG_JSON_FILE"),
    "dataset_types": ("DATASET_TYPES_FILE",),
    "proposal_types": ("PROPOSAL_TYPES_FILE",),
    "frontend_config": ("FRONTEND_CONFIG_FILE",),
    "frontend_theme": ("FRONTEND_THEME_FILE",),
}
# SciCat's example settings name these whether they are there or not, and the real server starts without them.
_OPTIONAL = ("dataset_types", "proposal_types", "frontend_config", "frontend_theme", "published_data_configuration")
_YES = ("yes", "true", "1")
_TEXTS = {
    "doi_prefix": "DOI_PREFIX",
    "doi_username": "DOI_USERNAME",
    "doi_password": "DOI_PASSWORD",
    "register_doi_uri": "REGISTER_DOI_URI",
    "public_url_prefix": "PUBLIC_URL_PREFIX",
    "site": "SITE",
    "job_default_status_code": "JOB_DEFAULT_STATUS_CODE",
    "job_default_status_message": "JOB_DEFAULT_STATUS_MESSAGE",
    "oidc_issuer": "OIDC_ISSUER",
    "oidc_client_id": "OIDC_CLIENT_ID",
    "oidc_client_secret": "OIDC_CLIENT_SECRET",
    "oidc_callback_url": "OIDC_CALLBACK_URL",
    "oidc_scope": "OIDC_SCOPE",
    "oidc_groups_claim": "OIDC_ACCESS_GROUPS_PROPERTY",
    "trackable_strategy": "TRACKABLE_STRATEGY",
    "logbook_url": "LOGBOOK_BASE_URL",
    "logbook_username": "LOGBOOK_USERNAME",
    "logbook_password": "LOGBOOK_PASSWORD",
}


@dataclass(frozen=True, repr=False)
class Facility:
    """Settings beyond datasets. Files are read at start: a broken one stops the start, not a request."""

    job_create_privileged_groups: frozenset[str] = frozenset()
    job_update_privileged_groups: frozenset[str] = frozenset()
    job_delete_groups: frozenset[str] = frozenset()
    policy_groups: frozenset[str] = frozenset()
    history_groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    trackables: frozenset[str] = frozenset()
    trackable_strategy: str = "document"
    job_configuration: Any = None
    job_default_status_code: str = "jobSubmitted"
    job_default_status_message: str = "Job submitted."
    published_data_configuration: Any = None
    dataset_types: Any = None
    proposal_types: Any = None
    frontend_config: Any = None
    frontend_theme: Any = None
    doi_prefix: str = "10.12345"
    doi_username: str = ""
    doi_password: str = ""
    register_doi_uri: str = ""
    public_url_prefix: str = ""
    site: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_callback_url: str = ""
    oidc_scope: str = "openid profile email"
    oidc_frontends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    oidc_groups_claim: str = ""
    oidc_authorized_parties: frozenset[str] = frozenset()
    ldap: LdapServer | None = None
    everyones_groups: frozenset[str] = frozenset()
    logbook_url: str = ""
    logbook_username: str = ""
    logbook_password: str = ""

    def __repr__(self) -> str:
        return "Facility(...)"  # holds passwords of other services

    @property
    def types_of_datasets(self) -> frozenset[str]:
        """``raw``, ``derived`` and the values of the dataset types file."""
        return frozenset({"raw", "derived"} | _values(self.dataset_types))

    @property
    def types_of_proposals(self) -> frozenset[str]:
        """The default type and the values of the proposal types file."""
        return frozenset({"Default Proposal"} | _values(self.proposal_types))

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Facility:
        """Read SciCat's variables and the files that they name.

        Raises
        ------
        CatalogError
            A named file can't be read or is neither JSON nor YAML. Files of types, of publications and of the front
            end may be missing.
        """
        known: dict[str, Any] = {}
        for name, variable in _GROUPS.items():
            if variable in env:
                known[name] = names(env[variable])
        for name, variable in _TEXTS.items():
            if env.get(variable):
                known[name] = env[variable].strip()
        for name, variables in _FILES.items():
            for variable in variables:
                if not env.get(variable):
                    continue
                path = Path(env[variable]).expanduser()
                if name in _OPTIONAL and not path.exists():
                    _log.warning("%s names no file: %s", variable, path)
                    continue
                known[name] = _read(path, variable)
                break
        known["trackables"] = names(env.get("TRACKABLES", "")) & frozenset(TRACKABLE)
        known["oidc_authorized_parties"] = names(env.get("OIDC_ADDITIONAL_AUTHORIZED_PARTIES", ""))
        known["oidc_frontends"] = _frontends(env)
        known["ldap"] = LdapServer.from_environment(env)
        if (env.get("ACCESS_GROUPS_STATIC_ENABLED") or "true").lower() in _YES:
            known["everyones_groups"] = names(env.get("ACCESS_GROUPS_STATIC_VALUES", ""))
        known["history_groups"] = {
            kind: names(env.get(variable, "")) | names(env.get(_HISTORY_ALIASES.get(kind, variable), ""))
            for kind, variable in _HISTORY_GROUPS.items()
        }
        if env.get("LOGBOOK_ENABLED", "yes").lower() not in _YES:
            known.pop("logbook_url", None)
        if env.get("ACCESS_GROUPS_OIDCPAYLOAD_ENABLED", "").lower() not in _YES:
            known.pop("oidc_groups_claim", None)
        assert known.keys() <= {item.name for item in fields(cls)}
        return cls(**known)


def names(text: str) -> frozenset[str]:
    """Names of a comma list."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _frontends(env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """For each front end where people are sent after signing in, with the path that it opens by default.

    Raises
    ------
    CatalogError
        A front end of ``OIDC_FRONTEND_CLIENTS`` has no success URL.
    """
    found = {}
    if env.get("OIDC_SUCCESS_URL"):
        found["scicat"] = env["OIDC_SUCCESS_URL"], env.get("OIDC_RETURN_URL", "")
    for client in sorted(names(env.get("OIDC_FRONTEND_CLIENTS", "")) - {"scicat"}):
        variable = f"OIDC_{client.upper()}_SUCCESS_URL"
        if not env.get(variable):
            raise CatalogError(
                tr(
                    "OIDC_FRONTEND_CLIENTS names {client}, but {variable} is not set.", client=client, variable=variable
                ),
                do=tr("Set it, or take the front end out of the list."),
            )
        found[client] = env[variable], env.get(f"OIDC_{client.upper()}_RETURN_URL", "")
    return found


def _values(types: Any) -> set[str]:
    values = types.values() if isinstance(types, dict) else types if isinstance(types, list) else ()
    return {value for value in values if isinstance(value, str)}


def _read(path: Path, variable: str) -> Any:
    try:
        data = path.read_bytes()
        return msgspec.json.decode(data) if path.suffix == ".json" else yaml.safe_load(data)
    except (OSError, msgspec.DecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError(
            tr("The file {path}, named by {variable}, can't be read: {reason}.", path=path, variable=variable,
               reason=str(error)[:300]),
            do=tr("Correct the path or the file, or leave the setting out."),
        ) from None  # fmt: skip
