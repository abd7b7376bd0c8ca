"""SciCat's own clients, unmodified, against the embedded catalog."""

import ast
import inspect
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pydantic
import pyscicat.client
import pyscicat.model
import pytest
import scitacean

from jupyter_shinecat.testing.catalog import CatalogProcess


@pytest.fixture(scope="module", params=["shinecat", "scicat-5"])
def server(request, tmp_path_factory):
    settings = {"DELETE_GROUPS": "admin", "PROPOSAL_GROUPS": "SHINE"}
    folder = tmp_path_factory.mktemp("clients")
    process = CatalogProcess(folder, profile=request.param, settings=settings).start()
    process.profile = request.param
    yield process
    process.stop()


@pytest.fixture
def sci(server):
    return scitacean.Client.from_credentials(
        url=f"{server.url}/api/v3", username="zhangxf", password=server.password("zhangxf"), allow_http=True
    )


class Published(pydantic.BaseModel):
    isPublished: bool  # noqa: N815  # SciCat's name


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


def test_scitacean_reads_what_is_published_without_signing_in(sci, server):
    made = sci.upload_new_dataset_now(a_dataset(name="open to all"))
    stranger = scitacean.Client.without_login(url=f"{server.url}/api/v3", allow_http=True)
    with pytest.raises(scitacean.ScicatCommError):
        stranger.get_dataset(made.pid)
    token = scitacean.Client.from_token(url=f"{server.url}/api/v3", token=server.token("zhangxf"), allow_http=True)
    token.scicat.call_endpoint(
        cmd="PATCH", url=f"datasets/{quote(str(made.pid), safe='')}",
        operation="publish", data=Published(isPublished=True), version="v4",
    )  # fmt: skip
    assert stranger.get_dataset(made.pid).name == "open to all"


def test_scitacean_keeps_samples_and_reads_proposals_and_instruments(sci, server):
    sample = sci.upload_new_sample_now(
        scitacean.model.Sample(
            owner_group="GET", owner="Alice", sample_name="Ni", description="Ni powder", sample_characteristics={"m": 1}
        )
    )
    assert sci.get_sample(sample.sample_id).description == "Ni powder"
    proposal = scitacean.model.UploadProposal(
        email="a@x.org", ownerGroup="GET", proposalId="SP-1", title="t", firstname="A", lastname="B"
    )
    assert sci.scicat.create_proposal_model(proposal).proposalId == "SP-1"
    assert sci.get_proposal("SP-1").title == "t"
    admin = pyscicat.client.from_credentials(f"{server.url}/api/v3", "admin", server.password("admin"))
    pid = admin.instruments_create(pyscicat.model.Instrument(name="Mars", customMetadata={}))
    assert sci.scicat.get_instrument_model(pid).name == "Mars"
    assert "Mars" in [instrument.name for instrument in sci.scicat.get_all_instrument_models()]


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


def test_pyscicat_changes_and_deletes_datasets(py, server):
    dataset = pyscicat.model.DerivedDataset(
        owner="Alice", contactEmail="a@x.org", creationTime="2026-05-01T10:00:00", datasetName="py derived",
        type="derived", ownerGroup="GET", accessGroups=[], sourceFolder="/data/x", investigator="a@x.org",
        inputDatasets=[], usedSoftware=["numpy"], isPublished=False,
    )  # fmt: skip
    pid = py.datasets_create(dataset)
    dataset.description = "changed"
    if server.profile == "scicat-5":
        # The client sends the type along, which the real server refuses too.
        with pytest.raises(pyscicat.client.ScicatCommError, match="type should not exist"):
            py.datasets_update(dataset, pid)
    else:
        assert py.datasets_update(dataset, pid) == pid
        assert py.datasets_get_one(pid)["description"] == "changed"
    block = pyscicat.model.CreateDatasetOrigDatablockDto(
        size=1, dataFileList=[pyscicat.model.DataFile(path="a.h5", size=1, time="2026-05-01T10:00:00Z")]
    )
    py.datasets_origdatablock_create(pid, block)
    assert [b["dataFileList"][0]["path"] for b in py.datasets_origdatablocks_get_one(pid)] == ["a.h5"]
    admin = pyscicat.client.ScicatClient(f"{server.url}/api/v3", username="admin", password=server.password("admin"))
    admin.login()
    assert admin.datasets_delete(pid)["pid"] == pid
    assert py.datasets_get_many({"pid": pid}) == []
    assert py.published_data_get_many() == []


def test_pyscicat_keeps_samples_instruments_and_proposals(server):
    py = pyscicat.client.from_credentials(f"{server.url}/api/v3", "admin", server.password("admin"))
    sample = pyscicat.model.Sample(
        owner="Alice", ownerGroup="GET", accessGroups=[], description="Ni powder", sampleCharacteristics={"m": 1}
    )
    id = py.samples_create(sample)
    assert py.samples_get_one(id)["sampleName"] == "Ni powder"
    sample.description = "Cu powder"
    assert py.samples_update(sample, id) == id
    assert [item["sampleId"] for item in py.samples_get_many({"description": "Cu powder"})] == [id]
    instrument = py.instruments_create(pyscicat.model.Instrument(name="Earth", customMetadata={}))
    assert py.instruments_get_one(name="Earth")["pid"] == instrument
    changed = pyscicat.model.Instrument(name="Venus", customMetadata={})
    assert py.instruments_update(changed, instrument) == instrument
    assert py.instruments_get_one(pid=instrument)["name"] == "Venus"
    proposal = pyscicat.model.Proposal(
        proposalId="P-1", email="a@x.org", ownerGroup="GET", accessGroups=[], title="t", firstname="A", lastname="B"
    )
    assert py.proposals_create(proposal) == "P-1"
    assert py.proposals_get_one("P-1")["title"] == "t"
    proposal.title = "better"
    assert py.proposals_update(proposal, "P-1") == "P-1"
    assert py.proposals_get_one("P-1")["title"] == "better"


# Public calls of the clients that no test here makes by name, and why.
NOT_CALLED = {
    "login": "signing in by an identity provider's page; the exchange itself is tested in test_facility_work.py",
    "create_dataset_model": "upload_new_dataset_now makes it",
    "validate_dataset_model": "upload_new_dataset_now makes it",
    "create_orig_datablock": "upload_new_dataset_now makes it",
    "create_attachment": "upload_new_dataset_now makes it",
    "create_sample_model": "upload_new_sample_now makes it",
    "get_dataset_model": "get_dataset makes it",
    "get_sample_model": "get_sample makes it",
    "get_proposal_model": "get_proposal makes it",
    "download_files": "its files come by a file transfer, not from the catalog",
}


@pytest.mark.parametrize(
    "kind", [pyscicat.client.ScicatClient, scitacean.Client, scitacean.client.ScicatClient], ids=lambda k: k.__module__
)
def test_no_call_of_a_client_is_forgotten(kind):
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    made = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    names: dict[object, set[str]] = {}
    for name, function in inspect.getmembers(kind, callable):
        if not name.startswith("_"):  # a call may have several names
            names.setdefault(getattr(function, "__func__", function), set()).add(name)
    forgotten = [sorted(some) for some in names.values() if not some & (made | NOT_CALLED.keys())]
    assert forgotten == []
