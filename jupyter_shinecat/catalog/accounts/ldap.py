"""Sign-in against a facility's LDAP directory, under SciCat's names of the settings."""

from __future__ import annotations

import importlib.util
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.locale import tr

from .loopback import is_loopback
from .person import Person

_log = logging.getLogger(__name__)
_USERNAME = re.compile(r"\{\{\s*username\s*\}\}")
_PLACEHOLDER = re.compile(r"<[A-Z_]+>")
_CN = re.compile(r"\s*cn=((?:\\.|[^,\\])+)", re.IGNORECASE)
_CONNECT_S = 5
_ANSWER_S = 10
_SIGN_IN = "Sign in at auth/login with an account of this catalog, or at auth/oidc/token."


@dataclass(frozen=True, repr=False)
class LdapServer:
    """Where the directory is and how people are found in it.

    ``bind_dn`` and ``bind_password`` find people (none: anonymously); ``filter`` names one by ``{{username}}``.
    ``groups_attribute`` lists groups, as names or as distinguished names whose first part is ``cn=``.
    """

    url: str
    bind_dn: str
    bind_password: str
    base: str
    filter: str
    id_attribute: str = "sAMAccountName"
    name_attribute: str = "displayName"
    groups_attribute: str = ""

    def __repr__(self) -> str:
        return f"LdapServer({self.url!r})"  # holds a password

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> LdapServer | None:
        """The directory that ``LDAP_URL`` names, or None; the placeholders of SciCat's example file name none.

        Raises
        ------
        CatalogError
            The filter takes no ``{{username}}``, or the package that speaks LDAP is missing.
        """
        url, base = env.get("LDAP_URL", "").strip(), env.get("LDAP_SEARCH_BASE", "").strip()
        bind_dn, password = env.get("LDAP_BIND_DN", "").strip(), env.get("LDAP_BIND_CREDENTIALS", "")
        if not url or any(_PLACEHOLDER.search(text) for text in (url, base, bind_dn, password)):
            return None
        template = env.get("LDAP_SEARCH_FILTER", "").strip()
        if not _USERNAME.search(template) or not base:
            # Without the name every password would be tried on the same entry.
            raise CatalogError(
                tr("LDAP_URL is set, but LDAP_SEARCH_BASE is empty or LDAP_SEARCH_FILTER has no {{username}}."),
                do=tr("Set both, for example LDAP_SEARCH_FILTER=(uid={{username}})."),
            )
        if importlib.util.find_spec("ldap3") is None:
            raise CatalogError(
                tr("LDAP_URL is set, but the package ldap3 is not installed."),
                do=tr("Install jupyter-shinecat[ldap], or leave LDAP_URL out."),
            )
        parts = urlsplit(url)
        if parts.scheme.lower() != "ldaps" and not is_loopback(parts.hostname or ""):
            _log.warning("LDAP_URL is not ldaps: passwords cross the network in the clear")
        groups = env.get("OIDC_ACCESS_GROUPS_PROPERTY", "").strip()
        if env.get("ACCESS_GROUPS_OIDCPAYLOAD_ENABLED", "").lower() not in ("true", "yes", "1"):
            groups = ""
        return cls(
            url, bind_dn, password, base, template,
            env.get("LDAP_EXTERNAL_ID", "").strip() or cls.id_attribute,
            env.get("LDAP_USERNAME", "").strip() or cls.name_attribute, groups,
        )  # fmt: skip


class Directory:
    """Asks the directory whose password this is; one short connection a question.

    Parameters
    ----------
    server
        The directory, or None where there is none.
    """

    def __init__(self, server: LdapServer | None) -> None:
        self._server = server

    def check_there(self) -> None:
        """Raise a 501 when no directory is configured."""
        if self._server is None:
            raise Refused(501, f"This catalog asks no LDAP server: LDAP_URL is not set. {_SIGN_IN}")

    def person(self, username: str, password: str) -> Person | None:
        """Who this is, or None for an unknown name or a wrong password.

        Raises
        ------
        Refused
            501 when no directory is configured, 503 when it can't be asked.
        """
        self.check_there()
        assert self._server is not None
        # A bind without a password succeeds for everybody: it is anonymous.
        if not username or not password or "\0" in username + password:
            return None
        import ldap3.core.exceptions

        try:
            found = self._found(username)
            if found is None or not self._right(found["dn"], password):
                return None
        except ldap3.core.exceptions.LDAPException as error:
            _log.warning("the LDAP server can't be asked: %s", type(error).__name__)
            text = f"The LDAP server could not be asked ({type(error).__name__}). Try again."
            raise Refused(503, text, headers={"Retry-After": "10"}) from None
        return self._described(found)

    def _connection(self, user: str, password: str) -> Any:
        import ldap3

        assert self._server is not None
        # ldap3 checks certificates only when told to.
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED) if self._server.url.lower().startswith("ldaps:") else None
        server = ldap3.Server(self._server.url, connect_timeout=_CONNECT_S, get_info=ldap3.NONE, tls=tls)
        return ldap3.Connection(
            server, user=user or None, password=password or None, receive_timeout=_ANSWER_S, read_only=True,
            auto_referrals=False, check_names=False, raise_exceptions=False,
        )  # fmt: skip

    def _right(self, dn: str, password: str) -> bool:
        connection = self._connection(dn, password)
        try:
            return bool(connection.bind())
        finally:
            connection.unbind()

    def _found(self, username: str) -> dict[str, Any] | None:
        import ldap3
        import ldap3.core.exceptions
        from ldap3.utils.conv import escape_filter_chars

        server = self._server
        assert server is not None
        connection = self._connection(server.bind_dn, server.bind_password)
        try:
            if not connection.bind():
                _log.error("the LDAP server refuses LDAP_BIND_DN: %s", connection.result.get("description"))
                raise ldap3.core.exceptions.LDAPBindError
            # As a function: the name may hold backslashes.
            wanted = _USERNAME.sub(lambda _match: escape_filter_chars(username), server.filter)
            names = [server.id_attribute, server.name_attribute, "mail", server.groups_attribute]
            connection.search(server.base, wanted, ldap3.SUBTREE, attributes=[n for n in names if n], size_limit=2)
            entries = [entry for entry in connection.response or [] if entry.get("type") == "searchResEntry"]
        finally:
            connection.unbind()
        # Two entries for one name: nobody can say whose password it is.
        return entries[0] if len(entries) == 1 else None

    def _described(self, entry: dict[str, Any]) -> Person | None:
        server = self._server
        assert server is not None
        raw = {
            str(name).lower(): [_text(value) for value in values if isinstance(value, bytes)]
            for name, values in entry.get("raw_attributes", {}).items()
        }

        def first(name: str) -> str:
            return next(iter(raw.get(name.lower(), [])), "").strip()

        name = first(server.name_attribute)
        if not name or len(name) > 128 or not name.isprintable():
            _log.error("the LDAP entry %s has no usable %s (LDAP_USERNAME)", entry["dn"], server.name_attribute)
            return None
        groups = None
        if server.groups_attribute:
            listed = raw.get(server.groups_attribute.lower(), [])
            groups = tuple(dict.fromkeys(group for group in (_group(text) for text in listed) if group))
        return Person(f"ldap:{first(server.id_attribute) or entry['dn']}", name, first("mail"), groups)


def _text(value: bytes) -> str:
    """A value as text; one that is none (``objectGUID``) in hexadecimal digits, so that no two become alike."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def _group(text: str) -> str:
    match = _CN.match(text)
    return re.sub(r"\\(.)", r"\1", match[1]).strip() if match else text.strip()
