"""SciCat's calls without any I/O: what to send and how to read the answer. Both clients send these."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from jupyter_shinecat.locale import tr

from .models import Dataset, Health, Identity, Login, parse_time
from .pid import quote_pid
from .query import Query
from .secret import Secret

T = TypeVar("T")


@dataclass(frozen=True)
class Operation(Generic[T]):
    """One call.

    Attributes
    ----------
    words
        What it does, for error messages: ``"read the dataset"``.
    method, path
        HTTP method, and the raw path below the server's root with its query.
    parse
        From the decoded JSON body to the result.
    body
        JSON body or None.
    subject
        What it is done to, for error messages.
    content_type
        Of the body.
    """

    words: str
    method: str
    path: str
    parse: Callable[[Any], T]
    body: Any = field(default=None, repr=False)
    subject: str = ""
    content_type: str = "application/json"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _with(path: str, **query: Any) -> str:
    parts = {k: v if isinstance(v, str) else _dump(v) for k, v in query.items() if v is not None}
    return f"{path}?{urlencode(parts)}" if parts else path


def _as_is(value: Any) -> Any:
    return value


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _datasets(value: Any) -> list[Dataset]:
    return [Dataset(doc) for doc in _objects(value)]


# -- who ---------------------------------------------------------------------------------------------------------------


def _login(value: Any) -> Login:
    answer = _object(value)
    user = _object(answer.get("user"))
    created = parse_time(answer.get("created"))
    start = created.timestamp() if created else time.time()
    # The server's clock may differ from ours: never believe in more life than expires_in from now.
    lifetime = float(answer.get("expires_in") or answer.get("ttl") or 0)
    return Login(
        token=Secret(str(answer.get("access_token") or answer.get("id") or "")),
        expires_at=min(start, time.time()) + lifetime,
        username=str(user.get("username", "")),
        user_id=str(answer.get("userId", "")),
    )


def login(username: str, password: Secret) -> Operation[Login]:
    """Sign in with a password."""
    body = {"username": username, "password": password.reveal()}
    return Operation(tr("sign in"), "POST", "/api/v3/auth/login", _login, body=body, subject=username)


def renew() -> Operation[Login]:
    """A fresh token for a valid one; only where `Health.features` has ``renew``."""
    return Operation(tr("renew the sign-in"), "POST", "/api/v3/auth/renew", _login)


def mint(user_id: str, expires_in_s: int) -> Operation[Secret]:
    """As administrator: a token that carries another user's identity."""
    return Operation(
        tr("mint a token for"),
        "POST",
        f"/api/v3/users/{quote_pid(user_id)}/jwt",
        lambda value: Secret(str(_object(value).get("jwt", ""))),
        body={"expiresIn": str(expires_in_s)},
        subject=user_id,
    )


def _identity(value: Any) -> Identity:
    answer = _object(value)
    return Identity(
        username=str(answer.get("username", "")),
        email=str(answer.get("email", "")),
        groups=tuple(str(g) for g in answer.get("currentGroups") or ()),
        user_id=str(answer.get("_id") or answer.get("id") or ""),
    )


def whoami() -> Operation[Identity]:
    """Who the token belongs to."""
    return Operation(tr("ask who we are"), "GET", "/api/v3/auth/whoami", _identity)


def _health(value: Any) -> Health:
    answer = _object(value)
    own = answer.get("shinecat")
    own = own if isinstance(own, dict) else {}
    return Health(
        ok=answer.get("status") == "ok",
        embedded=bool(own),
        profile=str(own.get("profile", "")),
        features=frozenset(str(f) for f in own.get("features") or ()),
    )


def health() -> Operation[Health]:
    """Whether the server is well, and whether it is the embedded one."""
    return Operation(tr("answer"), "GET", "/api/v3/health", _health)


# -- datasets ----------------------------------------------------------------------------------------------------------


def get_dataset(pid: str) -> Operation[Dataset]:
    """One dataset without its files."""
    return Operation(
        tr("read the dataset"), "GET", f"/api/v3/datasets/{quote_pid(pid)}", lambda v: Dataset(_object(v)), subject=pid
    )


def search(query: Query) -> Operation[list[Dataset]]:
    """One page of datasets."""
    path = _with("/api/v3/datasets/fullquery", fields=query.fields(), limits=query.limits())
    return Operation(tr("search"), "GET", path, _datasets)


Facets = dict[str, dict[str, int]]


def facets(query: Query, names: Sequence[str]) -> Operation[tuple[int, Facets]]:
    """Number of datasets that match, and for each named field how often each value occurs."""
    path = _with("/api/v3/datasets/fullfacet", fields=query.fields(), facets=list(names))

    def parse(value: Any) -> tuple[int, Facets]:
        groups = _objects(value)
        merged = groups[0] if groups else {}
        totals = _objects(merged.get("all"))
        total = int(totals[0].get("totalSets") or 0) if totals else 0
        counted: Facets = {}
        for name in names:
            rows = [row for row in _objects(merged.get(name)) if row.get("_id") is not None]  # null: they have none
            counted[name] = {str(row["_id"]): int(row.get("count") or 0) for row in rows}
        return total, counted

    return Operation(tr("count"), "GET", path, parse)


def find(
    where: Mapping[str, Any],
    *,
    limit: int = 100,
    skip: int = 0,
    order: str = "creationTime:desc",
    fields: Sequence[str] | None = None,
) -> Operation[list[Dataset]]:
    """Datasets by SciCat's ``where`` (v3: field names, Mongo and LoopBack operators)."""
    condition: dict[str, Any] = {"where": dict(where), "limits": {"limit": limit, "skip": skip, "order": order}}
    if fields is not None:
        condition["fields"] = list(fields)
    return Operation(tr("look up datasets"), "GET", _with("/api/v3/datasets", filter=condition), _datasets)


def create_dataset(doc: Mapping[str, Any]) -> Operation[Dataset]:
    """Store a dataset (v4 form); with a ``pid`` where the server accepts one from clients."""
    subject = str(doc.get("pid") or doc.get("datasetName") or "")
    return Operation(
        tr("create the dataset"),
        "POST",
        "/api/v4/datasets",
        lambda v: Dataset(_object(v)),
        body=dict(doc),
        subject=subject,
    )


def patch_dataset(pid: str, changes: Mapping[str, Any]) -> Operation[Dataset]:
    """Replace top-level fields (v4 form)."""
    path = f"/api/v4/datasets/{quote_pid(pid)}"
    return Operation(
        tr("change the dataset"), "PATCH", path, lambda v: Dataset(_object(v)), body=dict(changes), subject=pid
    )


def delete_dataset(pid: str) -> Operation[Any]:
    """Delete a dataset; a real SciCat allows it to its delete groups only."""
    return Operation(tr("delete the dataset"), "DELETE", f"/api/v3/datasets/{quote_pid(pid)}", _as_is, subject=pid)


# -- what belongs to a dataset -----------------------------------------------------------------------------------------


def origdatablocks(pid: str) -> Operation[list[dict[str, Any]]]:
    """File blocks of a dataset."""
    path = f"/api/v3/datasets/{quote_pid(pid)}/origdatablocks"
    return Operation(tr("list the files of"), "GET", path, _objects, subject=pid)


def create_origdatablock(pid: str, block: Mapping[str, Any]) -> Operation[dict[str, Any]]:
    """Add a file block: ``{size, chkAlg, dataFileList: [{path, size, time, chk}]}``."""
    body = {**block, "datasetId": pid}
    return Operation(tr("add files to"), "POST", "/api/v4/origdatablocks", _object, body=body, subject=pid)


def patch_origdatablock(block_id: str, changes: Mapping[str, Any]) -> Operation[dict[str, Any]]:
    """Change a file block (its ``_id``)."""
    path = f"/api/v4/origdatablocks/{quote_pid(block_id)}"
    return Operation(tr("change the file block"), "PATCH", path, _object, body=dict(changes), subject=block_id)


def attachments(pid: str) -> Operation[list[dict[str, Any]]]:
    """Attachments (figures) of a dataset."""
    path = f"/api/v3/datasets/{quote_pid(pid)}/attachments"
    return Operation(tr("list the attachments of"), "GET", path, _objects, subject=pid)


def create_attachment(
    pid: str,
    *,
    caption: str,
    thumbnail: str,
    owner_group: str,
    access_groups: Sequence[str] = (),
    aid: str | None = None,
) -> Operation[dict[str, Any]]:
    """Attach a figure: ``thumbnail`` is a data URI (``data:image/png;base64,...``)."""
    body: dict[str, Any] = {
        "caption": caption,
        "thumbnail": thumbnail,
        "ownerGroup": owner_group,
        "accessGroups": list(access_groups),
        "isPublished": False,
        "relationships": [{"targetId": pid, "targetType": "dataset", "relationType": "is attached to"}],
    }
    if aid is not None:
        body["aid"] = aid
    return Operation(tr("attach a figure to"), "POST", "/api/v4/attachments", _object, body=body, subject=pid)


def create(kind: str, doc: Mapping[str, Any]) -> Operation[dict[str, Any]]:
    """Store an object of another kind (``proposals``, ``samples``, ``instruments``)."""
    return Operation(tr("store in {kind}", kind=kind), "POST", f"/api/v3/{kind}", _object, body=dict(doc))


def get(kind: str, identifier: str) -> Operation[dict[str, Any]]:
    """Read an object of another kind by its identifier."""
    path = f"/api/v3/{kind}/{quote_pid(identifier)}"
    return Operation(tr("read from {kind}", kind=kind), "GET", path, _object, subject=identifier)


def listed(
    kind: str, where: Mapping[str, Any], *, limit: int = 100, version: int = 3
) -> Operation[list[dict[str, Any]]]:
    """Objects of another kind (``origdatablocks``, ``instruments``, ...) by SciCat's ``where``."""
    path = _with(f"/api/v{version}/{kind}", filter={"where": dict(where), "limits": {"limit": limit, "skip": 0}})
    return Operation(tr("look up {kind}", kind=kind), "GET", path, _objects)
