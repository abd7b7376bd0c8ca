"""What people say when they mean a dataset, and what they are told when that is none or several."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import h5py
import numpy as np
import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.kernel.finding import Ambiguous, named_by
from jupyter_shinecat.scicat import CatalogClient, NotFound, operations


@pytest.fixture(scope="module")
def runs(facility) -> dict[str, str]:
    """Runs of proposal 72345, one of them with a second dataset, and what one of them belongs to."""
    with CatalogClient(facility.catalog.url, facility.catalog.token("admin")) as admin:
        common = {"ownerGroup": "GET", "accessGroups": ["SHINE"]}
        proposal = {"proposalId": "p72345", "title": "Fast 晶体", "email": "pi@example.org", **common}
        admin.send(operations.create("proposals", proposal))
        sample = {"sampleId": "S-9", "description": "lysozyme", "sampleCharacteristics": {}, **common}
        admin.send(operations.create("samples", sample))
        instrument = admin.send(operations.create("instruments", {"name": "CDS", "uniqueName": "cds"}))
    for number in (17, 18):
        (facility.folder / f"set{number}").mkdir()
        with h5py.File(facility.folder / f"set{number}" / "frames.h5", "w") as file:
            file["data"] = np.full((4, 5), number)
    first = facility.add(
        "set17",
        runNumber="17",
        proposalIds=["p72345"],
        sampleIds=["S-9"],
        instrumentIds=[instrument["pid"]],
        creationTime="2026-04-01T10:00:00Z",
        comment="beam was low",
    )
    facility.add(
        "set18",
        proposalIds=["p72345"],
        creationTime="2026-04-02T10:00:00Z",
        creationLocation="/SHINE/XYZ",
        scientificMetadata={"run_number": {"value": 18, "unit": ""}},
    )
    facility.add(
        "by name r0019", datasetName="scan r0019 b", proposalIds=["p72345"], creationTime="2026-03-30T10:00:00Z"
    )
    facility.add(
        "work",
        datasetName="of 17",
        type="derived",
        proposalIds=["p72345"],
        runNumber="17",
        inputDatasets=[first, facility.pids["foreign"]],
        creationTime="2026-05-01T10:00:00Z",
        usedSoftware=["x 1"],
    )
    facility.add("twin a", runNumber="20", proposalIds=["p72345"])
    facility.add("twin b", runNumber="20", proposalIds=["p72345"])
    return facility.pids  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20.500.1/4f1c", ("pid", "20.500.1/4f1c")),
        ("10.5072/x y", ("pid", "10.5072/x y")),
        ("10.5072/abc", ("doi", "10.5072/abc")),
        ("doi:10.5072/ABC", ("doi", "10.5072/ABC")),
        ("https://doi.org/10.5072%2Fabc", ("pid", "")),
        ("https://dx.doi.org/10.5072/abc%20d", ("doi", "10.5072/abc d")),
        ("https://scicat.example.org/datasets/20.500%2Fa%252F%C3%A4?tab=2", ("pid", "20.500/a%2Fä")),
        ("https://scicat.example.org/datasets/20.500/a/datafiles", ("pid", "20.500/a")),
        ("http://h:3000/api/v3/Datasets/x%2Fy/", ("pid", "x/y")),
        ("https://scicat.example.org/#/datasets/x%2Fy", ("pid", "x/y")),
        ("https://scicat.example.org/publishedDatasets/10.5072%2Fabc", ("doi", "10.5072/abc")),
    ],
)
def test_what_a_text_names(text: str, expected: tuple[str, str]) -> None:
    if not expected[1]:
        with pytest.raises(NotFound, match="names no dataset"):
            named_by(text)
    else:
        assert named_by(text) == expected


def test_by_address_of_the_catalog(here) -> None:
    pid = here.pids["good"]
    assert sc.open(f"https://scicat.example.org/datasets/{quote(pid, safe='')}").pid == pid
    with pytest.raises(NotFound, match="no dataset no/such"):
        sc.open("https://scicat.example.org/datasets/no%2Fsuch")


def test_by_file_and_by_folder(here, runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = here.folder / "good" / "run 17 溶菌酶.h5"
    assert sc.open(file).pid == here.pids["good"]
    assert sc.open(str(here.folder / "set17")).pid == here.pids["set17"]
    (tmp_path / "link.h5").symlink_to(file)
    assert sc.open(tmp_path / "link.h5").pid == here.pids["good"], "links lead to the file that is catalogued"
    monkeypatch.chdir(here.folder / "set18")
    assert sc.open("./frames.h5").pid == sc.open("frames.h5").pid == here.pids["set18"]
    with pytest.raises(NotFound, match="No dataset that you may read fits"):
        sc.open(here.folder / "good" / "not catalogued.h5")
    with pytest.raises(NotFound):
        sc.open("/")


def test_by_file_where_a_map_puts_it(here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = here.add("far", {"deep/a.h5": 0}, sourceFolder="/beamline/raw/9", sourceFolderHost="daq9")
    monkeypatch.setenv("SHINECAT_PATH_MAPS", f'[{{"host": "daq9", "from": "/beamline", "to": "{tmp_path}"}}]')
    assert sc.open(tmp_path / "raw/9/deep/a.h5").pid == pid


def test_file_in_several_datasets_is_said(here) -> None:
    (here.folder / "shared").mkdir(exist_ok=True)
    (here.folder / "shared" / "a.h5").write_text("x")
    pids = {here.add("shared", datasetName=f"take {n}") for n in (1, 2)}
    with pytest.raises(Ambiguous, match="2 datasets fit") as caught:
        sc.open(here.folder / "shared" / "a.h5")
    assert set(caught.value.pids) == pids
    assert all(pid in str(caught.value) for pid in pids)


def test_by_proposal_and_run(here, runs) -> None:
    for proposal in (72345, "72345", "p72345", "P-072345"):
        assert sc.open(proposal=proposal, run=17).pid == runs["set17"], "the raw one, where one only is raw"
    assert sc.open(proposal=72345, run=18).pid == runs["set18"], "a number in the metadata"
    assert sc.open(proposal=72345, run="19").pid == runs["by name r0019"], "a number in the name"
    assert sc.open(proposal=72345, run=17, type="derived").pid == runs["work"]
    assert sc.open(sample="S-9").pid == runs["set17"]
    with pytest.raises(NotFound, match="fits proposal=72345, run=170"):
        sc.open(proposal=72345, run=170)
    with pytest.raises(Ambiguous, match="2 datasets fit proposal=72345, run=20"):
        sc.open(proposal=72345, run=20)
    with pytest.raises(TypeError, match="not both"):
        sc.open("x/1", run=1)
    with pytest.raises(TypeError, match="opens a PID"):
        sc.open(None)


def test_latest(here, runs) -> None:
    assert sc.latest(proposal=72345).pid == runs["set18"]
    assert sc.latest(proposal=72345, type=None).pid == runs["work"]
    assert sc.latest(instrument="CDS").pid == runs["set17"], "by the instrument's name"
    assert sc.latest(instrument="XYZ").pid == runs["set18"], "by the place where data are taken"
    with pytest.raises(NotFound, match="group='AMO'"):
        sc.latest(group="AMO")


def test_hits_handles_and_lists(here, runs) -> None:
    hit = sc.search("Lysozyme")[0]
    assert sc.open(hit).pid == sc.open(sc.open(hit)).pid == here.pids["good"]
    both = sc.open([runs["set17"], sc.open(runs["set18"])])
    assert [one.pid for one in both] == [runs["set17"], runs["set18"]]
    assert runs["set18"] in repr(both)
    assert "<script" not in both._repr_html_()
    assert both.table()["pid"].tolist() == [runs["set17"], runs["set18"]]
    with pytest.raises(NotFound):
        sc.open([runs["set17"], "no/such"])
    nested = sc.open([runs["set17"], both, sc.search("Lysozyme")])
    assert [one.pid for one in nested] == [runs["set17"], runs["set17"], runs["set18"], here.pids["good"]]
    for nothing in ("x" * 100_000, "", "..", "\0"):
        with pytest.raises(NotFound):
            sc.open(nothing)


def test_stack_reads_only_what_is_indexed(here, runs) -> None:
    both = sc.open([runs["set17"], runs["set18"]])
    stack = both["/data"]
    assert (stack.shape, stack.dtype, stack.ndim, stack.size) == ((2, 4, 5), np.dtype("i8"), 3, 40)
    assert "read when indexed" in repr(stack)
    whole = np.asarray(stack)
    for index in (
        0,
        -1,
        slice(None),
        (slice(None), 0),
        (Ellipsis, 2),
        (1, slice(1, 3), 4),
        ([1, 0], 0),
        (np.array([True, False]),),
    ):
        assert np.array_equal(stack[index], whole[index]), index
    assert stack[2:].shape == (0, 4, 5)
    assert [part[0, 0] for part in stack] == [17, 18]
    # The second file is not there any more: what does not need it still reads.
    moved = here.folder / "set18" / "frames.h5"
    moved.rename(here.folder / "away.h5")
    try:
        assert stack[0, 0, 0] == 17
        with pytest.raises(FileProblem, match="no longer in"):
            stack[:, 0]
    finally:
        (here.folder / "away.h5").rename(moved)
    with pytest.raises(IndexError):
        stack[0, 0, 0, 0]
    with pytest.raises(IndexError):
        stack[2]
    with pytest.raises(IndexError, match="new axis"):
        stack[:, None]


def test_stack_of_different_shapes_says_which(here, runs) -> None:
    stack = sc.open([runs["set17"], here.pids["good"]]).stack("/data")
    with pytest.raises(FileProblem, match="no object /data"):
        stack[:]
    (here.folder / "odd").mkdir(exist_ok=True)
    with h5py.File(here.folder / "odd" / "frames.h5", "w") as file:
        file["data"] = np.zeros((3, 5))
    odd = here.add("odd")
    with pytest.raises(FileProblem, match=r"has the shape \(3, 5\).*can't be stacked"):
        sc.open([runs["set17"], odd]).stack("/data")[:, 0]


def test_neighbours(here, runs) -> None:
    ds = sc.open(runs["set17"])
    assert ds.comment == "beam was low"
    assert ds.proposal.title == "Fast 晶体"
    assert ds.sample.description == "lysozyme"
    assert [one.pid for one in ds.derived] == [runs["work"]]
    with pytest.warns(UserWarning, match="not for you") as caught:
        inputs = sc.open(runs["work"]).inputs
    assert [one.pid for one in inputs] == [runs["set17"]]
    assert here.pids["foreign"] in str(caught[0].message)
    plain = sc.open(here.pids["text"])
    assert (plain.proposal, plain.sample, len(plain.inputs), len(plain.derived), plain.comment) == (
        None,
        None,
        0,
        0,
        "",
    )
    lost = sc.open(here.add("lost", proposalIds=["no such"], sampleIds=["none"]))
    for ask, words in ((lambda: lost.proposal, "The proposal no such of"), (lambda: lost.sample, "The sample none of")):
        with pytest.raises(NotFound, match=words):
            ask()


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """A catalog that publishes: DOIs with their datasets; it knows the datasets ``x/1`` and ``x/2``."""
    dois: dict[str, list[str]] = {}

    class Catalog(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, name = unquote(self.path.partition("?")[0]).removeprefix("/api/v").partition("/")[2].partition("/")
            doc = {"whoami": {"username": "x"}}.get(name)
            if kind == "publisheddata" and name in dois:
                doc = {"doi": name, "pidArray": dois[name]}
            elif kind == "datasets" and name in ("x/1", "x/2"):
                doc = {"pid": name, "datasetName": name}
            body = json.dumps(doc or {"statusCode": 404, "message": "not found"}).encode()
            self.send_response(200 if doc else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Catalog)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SHINECAT_CATALOG_URL", f"http://127.0.0.1:{server.server_port}")
    yield dois
    server.shutdown()
    server.server_close()
    thread.join()


def test_by_doi(publisher) -> None:
    publisher["10.5072/one"] = ["x/1"]
    publisher["10.5072/two"] = ["x/1", "x/2"]
    for text in ("10.5072/one", "doi:10.5072/one", "https://doi.org/10.5072/one"):
        assert sc.open(text).pid == "x/1"
    with pytest.raises(Ambiguous, match="publishes 2 datasets: x/1, x/2"):
        sc.open("10.5072/two")
    with pytest.raises(NotFound, match=r"no dataset 10\.5072/three"):
        sc.open("10.5072/three")
