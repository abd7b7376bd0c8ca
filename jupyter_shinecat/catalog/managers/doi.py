"""Registration of a DOI at DataCite's REST API, or at what stands in for it."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import httpx

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.facility import Facility
from jupyter_shinecat.catalog.store.documents import Doc

_log = logging.getLogger(__name__)
_TIMEOUT_S = 20.0
# Members of our metadata that are DataCite attributes under the same name.
_SAME = (
    "creators", "contributors", "publisher", "publicationYear", "subjects", "dates", "language", "relatedIdentifiers",
    "fundingReferences", "descriptions", "sizes", "formats", "rightsList", "geoLocations", "relatedItems", "version",
)  # fmt: skip


def register(facility: Facility, doc: Doc) -> None:
    """Tell the registry about a publication; without ``REGISTER_DOI_URI`` nothing is sent.

    Raises
    ------
    Refused
        424 when the registry can't be reached or refuses; nothing is then changed here.
    """
    if not facility.register_doi_uri:
        return
    uri = facility.register_doi_uri.rstrip("/")
    try:
        answer = httpx.post(
            uri, json={"data": {"type": "dois", "attributes": attributes(facility, doc)}},
            auth=(facility.doi_username, facility.doi_password) if facility.doi_username else None,
            headers={"Content-Type": "application/vnd.api+json"}, timeout=_TIMEOUT_S, follow_redirects=False,
        )  # fmt: skip
        if answer.status_code == 422 or answer.status_code == 409:
            # Registered before: the same record is brought up to date.
            answer = httpx.put(
                f"{uri}/{quote(doc['doi'], safe='/')}",
                json={"data": {"type": "dois", "attributes": attributes(facility, doc)}},
                auth=(facility.doi_username, facility.doi_password) if facility.doi_username else None,
                headers={"Content-Type": "application/vnd.api+json"}, timeout=_TIMEOUT_S, follow_redirects=False,
            )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _log.warning("the DOI registry can't be reached: %s", type(error).__name__)
        raise Refused(
            424, f"The DOI registry could not be reached ({type(error).__name__}). Nothing was changed. Try again."
        ) from None
    if not answer.is_success:
        raise Refused(424, f"The DOI registry answered {answer.status_code}: {answer.text[:300]}. Nothing was changed.")


def attributes(facility: Facility, doc: Doc) -> dict[str, Any]:
    """DataCite attributes of a publication."""
    metadata = doc.get("metadata") or {}
    found: dict[str, Any] = {name: metadata[name] for name in _SAME if metadata.get(name) not in (None, [], "")}
    found.update(
        event="publish",
        doi=doc["doi"],
        prefix=doc["doi"].split("/", 1)[0],
        url=landing_page(facility, doc),
        titles=metadata.get("titles") or [{"title": doc["title"]}],
        types={"resourceTypeGeneral": "Dataset", "resourceType": metadata.get("resourceType", "")},
    )
    found.setdefault("descriptions", [{"description": doc["abstract"], "descriptionType": "Abstract"}])
    return found


def landing_page(facility: Facility, doc: Doc) -> str:
    """Where the DOI leads: the publication's own landing page, else the facility's prefix."""
    prefix = (doc.get("metadata") or {}).get("landingPage") or facility.public_url_prefix
    return f"{prefix}{quote(doc['doi'], safe='')}"
