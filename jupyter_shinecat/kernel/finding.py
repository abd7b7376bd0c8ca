"""Which dataset is meant: by identifier, DOI, catalog address, file, or by what it was measured for."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, BadRequest, CatalogClient, CatalogError, NotFound, operations
from jupyter_shinecat.scicat import Dataset as Record

from . import session

_DOI = re.compile(r"^(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}/\S+)$", re.I)
_ADDRESS = re.compile(r"/(?P<kind>datasets|publisheddatasets|publisheddata)/(?:public/)?(?P<rest>[^?]+)", re.I)
# Pages and routes below a dataset's address.
_PAGES = re.compile(
    r"/(?:datafiles|attachments|lifecycle|logbook|admin|reduce|origdatablocks|datablocks|thumbnail|related-datasets|"
    r"(?:json)?scientific-?metadata)/?$",
    re.I,
)
_NUMBERED = re.compile(r"(?:[pP]-?)?(\d+)")
_RUN_KEYS = ("run", "run_number", "runNumber")
_SHOWN = 8
_MANY = 1000


class Ambiguous(ShineCatError):
    """Several datasets fit where one was asked for; ``pids`` are theirs."""

    pids: tuple[str, ...] = ()


def is_path(text: str) -> bool:
    """Whether a text is a path as people write them, and no identifier."""
    return text.startswith(("/", "~", "./", "../")) and "\0" not in text


def named_by(text: str) -> tuple[str, str]:
    """What a text names, and how: ``("pid" | "doi", identifier)``.

    >>> named_by("https://doi.org/10.5072/abc")
    ('doi', '10.5072/abc')
    >>> named_by("https://scicat.example.org/datasets/20.500.1%2Fä%20b/datafiles")
    ('pid', '20.500.1/ä b')
    >>> named_by("20.500.1/4f1c")
    ('pid', '20.500.1/4f1c')
    """
    text = text.strip()
    doi = _DOI.match(text)
    if doi:
        # A catalog may give its datasets identifiers that look so; then it is one.
        return "doi", unquote(doi["doi"]) if text.lower().startswith("http") else doi["doi"]
    if text.lower().startswith(("http://", "https://")):
        parts = urlsplit(text)
        found = _ADDRESS.search(parts.path) or _ADDRESS.search(parts.fragment)
        if found is None:
            raise NotFound(
                tr("The address {address} names no dataset.", address=text),
                do=tr("Copy the address of the dataset's own page, or its PID."),
            )
        rest = _PAGES.sub("", found["rest"].rstrip("/"))
        return ("pid" if found["kind"].lower() == "datasets" else "doi"), unquote(rest)
    return "pid", text


def published(catalog: CatalogClient, doi: str) -> list[str]:
    """PIDs of the datasets that a DOI publishes; empty when the catalog knows no such DOI."""
    try:
        doc = catalog.send(operations.get("publisheddata", doi))
    except (NotFound, AccessDenied, BadRequest):
        return []
    pids = doc.get("datasetPids") or doc.get("pidArray") or []
    return [str(pid) for pid in pids] if isinstance(pids, list) else []


def one_of(found: Sequence[Record], wanted: str) -> Record:
    """The one dataset in ``found``.

    Raises
    ------
    NotFound
        There is none.
    Ambiguous
        There are several.
    """
    if not found:
        raise NotFound(
            tr("No dataset that you may read fits {wanted}.", wanted=wanted),
            do=tr("Look for it with sc.search, or ask its owner group to catalogue it."),
        )
    if len(found) == 1:
        return found[0]
    several = ", ".join(f"{one.name} ({one.pid})" for one in found[:_SHOWN])
    if len(found) > _SHOWN:
        several += tr(" and {count} more", count=len(found) - _SHOWN)
    error = Ambiguous(
        tr("{count} datasets fit {wanted}: {several}.", count=len(found), wanted=wanted, several=several),
        do=tr("Open one by its PID, or all with sc.open([...])."),
    )
    error.pids = tuple(one.pid for one in found)
    raise error


# -- by file -----------------------------------------------------------------------------------------------------------


def of_file(catalog: CatalogClient, path: str) -> list[Record]:
    """Datasets that list the file at ``path``, or whose folder it is; the catalog is asked twice at most."""
    places = _catalog_paths(path)
    folders = sorted({folder for place in places for folder in _above(place)})
    with_slash = [folder + "/" for folder in folders]
    found = catalog.find({"sourceFolder": {"inq": folders + with_slash}}, limit=_MANY)
    near = {one.pid: one for one in found if one.source_folder.startswith("/")}
    here = [one for one in near.values() if os.path.normpath(one.source_folder) in places]
    if here or not near:
        return here
    names = {pid: _names(one, places) for pid, one in near.items()}
    where = {
        "datasetId": {"inq": list(near)},
        "dataFileList.path": {"inq": sorted({name for some in names.values() for name in some})},
    }
    blocks = catalog.send(operations.listed("origdatablocks", where, limit=_MANY))
    listing = {
        str(block.get("datasetId"))
        for block in blocks
        for entry in block.get("dataFileList") or []
        if str(entry.get("path")) in names.get(str(block.get("datasetId")), ())
    }
    return [one for pid, one in near.items() if pid in listing]


def _catalog_paths(path: str) -> set[str]:
    """``path`` as it is, with links resolved, and as the catalog calls it where a path map leads here."""
    local = os.path.abspath(os.path.expanduser(path))
    places = {local, os.path.realpath(local)}
    for one in session.path_maps():
        target = one.target.rstrip("/")
        for place in list(places):
            if place == target or place.startswith(target + "/"):
                places.add(os.path.normpath(one.source + place[len(target) :]))
    return places


def _above(path: str) -> list[str]:
    """The folders of a path, itself among them, without the root."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _names(record: Record, places: set[str]) -> set[str]:
    """What the file would be called in the dataset's file list."""
    folder = os.path.normpath(record.source_folder).rstrip("/") + "/"
    inside = [place for place in places if place.startswith(folder)]
    return {name for place in inside for name in (place, place[len(folder) :])}


# -- by what it was measured for ---------------------------------------------------------------------------------------


def measured(
    catalog: CatalogClient,
    *,
    proposal: str | int | None = None,
    run: str | int | None = None,
    sample: str | None = None,
    instrument: str | None = None,
    group: str | None = None,
    type: str | None = None,
    limit: int = _MANY,
) -> list[Record]:
    """Datasets that fit all that is given, newest first."""
    conditions: list[dict[str, Any]] = []
    if proposal is not None:
        conditions.append({"proposalIds": {"inq": _spellings(str(proposal))}})
    if sample is not None:
        conditions.append(_either_says("sampleIds", "sample_name", sample))
    if instrument is not None:
        conditions.append(_at_instrument(catalog, instrument))
    if group is not None:
        conditions.append({"ownerGroup": group})
    if type is not None:
        conditions.append({"type": type})
    if run is None:
        return catalog.find({"and": conditions} if conditions else {}, limit=limit)
    found = catalog.find({"and": [*conditions, _of_run(run)]}, limit=limit)
    if not found and proposal is not None:
        # Nobody wrote the number down: names of files and folders tell it often.
        called = re.compile(rf"(?<![a-z0-9])r(?:un)?[-_ ]?0*{re.escape(str(run))}(?!\d)", re.I)
        all_of_it = catalog.find({"and": conditions}, limit=_MANY)
        found = [one for one in all_of_it if called.search(one.name) or called.search(one.source_folder)][:limit]
    return found


def in_words(**wanted: Any) -> str:
    """``proposal=2345, run=17``: for messages."""
    return ", ".join(f"{name}={value!r}" for name, value in wanted.items() if value is not None)


def _of_run(run: str | int) -> dict[str, Any]:
    text = str(run)
    values: list[Any] = [text]
    if text.isdigit():
        values = [text, str(int(text)), f"{int(text):04d}", int(text)]
    texts = [value for value in values if isinstance(value, str)]
    places = [f"scientificMetadata.{key}{end}" for key in _RUN_KEYS for end in ("", ".value")]
    return {"or": [{"runNumber": {"inq": texts}}, *({place: {"inq": values}} for place in places)]}


def _spellings(number: str) -> list[str]:
    """How proposals are written: ``2345``, ``p2345``, ``P-2345``, ``002345``; what was given comes first."""
    given = number.strip()
    numbered = _NUMBERED.fullmatch(given)
    if numbered is None:
        return [given]
    plain = numbered[1]
    short = plain.lstrip("0") or "0"
    forms = [given, plain, short, short.zfill(6)]
    return list(dict.fromkeys([*forms, *(mark + form for mark in ("p", "P", "p-", "P-") for form in forms[1:])]))


def _at_instrument(catalog: CatalogClient, name: str) -> dict[str, Any]:
    ids = [name]
    try:
        known = catalog.send(operations.listed("instruments", {"or": [{"name": name}, {"uniqueName": name}]}))
        ids += [str(one.get("pid")) for one in known if one.get("pid")]
    except CatalogError:
        pass  # instruments are not for everybody to list; the other two ways remain
    said = _either_says("instrumentIds", "instrument_name", name)
    # A location is /facility/instrument.
    place = {"creationLocation": {"regexp": f"(^|/){re.escape(name)}$"}}
    return {"or": [{"instrumentIds": {"inq": ids}}, place, *said["or"]]}


def _either_says(field: str, key: str, value: str) -> dict[str, Any]:
    inside = f"scientificMetadata.{key}"
    return {"or": [{field: value}, {inside: value}, {f"{inside}.value": value}]}
