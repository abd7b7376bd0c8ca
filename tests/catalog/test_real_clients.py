"""SciCat's own clients, unmodified, against the embedded catalog."""

from datetime import UTC, datetime

import pyscicat.client
import pyscicat.model
import pytest
import scitacean

from jupyter_shinecat.testing.catalog import CatalogProcess


@pytest.fixture(scope="module", params=["shinecat", "scicat-5"])
def server(request, tmp_path_factory):
    process = CatalogProcess(tmp_path_factory.mktemp("clients"), profile=request.param).start()
    yield process
    process.stop()


@pytest.fixture
def sci(server):
    return scitacean.Client.from_credentials(
        url=f"{server.url}/api/v3", username="zhangxf", password=server.password("zhangxf"), allow_http=True
    )


def a_dataset(**changes):
    fields = {
        "type": "raw",
        "name": "lysozyme run 7",
        "contact_email": "a@x.org",
        "owner": "Alice",
        "owner_group": "GET",
        "principal_investigators": ["a@x.org"],
        "creation_time": datetime(2026, 5, 1, 10, tzinfo=UTC),
        "source_folder": "/data/run7",
        "creation_location": "SHINE:AMO",
        "meta": {"photon energy": {"value": 9.5, "unit": "keV"}},
        "keywords": ["lysozyme"],
    }
    return scitacean.Dataset(**{**fields, **changes})


def test_scitacean_creates_and_reads_a_raw_dataset(sci):
    made = sci.upload_new_dataset_now(a_dataset())
    assert made.pid is not None
    read = sci.get_dataset(made.pid)
    assert read.name == "lysozyme run 7"
    assert read.meta["photon energy"]["value"] == 9.5
    assert read.meta["photon energy"]["unitSI"]
    assert read.size == 0


def test_scitacean_derives_a_dataset(sci):
    raw = sci.upload_new_dataset_now(a_dataset())
    result = sci.upload_new_dataset_now(
        a_dataset(type="derived", name="reduced", input_datasets=[raw.pid], used_software=["numpy 2.4"])
    )
    read = sci.get_dataset(result.pid)
    assert str(read.type) in ("derived", "DatasetType.DERIVED")
    assert [str(pid) for pid in read.input_datasets] == [str(raw.pid)]


def test_scitacean_uploads_files_and_an_attachment(sci, tmp_path, server):
    from scitacean.testing.transfer import FakeFileTransfer

    (tmp_path / "data.csv").write_text("1,2\n")
    client = sci.from_credentials(
        url=f"{server.url}/api/v3",
        username="zhangxf",
        password=server.password("zhangxf"),
        allow_http=True,
        file_transfer=FakeFileTransfer(),
    )
    dataset = a_dataset(name="with files")
    dataset.add_local_files(tmp_path / "data.csv")
    dataset.add_attachment(caption="figure", thumbnail=scitacean.Thumbnail("image/png", b"\x89PNG\r\n\x1a\n"))
    made = client.upload_new_dataset_now(dataset)
    read = client.get_dataset(made.pid, attachments=True)
    assert read.number_of_files == 1
    assert read.size == 4
    assert [file.remote_path.posix for file in read.files] == ["data.csv"]
    assert [attachment.caption for attachment in read.attachments] == ["figure"]


def test_scitacean_search_answers(sci, server):
    made = sci.upload_new_dataset_now(a_dataset(name="findable needle"))
    found = sci.scicat.query_datasets({"text": "findable needle"})
    assert [str(item.pid) for item in found] == [str(made.pid)]


def test_scitacean_is_told_about_a_wrong_password(server):
    with pytest.raises(scitacean.AuthError):
        scitacean.Client.from_credentials(
            url=f"{server.url}/api/v3", username="zhangxf", password="wrong", allow_http=True
        )


@pytest.fixture
def py(server):
    return pyscicat.client.from_credentials(f"{server.url}/api/v3", "zhangxf", server.password("zhangxf"))


def test_pyscicat_signs_in_creates_and_searches(py):
    dataset = pyscicat.model.RawDataset(
        path="/data/x",
        size=42,
        owner="Alice",
        contactEmail="a@x.org",
        creationLocation="SHINE:AMO",
        creationTime="2026-05-01T10:00:00",
        datasetName="py dataset needle",
        type="raw",
        ownerGroup="GET",
        accessGroups=[],
        sourceFolder="/data/x",
        scientificMetadata={"a": {"value": 1, "unit": "mm"}},
        principalInvestigator="a@x.org",
        proposalId="P-12",
        isPublished=False,
    )
    pid = py.datasets_create(dataset)
    assert isinstance(pid, str)
    assert py.datasets_get_one(pid)["datasetName"] == "py dataset needle"
    found = py.datasets_find(skip=0, limit=25, query_fields={"text": "py needle"})
    assert [item["pid"] for item in found] == [pid]
    many = py.datasets_get_many({"proposalId": {"like": "12"}})
    assert pid in [item["pid"] for item in many]
    block = pyscicat.model.CreateDatasetOrigDatablockDto(
        size=42, dataFileList=[pyscicat.model.DataFile(path="a.h5", size=42, time="2026-05-01T10:00:00Z")]
    )
    assert py.datasets_origdatablock_create(pid, block)
    assert py.datasets_get_one(pid)["size"] == 84
    attachment = pyscicat.model.Attachment(
        ownerGroup="GET", accessGroups=[], thumbnail="data:image/png;base64,iVBORw0KGgo=", caption="c", datasetId=pid
    )
    assert py.datasets_attachment_create(attachment)


def test_pyscicat_keeps_samples_instruments_and_proposals(server):
    py = pyscicat.client.from_credentials(f"{server.url}/api/v3", "admin", server.password("admin"))
    sample = pyscicat.model.Sample(
        owner="Alice", ownerGroup="GET", accessGroups=[], description="Ni powder", sampleCharacteristics={"m": 1}
    )
    id = py.samples_create(sample)
    assert py.samples_get_one(id)["sampleName"] == "Ni powder"
    instrument = py.instruments_create(pyscicat.model.Instrument(name="Earth", customMetadata={}))
    assert py.instruments_get_one(name="Earth")["pid"] == instrument
    proposal = pyscicat.model.Proposal(
        proposalId="P-1", email="a@x.org", ownerGroup="GET", accessGroups=[], title="t", firstname="A", lastname="B"
    )
    assert py.proposals_create(proposal) == "P-1"
    assert py.proposals_get_one("P-1")["title"] == "t"
