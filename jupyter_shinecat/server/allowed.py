"""Which of the catalog's routes the proxy passes on: only those listed here, whatever else a server may have.

Nothing that gives or takes a token is in the list (``auth/login``, ``users/{id}/jwt``, OIDC, event tickets).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

# ``{id}`` is one raw path segment; a proxy on the way may have broken it up (see `admit`).
_READ = """
health
auth/whoami
users/my/identity
users/my/self
users/{id}/authorization/dataset/create
runtime-config/{id}
datasets/count
datasets/findOne
datasets/fullquery
datasets/fullfacet
datasets/metadataKeys
datasets/public
datasets/public/count
datasets/public/findOne
datasets/public/fullfacet
datasets/public/{id}
datasets/{id}/thumbnail
datasets/{id}/logbook
datasets/{id}/datablocks
origdatablocks/files
origdatablocks/fullquery
origdatablocks/fullquery/files
origdatablocks/fullfacet
origdatablocks/fullfacet/files
origdatablocks/public
origdatablocks/public/{id}
attachments/public
metadatakeys
history
policies
publisheddata
publisheddata/count
publisheddata/{id}
proposals/count
proposals/fullquery
proposals/fullfacet
proposals/findOne
proposals/{id}/datasets
proposals/{id}/attachments
proposals/{id}/authorization
samples/count
samples/fullquery
samples/findOne
samples/metadataKeys
samples/{id}/datasets
samples/{id}/attachments
samples/{id}/authorization
instruments/count
instruments/findOne
jobs/fullquery
jobs/fullfacet
logbooks/{id}
"""
# Template of a route to the methods that may pass.
ROUTES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_READ.split(), ("GET",)),
    "datasets": ("GET", "POST"),
    "datasets/isValid": ("POST",),
    "datasets/{id}": ("GET", "PATCH", "PUT", "DELETE"),
    "datasets/{id}/appendToArrayField": ("POST",),
    "datasets/{id}/datasetlifecycle": ("GET", "PATCH"),
    "datasets/{id}/origdatablocks": ("GET", "POST"),
    "datasets/{id}/origdatablocks/{id}": ("PATCH", "DELETE"),
    "datasets/{id}/attachments": ("GET", "POST"),
    "datasets/{id}/attachments/{id}": ("PUT", "PATCH", "DELETE"),
    "origdatablocks": ("GET", "POST"),
    "origdatablocks/isValid": ("POST",),
    "origdatablocks/{id}": ("GET", "PATCH", "DELETE"),
    "attachments": ("GET", "POST"),
    "attachments/isValid": ("POST",),
    "attachments/{id}": ("GET", "PATCH", "PUT", "DELETE"),
    "samples": ("GET", "POST"),
    "samples/{id}": ("GET", "PATCH", "DELETE"),
    "proposals": ("GET", "POST"),
    "proposals/{id}": ("GET", "PATCH", "DELETE"),
    "instruments": ("GET", "POST"),
    "instruments/{id}": ("GET", "PATCH", "DELETE"),
    "jobs": ("GET", "POST"),
    "jobs/{id}": ("GET",),
}
_PRINTABLE = re.compile(r"[!-~]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN_KEYS = ("access_token", "access-token", "token", "_xsrf")
_MAX_TARGET = 32_768


class RouteRefused(ShineCatError):
    """The proxy doesn't pass this request on; ``status`` is 400, 403, 405 or 414."""

    def __init__(self, status: int, what: str, do: str = "") -> None:
        super().__init__(what, do=do)
        self.status = status


@dataclass(frozen=True)
class _Route:
    exact: re.Pattern[str]
    spanning: re.Pattern[str] | None
    methods: tuple[str, ...]


def _pattern(template: str, id: str = "[^/]+") -> re.Pattern[str]:
    parts = (f"({id})" if part == "{id}" else re.escape(part) for part in re.split(r"(\{id\})", template))
    # Case does not matter to SciCat's router; pyscicat writes "Datasets".
    return re.compile(r"api/v[34]/" + "".join(parts), re.IGNORECASE)


def _compile() -> list[_Route]:
    routes = []
    # Literal names before {id}, longer templates before shorter ones: the most telling one wins.
    for template in sorted(ROUTES, key=lambda t: (-t.count("/"), t.count("{id}"))):
        spanning = _pattern(template, "[^/]+(?:/[^/]+)*") if "{id}" in template else None
        routes.append(_Route(_pattern(template), spanning, ROUTES[template]))
    return routes


_ROUTES = _compile()


def admit(method: str, target: str) -> str:
    """The raw target to ask the catalog for, for a request that may pass.

    Parameters
    ----------
    method
        HTTP method, upper case.
    target
        Raw path below the proxy's route and, after ``?``, raw query, both as they came in.

    Returns
    -------
    str
        ``target`` as it came, but without tokens in its query. When a proxy on the way has turned the ``%2F`` of a PID
        into ``/`` (the PyPI configurable-http-proxy does), it is put back.

    Raises
    ------
    RouteRefused
        Not in the list, or a path with tricks in it.
    """
    if len(target) > _MAX_TARGET:
        raise RouteRefused(414, tr("The address of this request is too long."), tr("Ask for less at once."))
    path, mark, query = target.partition("?")
    path = path.lstrip("/")
    _check_path(path)
    if not _PRINTABLE.fullmatch(query) or "#" in query:
        raise RouteRefused(400, tr("The query of this request holds characters that must be escaped."))
    path = _match(method, path.removesuffix("/"))
    query = _without_tokens(query)
    return path + (mark + query if query else "")


def _match(method: str, path: str) -> str:
    allowed: set[str] = set()
    for route in _ROUTES:
        if route.exact.fullmatch(path):
            if method in route.methods:
                return path
            allowed.update(route.methods)
    if not allowed:
        for route in _ROUTES:
            match = route.spanning.fullmatch(path) if route.spanning else None
            if match and method in route.methods:
                return _mended(path, match)
    if allowed:
        raise RouteRefused(405, tr("{method} is not possible on this route of the catalog.", method=method))
    raise RouteRefused(
        403,
        tr("The user server doesn't pass this route of the catalog on."),
        tr("It passes on datasets, their files and attachments, samples, proposals, instruments and jobs."),
    )


def _mended(path: str, match: re.Match[str]) -> str:
    """The path with each name in one piece again."""
    for number in range(match.re.groups, 0, -1):
        start, end = match.span(number)
        path = path[:start] + path[start:end].replace("/", "%2F") + path[end:]
    return path


def _check_path(path: str) -> None:
    if not _PRINTABLE.fullmatch(path) or "#" in path:
        raise RouteRefused(400, tr("The path of this request holds characters that must be escaped."))
    text = path
    for _ in range(8):
        steps = re.split(r"[/\\]", text)
        if "." in steps or ".." in steps or _CONTROL.search(text):
            raise RouteRefused(400, tr("The path of this request holds “.”, “..” or control characters."))
        decoded = unquote(text, errors="replace")
        if decoded == text:
            break
        text = decoded
    else:
        raise RouteRefused(400, tr("The path of this request is escaped too often."))
    if "//" in path:
        raise RouteRefused(400, tr("The path of this request has an empty step."))


def _without_tokens(query: str) -> str:
    kept = [part for part in query.split("&") if unquote(part.partition("=")[0]).strip().lower() not in _TOKEN_KEYS]
    return "&".join(kept)
