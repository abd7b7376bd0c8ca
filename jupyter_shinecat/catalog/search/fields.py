"""What each kind of document consists of, for queries: names, dates, numbers, flags, free metadata."""

from __future__ import annotations

from dataclasses import dataclass

_OWNABLE = "ownerGroup accessGroups instrumentGroup isPublished createdBy updatedBy createdAt updatedAt"
_DATES = frozenset({"createdAt", "updatedAt"})
_FLAGS = frozenset({"isPublished"})


@dataclass(frozen=True)
class Schema:
    """Fields of one kind of document.

    ``metadata`` is the field with free metadata, ``conditions`` the key under which fullquery takes conditions on it.
    """

    kind: str
    names: frozenset[str]
    dates: frozenset[str] = _DATES
    numbers: frozenset[str] = frozenset()
    flags: frozenset[str] = _FLAGS
    metadata: str = ""
    conditions: str = ""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


DATASET = Schema(
    "dataset",
    _names(
        _OWNABLE + " owner ownerEmail orcidOfOwner contactEmail sourceFolder sourceFolderHost size packedSize"
        " numberOfFiles numberOfFilesArchived creationTime validationStatus keywords description datasetName"
        " classification license techniques sharedWith relationships datasetlifecycle scientificMetadata"
        " scientificMetadataSchema scientificMetadataValid comment dataQualityMetrics principalInvestigators startTime"
        " endTime creationLocation dataFormat proposalIds sampleIds instrumentIds inputDatasets usedSoftware"
        " jobParameters jobLogData runNumber pid type version _id"
    ),
    dates=_DATES | {"creationTime", "startTime", "endTime"},
    numbers=frozenset({"size", "packedSize", "numberOfFiles", "numberOfFilesArchived", "dataQualityMetrics"}),
    flags=_FLAGS | {"scientificMetadataValid"},
    metadata="scientificMetadata",
    conditions="scientific",
)
BLOCK = Schema(
    "origdatablock",
    _names(_OWNABLE + " datasetId size chkAlg dataFileList _id version"),
    dates=_DATES | {"time"},
    numbers=frozenset({"size"}),
)
ATTACHMENT = Schema("attachment", _names(_OWNABLE + " aid caption relationships _id"))
SAMPLE = Schema(
    "sample",
    _names(
        _OWNABLE + " sampleId sampleName owner description type proposalId parentSampleId sampleCharacteristics _id"
    ),
    metadata="sampleCharacteristics",
    conditions="characteristics",
)
PROPOSAL = Schema(
    "proposal",
    _names(
        _OWNABLE
        + " proposalId pi_email pi_firstname pi_lastname email firstname lastname title abstract startTime endTime"
        " MeasurementPeriodList metadata parentProposalId type keywords instrumentIds numberOfDatasets _id"
    ),
    dates=_DATES | {"startTime", "endTime"},
    metadata="metadata",
)
INSTRUMENT = Schema(
    "instrument", _names("pid uniqueName name customMetadata createdBy updatedBy createdAt updatedAt _id")
)
DATABLOCK = Schema(
    "datablock",
    _names(_OWNABLE + " datasetId archiveId size packedSize chkAlg version dataFileList _id"),
    dates=_DATES | {"time"},
    numbers=frozenset({"size", "packedSize"}),
)
JOB = Schema(
    "job",
    _names(
        _OWNABLE + " id ownerUser type statusCode statusMessage jobParams contactEmail configVersion jobResultObject"
    ),
)
PUBLICATION = Schema(
    "publisheddata",
    _names(
        "doi pid title abstract datasetPids status metadata registeredTime numberOfFiles sizeOfArchive createdBy"
        " updatedBy createdAt updatedAt _id"
    ),
    dates=_DATES | {"registeredTime"},
    metadata="metadata",
)
POLICY = Schema(
    "policy",
    _names(
        _OWNABLE + " manager tapeRedundancy autoArchive autoArchiveDelay archiveEmailNotification"
        " archiveEmailsToBeNotified retrieveEmailNotification retrieveEmailsToBeNotified embargoPeriod _id"
    ),
    numbers=frozenset({"autoArchiveDelay", "embargoPeriod"}),
)
HISTORY = Schema(
    "history",
    _names("subsystem documentId before after operation user timestamp _id"),
    dates=frozenset({"timestamp"}),
)
SCHEMAS = {
    schema.kind: schema
    for schema in (
        DATASET, BLOCK, ATTACHMENT, SAMPLE, PROPOSAL, INSTRUMENT, DATABLOCK, JOB, PUBLICATION, POLICY, HISTORY,
    )
}  # fmt: skip
