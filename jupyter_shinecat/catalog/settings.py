"""Settings of the catalog, under the names that SciCat gives them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jupyter_shinecat.locale import tr

from .errors import CatalogError
from .facility import Facility, names

Profile = Literal["shinecat", "scicat-5"]
PROFILES: tuple[Profile, ...] = ("shinecat", "scicat-5")
FEATURES = (
    "client-pid", "renew", "nested-conditions", "administration", "described-facets", "cursor-paging", "explain",
    "similar-words",
)  # fmt: skip

_PLACEHOLDER = re.compile(r"<([A-Z_]+|[A-Za-z]+Id|[a-z]+Secret|\"[^<>]*\")>")
EVERYBODY = frozenset({"#all"})
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


@dataclass(frozen=True, repr=False)
class Settings:
    """What an operator decides. Group settings are sets of names; ``#all`` stands for every signed-in user."""

    profile: Profile = "shinecat"
    admin_groups: frozenset[str] = frozenset({"admin"})
    delete_groups: frozenset[str] = frozenset()
    create_groups: frozenset[str] = EVERYBODY
    create_with_pid_groups: frozenset[str] = frozenset()
    create_privileged_groups: frozenset[str] = frozenset()
    lifecycle_groups: frozenset[str] = frozenset()
    proposal_groups: frozenset[str] = frozenset()
    sample_groups: frozenset[str] = EVERYBODY
    sample_privileged_groups: frozenset[str] = frozenset()
    attachment_groups: frozenset[str] = EVERYBODY
    attachment_privileged_groups: frozenset[str] = frozenset()
    global_groups: frozenset[str] = frozenset({"globalaccess"})
    pid_prefix: str = "shinecat"
    pid_pattern: str | None = None
    jwt_secret: str | None = None
    jwt_expires_in_s: int = 3600
    jwt_never_s: int = 100 * 365 * 86400
    renew_for_s: int = 30 * 86400
    max_body_bytes: int = 64 * 1024 * 1024
    max_depth: int = 64
    max_keys: int = 500_000
    max_metadata_keys: int = 20_000
    max_dataset_values: int = 50_000
    max_answer_bytes: int = 256 * 1024 * 1024
    search_limit_s: int = 30
    slow_client_s: int = 120
    requests_at_once: int = 8
    login_attempts: int = 5
    login_window_s: int = 60
    metrics_open: bool = False
    facility: Facility = field(default_factory=Facility)

    def __repr__(self) -> str:
        return f"Settings(profile={self.profile!r}, ...)"  # holds the JWT secret

    @property
    def features(self) -> list[str]:
        """What this server does beyond SciCat 5, for clients that can use it."""
        return [] if self.profile == "scicat-5" else list(FEATURES)

    @classmethod
    def from_environment(cls, env: Mapping[str, str], profile: str = "shinecat") -> Settings:
        """Read SciCat's variables (``ADMIN_GROUPS``, ``PID_PREFIX``, ``JWT_SECRET``, ...) from ``env``."""
        if profile not in PROFILES:
            raise CatalogError(
                tr("The catalog has no profile {profile}.", profile=profile),
                do=tr("Profiles are: {names}.", names=", ".join(PROFILES)),
            )
        default = cls()
        env = _filled_in(env)

        def groups(name: str, fallback: frozenset[str]) -> frozenset[str]:
            text = env.get(name)
            # As on the real server, an empty list stands for everybody where everybody is the default.
            if text is None or (not text.strip() and fallback == EVERYBODY):
                return fallback
            return names(text)

        def whole(name: str, fallback: int) -> int:
            text = env.get(name, "").strip()
            if not text:
                return fallback
            if not text.isdigit():
                raise CatalogError(
                    tr("The setting {name} is not a whole number: {value}.", name=name, value=text),
                    do=tr("Correct it in the environment or the --env file."),
                )
            return int(text)

        pattern = env.get("DATASET_CREATION_VALIDATION_REGEX") or None
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise CatalogError(
                tr("DATASET_CREATION_VALIDATION_REGEX is no regular expression: {reason}.", reason=error),
                do=tr("Correct it in the environment or the --env file."),
            ) from None
        if env.get("DATASET_CREATION_VALIDATION_ENABLED", "").lower() not in ("true", "yes", "1"):
            pattern = None
        lifetime = env.get("JWT_EXPIRES_IN", "").strip()
        return cls(
            profile=profile,
            admin_groups=groups("ADMIN_GROUPS", default.admin_groups),
            delete_groups=groups("DELETE_GROUPS", default.delete_groups),
            create_groups=groups("CREATE_DATASET_GROUPS", default.create_groups),
            create_with_pid_groups=groups("CREATE_DATASET_WITH_PID_GROUPS", default.create_with_pid_groups),
            create_privileged_groups=groups("CREATE_DATASET_PRIVILEGED_GROUPS", default.create_privileged_groups),
            lifecycle_groups=groups("UPDATE_DATASET_LIFECYCLE_GROUPS", default.lifecycle_groups),
            proposal_groups=groups("PROPOSAL_GROUPS", default.proposal_groups),
            sample_groups=groups("SAMPLE_GROUPS", default.sample_groups),
            sample_privileged_groups=groups("SAMPLE_PRIVILEGED_GROUPS", default.sample_privileged_groups),
            attachment_groups=groups("ATTACHMENT_GROUPS", default.attachment_groups),
            attachment_privileged_groups=groups("ATTACHMENT_PRIVILEGED_GROUPS", default.attachment_privileged_groups),
            global_groups=groups("SHINECAT_GLOBAL_GROUPS", default.global_groups),
            pid_prefix=(env.get("PID_PREFIX") or default.pid_prefix).rstrip("/"),
            pid_pattern=pattern,
            jwt_secret=env.get("JWT_SECRET") or None,
            jwt_expires_in_s=parse_lifetime(lifetime) if lifetime else default.jwt_expires_in_s,
            jwt_never_s=parse_lifetime(env.get("JWT_NEVER_EXPIRES") or default.jwt_never_s),
            max_body_bytes=whole("SHINECAT_MAX_BODY_MB", default.max_body_bytes >> 20) << 20,
            max_answer_bytes=whole("SHINECAT_MAX_ANSWER_MB", default.max_answer_bytes >> 20) << 20,
            search_limit_s=whole("SHINECAT_SEARCH_LIMIT_S", default.search_limit_s),
            slow_client_s=max(1, whole("SHINECAT_SLOW_CLIENT_S", default.slow_client_s)),
            requests_at_once=max(1, whole("SHINECAT_REQUESTS_AT_ONCE", default.requests_at_once)),
            login_attempts=whole("SHINECAT_LOGIN_ATTEMPTS", default.login_attempts),
            login_window_s=whole("SHINECAT_LOGIN_WINDOW_S", default.login_window_s),
            metrics_open=env.get("SHINECAT_METRICS", "").strip().lower() == "open",
            facility=Facility.from_environment(env),
        )


def _filled_in(env: Mapping[str, str]) -> dict[str, str]:
    """``env`` without what still holds the placeholder of SciCat's example file (``<JWT_SECRET>``, ``<"yes"|"no">``).

    Such a secret is none: one is then made at the first start.
    """
    return {name: text for name, text in env.items() if not _PLACEHOLDER.fullmatch(text.strip())}


def parse_lifetime(text: str | int) -> int:
    """Seconds of a lifetime: a number of seconds, or a number with s, m, h, d, w or y (``12h``)."""
    match = re.fullmatch(r"\s*(\d{1,10})\s*([smhdwy]?)\s*", str(text))
    if not match:
        raise CatalogError(
            tr("{value} is not a lifetime.", value=text),
            do=tr("Give seconds, or a number with s, m, h, d, w or y, such as 12h."),
        )
    return int(match[1]) * _UNITS[match[2] or "s"]


def read_env_file(path: Path) -> dict[str, str]:
    """Variables of a ``.env`` file: ``NAME=value`` lines, quotes and ``export`` allowed, ``#`` starts a comment."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(
            tr("The settings file {path} can't be read: {reason}.", path=path, reason=error),
            do=tr("Check the path given with --env."),
        ) from None
    found = {}
    for line in text.splitlines():
        stripped = line.strip().removeprefix("export ").strip()
        if not stripped or stripped.startswith("#") or "=" not in stripped:
            continue
        name, value = (part.strip() for part in stripped.split("=", 1))
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        found[name] = value
    return found


def environment(env_file: Path | None) -> dict[str, str]:
    """The process's environment over the ``--env`` file's variables."""
    return {**(read_env_file(env_file) if env_file else {}), **os.environ}
