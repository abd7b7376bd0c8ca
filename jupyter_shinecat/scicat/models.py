"""SciCat's objects as this project reads them, the same for answers of v3 and v4."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset.

    Attributes
    ----------
    path
        Relative to the dataset's source folder, as the catalog says it: untrusted.
    size_bytes
        Size when it was catalogued.
    time
        Modification time as text (ISO 8601).
    checksum, checksum_algorithm
        Hex digest and its name (``sha256``), empty when unknown.
    """

    path: str
    size_bytes: int
    time: str = ""
    checksum: str = ""
    checksum_algorithm: str = ""


@dataclass(frozen=True)
class Identity:
    """Who the catalog says we are."""

    username: str
    email: str = ""
    groups: tuple[str, ...] = ()
    user_id: str = ""


@dataclass(frozen=True)
class Health:
    """What the server says of itself; ``features`` is empty for a real SciCat (see docs, capability table)."""

    ok: bool
    embedded: bool = False
    profile: str = ""
    features: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Login:
    """A fresh sign-in. The token is a `Secret`; times are unix seconds."""

    token: Any
    expires_at: float
    username: str
    user_id: str


def _plural(doc: dict[str, Any], plural: str, *singular: str) -> list[str]:
    value = doc.get(plural)
    if value is None:
        for name in singular:
            value = doc.get(name)
            if value:
                break
    if value is None or value == "":
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


@dataclass(frozen=True)
class Dataset:
    """A dataset as the catalog tells it; ``doc`` is the whole answer, v3 or v4."""

    doc: dict[str, Any] = field(repr=False)

    @property
    def pid(self) -> str:
        """Persistent identifier."""
        return str(self.doc.get("pid", ""))

    @property
    def name(self) -> str:
        """``datasetName``, else the last part of the source folder."""
        return str(self.doc.get("datasetName") or self.source_folder.rstrip("/").rsplit("/", 1)[-1] or self.pid)

    @property
    def type(self) -> str:
        """``raw``, ``derived`` or a facility's own type."""
        return str(self.doc.get("type", ""))

    @property
    def owner_group(self) -> str:
        """Group that owns it."""
        return str(self.doc.get("ownerGroup", ""))

    @property
    def access_groups(self) -> list[str]:
        """Groups that may read it."""
        return [str(g) for g in self.doc.get("accessGroups") or []]

    @property
    def is_published(self) -> bool:
        """Whether everybody may read it."""
        return bool(self.doc.get("isPublished", False))

    @property
    def description(self) -> str:
        """Free text."""
        return str(self.doc.get("description") or "")

    @property
    def keywords(self) -> list[str]:
        """Keywords."""
        return [str(k) for k in self.doc.get("keywords") or []]

    @property
    def source_folder(self) -> str:
        """Folder of the files on ``source_folder_host``."""
        return str(self.doc.get("sourceFolder") or "")

    @property
    def source_folder_host(self) -> str:
        """Host whose folder it is, empty when the catalog does not say."""
        return str(self.doc.get("sourceFolderHost") or "")

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return int(self.doc.get("size") or 0)

    @property
    def number_of_files(self) -> int:
        """Number of files."""
        return int(self.doc.get("numberOfFiles") or 0)

    @property
    def creation_time(self) -> datetime | None:
        """When the data were taken (UTC)."""
        return parse_time(self.doc.get("creationTime"))

    @property
    def proposal_ids(self) -> list[str]:
        """Proposals it belongs to."""
        return _plural(self.doc, "proposalIds", "proposalId")

    @property
    def sample_ids(self) -> list[str]:
        """Samples measured."""
        return _plural(self.doc, "sampleIds", "sampleId")

    @property
    def instrument_ids(self) -> list[str]:
        """Instruments used."""
        return _plural(self.doc, "instrumentIds", "instrumentId")

    @property
    def principal_investigators(self) -> list[str]:
        """People in charge."""
        return _plural(self.doc, "principalInvestigators", "principalInvestigator", "investigator")

    @property
    def metadata(self) -> dict[str, Any]:
        """``scientificMetadata`` as stored."""
        value = self.doc.get("scientificMetadata")
        return value if isinstance(value, dict) else {}

    @property
    def input_datasets(self) -> list[str]:
        """PIDs that a derived dataset names as its inputs."""
        return [str(p) for p in self.doc.get("inputDatasets") or []]

    @property
    def files(self) -> list[DataFile]:
        """Files of the blocks that came with the answer (``include=origdatablocks``)."""
        return files_of(self.doc.get("origdatablocks") or [])


def files_of(blocks: list[dict[str, Any]]) -> list[DataFile]:
    """Files of ``OrigDatablock`` documents, in their order."""
    found = []
    for block in blocks:
        algorithm = str(block.get("chkAlg") or "")
        for entry in block.get("dataFileList") or []:
            found.append(
                DataFile(
                    path=str(entry.get("path", "")),
                    size_bytes=int(entry.get("size") or 0),
                    time=str(entry.get("time") or ""),
                    checksum=str(entry.get("chk") or ""),
                    checksum_algorithm=algorithm if entry.get("chk") else "",
                )
            )
    return found


_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


def parse_time(text: object) -> datetime | None:
    """A catalog's date as UTC; one without zone is UTC (as SciCat stores it); None for what is no date."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if _ZONE.search(text) else moment.replace(tzinfo=UTC)


def iso_utc(unix_s: float) -> str:
    """Unix seconds as SciCat writes dates: ISO 8601, UTC, milliseconds, ``Z``."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
