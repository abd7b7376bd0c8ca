"""Handles: what they show and give, and the sentence of each bad day."""

from __future__ import annotations

import copy
import pickle
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import h5py
import pandas as pd
import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.kernel.metadata import Metadata
from jupyter_shinecat.scicat import CatalogUnavailable, NotFound, SignInRequired
from jupyter_shinecat.units import UnitError


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_facts(here) -> None:
    ds = sc.open(here.pids["good"])
    assert ds.pid == here.pids["good"]
    assert (ds.name, ds.type, ds.owner_group) == ("Lysozyme 溶菌酶 run 17", "raw", "GET")
    assert ds.keywords == ["serial", "溶菌酶"]
    text = repr(ds)
    for part in (ds.name, ds.pid, "raw", "GET", "2026-03-01 10:00:00 UTC", "Crystals in a jet"):
        assert part in text


def test_metadata_by_attribute_path_and_key(here) -> None:
    metadata = sc.open(here.pids["good"]).metadata
    assert metadata.photon_energy.value == 9.3
    assert metadata.photon_energy.unit == "keV"
    assert metadata["photon energy"].to("eV").value == pytest.approx(9300)
    assert metadata["detector/distance"].to("m").value == pytest.approx(0.1)
    assert metadata.detector.distance.unit == "mm"
    assert metadata.detector.gain_mode == "high"
    assert metadata.run == 17
    assert [slit.value for slit in metadata.slits] == [1, 2]
    assert metadata["slits/1"].value == 2
    assert metadata.photon_energy.pint.to("eV").magnitude == pytest.approx(9300)
    assert str(metadata.photon_energy) == "9.3 keV"
    assert 9 < metadata.photon_energy < metadata.photon_energy.to("keV").value + 1
    assert {"photon_energy", "detector", "run"} <= set(dir(metadata))
    assert "detector/distance" in metadata._ipython_key_completions_()
    assert "9.3 keV" in repr(metadata)
    with pytest.raises(AttributeError, match="near it are: photon energy"):
        getattr(metadata, "photon_enrgy")  # noqa: B009
    with pytest.raises(KeyError, match="detektor"):
        metadata["detektor/distance"]
    with pytest.raises(ShineCatError, match="m"):
        metadata.photon_energy.to("m")


def test_any_key_and_any_value() -> None:
    odd = {
        **{"keys": 1, "class": 2, "a.b": 3, "": 4, "deep": {"er.": {"c d": 5}}},
        **{"with space": {"v": 1, "u": "m"}, "光子 能量": {"value": 9.3, "unit": "keV"}},
        **{"text": {"value": "high", "unit": "mm"}, "none": {"value": None, "unit": ""}},
        **{"det": {"x/y": {"z": 6}, "p.q": 7, "": 8, "x": {"y": 9}}},
        **{"pulse": {"value": 1.5, "unit": "mJ", "minimum": 1, "valueSI": 0.0015, "unitSI": "J"}},
    }
    metadata = Metadata(odd)
    assert (metadata.keys_, metadata.class_, metadata.a_b, metadata["a.b"], metadata[""]) == (1, 2, 3, 3, 4)
    assert metadata.光子_能量.to("eV").value == metadata["光子 能量"].to("eV").value == 9300
    assert metadata["with space"].pint.to("cm").magnitude == 100
    assert metadata["deep/er./c d"] == metadata.deep["er."]["c d"] == 5
    assert (metadata["det/x/y/z"], metadata["det.p.q"], metadata["det/"], metadata["det/x/y/"]["z"]) == (6, 7, 8, 6)
    for path in metadata._ipython_key_completions_():
        assert path in metadata, "what Tab offers is there"
    assert metadata.pulse.to("J").value == 0.0015, "a value with its range is a value"
    assert metadata.pulse.minimum == metadata.pulse["minimum"] == metadata["pulse/minimum"] == 1
    assert "minimum" in dir(metadata.pulse)
    for value in (metadata.pulse, metadata["with space"]):
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(metadata)).pulse.minimum == 1
    for gone in (lambda: metadata.pulse.maximum, lambda: metadata["with space"].minimum):
        with pytest.raises(AttributeError):
            gone()
    assert Metadata({"detector": {"distance": 7}})["detector.distance"] == 7, "as conditions and tables name it"
    assert {"keys_", "class_", "with_space", "光子_能量"} <= set(dir(metadata))
    assert (17 in metadata, metadata.get(None), metadata.get("no", 0)) == (False, None, 0)
    for key in ("text", "none"):
        with pytest.raises(UnitError, match="is no number"):
            metadata[key].to("m")


def test_files(here) -> None:
    files = sc.open(here.pids["mixed"]).files
    assert list(files.columns) == ["path", "size", "time", "local", "state"]
    assert list(files["path"]) == ["a.h5", "b.h5", "t 100%.csv"]
    assert list(files["state"]) == ["ok"] * 3
    assert files["local"][2] == str(here.folder / "mixed" / "t 100%.csv")
    assert files["size"][2] == (here.folder / "mixed" / "t 100%.csv").stat().st_size
    assert files["time"][0] == pd.Timestamp("2026-03-01T10:00:00Z")


def test_h5_is_an_ordinary_file_for_reading(here) -> None:
    ds = sc.open(here.pids["good"])
    with ds.h5() as file:
        assert type(file) is h5py.File
        assert file.mode == "r"
        assert file["/entry/data/data"][5, 9, 9] == 599
    inside = ds["/entry/data/data"]
    assert isinstance(inside, h5py.Dataset)
    assert inside.shape == (6, 10, 10)
    assert ds["/entry/data/data"].file == inside.file
    inside.file.close()
    assert ds["entry/matrix"].shape == (3, 3)
    assert "/entry/data/data" in ds._ipython_key_completions_()
    with pytest.raises(KeyError, match="near it are: /entry/matrix"):
        ds["/entry/matrx"]


def test_file_that_the_user_opened_before_opens_again(here) -> None:
    ds = sc.open(here.pids["good"])
    with h5py.File(ds.path()) as own, ds.h5() as file:
        assert file["entry/matrix"][0, 0] == own["entry/matrix"][0, 0]


def test_tables(here) -> None:
    ds = sc.open(here.pids["good"])
    default = ds.table()
    assert list(default.columns) == ["energy", "counts"]
    assert default["energy"].tolist() == pytest.approx([9.05, 9.15, 9.25, 9.35, 9.45])  # edges become centres
    peaks = ds.table(path="/entry/peaks")
    assert peaks["name"].tolist() == ["甲", "b", "c"]
    assert peaks["hkl"][0].tolist() == [0, 0, 0]
    columns = ds.table(path="entry/columns")
    assert columns.to_dict("list") == {"a": [1, 2, 3], "b": [4.0, 5.0, 6.0], "note": ["x", "y", "z"]}
    assert ds.table(path="/entry/matrix").shape == (3, 3)
    assert ds.table(path="/entry/columns/a")["a"].tolist() == [1, 2, 3]
    assert sc.open(here.pids["text"]).table().to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert list(sc.open(here.pids["mixed"]).table("t 100%.csv").columns) == ["angle", "count"]
    for path in ("/entry/scalar", "/entry/data/data", "/no/such"):
        with pytest.raises(FileProblem, match=r"no table|no object"):
            ds.table(path=path)


def test_card_is_text_whatever_the_catalog_says(here) -> None:
    ds = sc.open(here.pids["hostile"])
    for html in (ds._repr_html_(), ds.metadata._repr_html_(), sc.search(keywords="溶菌酶")._repr_html_()):
        found = _Elements(html)
        assert found.tags <= {"section", "div", "table", "tbody", "thead", "tr", "th", "td", "details", "summary"}
        assert found.attributes <= {"style", "scope", "role", "aria-level", "aria-label"}
    assert "&lt;script&gt;" in ds._repr_html_()
    with pytest.raises(KeyError) as caught:
        ds.metadata["no"]
    hits = sc.search(keywords=ds.keywords[0])
    shown = [repr(ds), repr(ds.metadata), repr(hits), repr(sc.open([ds.pid])), str(caught.value), ds._repr_html_()]
    for text in shown:
        assert "alert(1)" in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), "it would steer a terminal"


def test_card_has_theme_colours_and_row_headers(here) -> None:
    html = sc.open(here.pids["good"])._repr_html_()
    assert not re.search(r"(?<!,)#[0-9a-fA-F]{3,8}\b(?!\))", html), "a colour that no theme can change"
    assert "var(--jp-ui-font-color1" in html
    assert 'scope="row"' in html
    assert "9.3 keV" in html


def test_search_gives_handles(here) -> None:
    hits = sc.search("Lysozyme", type="raw", group="GET", keywords=["serial"])
    assert len(hits) == 1
    assert hits[0].pid == here.pids["good"]
    assert [ds.name for ds in hits] == ["Lysozyme 溶菌酶 run 17"]
    assert here.pids["good"] in repr(hits)
    assert hits.table()["owner_group"].tolist() == ["GET"]
    assert len(sc.search("溶菌酶")) >= 1
    assert len(sc.search(type="derived", group="GET", keywords="serial")) == 0
    assert "No dataset" in repr(sc.search("nothing has this word"))
    two = sc.search(group="GET", limit=2)
    assert len(two) == 2
    assert len(two[:1]) == 1
    assert "The first 2 of " in repr(two)
    assert not any(ds.pid == here.pids["foreign"] for ds in sc.search(limit=100))
    with pytest.raises(ValueError, match="at least 1"):
        sc.search(limit=0)


def test_unknown_and_foreign_pid_give_the_same_sentence(here) -> None:
    sentences = []
    for pid in ("20.500.1/ä b%2F+#?", here.pids["foreign"]):
        with pytest.raises(NotFound) as caught:
            sc.open(pid)
        sentences.append(str(caught.value).replace(pid, "PID"))
    assert sentences[0] == sentences[1]
    assert "Check the PID" in sentences[0]
    with pytest.raises(NotFound):
        sc.open("  ")


@pytest.mark.parametrize(
    ("key", "state", "words"),
    [
        ("gone", "missing", "data.h5 is no longer in"),
        ("short", "truncated", "a part of it is missing"),
        ("moved", "moved", "a file of its name and size is at"),
        ("escape", "unreadable", "leads out of the folder"),
        ("empty", "empty", "has no files in the catalog"),
        ("bad", "format", "not.h5 is not an HDF5 file"),
        ("broken", "unreadable", "can't be opened"),
        ("mixed", "ambiguous", "several files that fit: a.h5, b.h5"),
    ],
)
def test_each_bad_file_has_its_sentence(here, key: str, state: str, words: str) -> None:
    with pytest.raises(FileProblem, match=words) as caught:
        sc.open(here.pids[key]).h5()
    assert caught.value.state == state
    assert caught.value.do, "it says what to do"


def test_a_file_that_has_grown_opens_with_a_warning(here) -> None:
    with pytest.warns(UserWarning, match="it has grown since"), sc.open(here.pids["long"]).h5() as file:
        assert file["x"][:].tolist() == [1, 2, 3]


def test_files_by_name(here) -> None:
    ds = sc.open(here.pids["mixed"])
    assert ds.path("b.h5") == here.folder / "mixed" / "b.h5"
    with pytest.raises(FileProblem, match=r"no file c\.h5"):
        ds.path("c.h5")
    with pytest.raises(FileProblem, match=r"t 100%\.csv is not an HDF5 file"):
        ds.h5("t 100%.csv")
    for name in ("path", "h5", "array", "table"):
        with pytest.raises(FileProblem, match="several files") as caught:
            getattr(ds, name)()
        example = caught.value.do.rpartition(": ")[2]
        assert example.startswith(f"ds.{name}(")
        assert eval(example, {"ds": ds}) is not None, "what the sentence tells to do works"


def test_path_maps(here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = here.add("mapped", {"a.h5": 0}, sourceFolder="/beamline/raw/7", sourceFolderHost="daq1.example.org")
    with pytest.raises(FileProblem, match="is not there"):
        sc.open(pid).path()
    monkeypatch.setenv("SHINECAT_PATH_MAPS", '[{"host": "elsewhere", "from": "/beamline", "to": "/x"}]')
    with pytest.raises(FileProblem, match=r"are in /beamline/raw/7 on daq1\.example\.org") as caught:
        sc.open(pid).path()
    assert caught.value.state == "unmapped"
    (tmp_path / "raw/7").mkdir(parents=True)
    (tmp_path / "raw/7/a.h5").write_text("x")
    maps = f'[{{"host": "daq1.example.org", "from": "/beamline", "to": "{tmp_path}"}}]'
    monkeypatch.setenv("SHINECAT_PATH_MAPS", maps)
    assert sc.open(pid).path() == tmp_path / "raw/7/a.h5"


def test_catalog_away(here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINECAT_CATALOG_URL", "http://127.0.0.1:9")
    for call in (lambda: sc.open("x/1"), lambda: sc.search("x")):
        with pytest.raises(CatalogUnavailable, match="does not answer") as caught:
            call()
        assert caught.value.do


def test_sign_in_expired_in_mid_session(here, monkeypatch: pytest.MonkeyPatch) -> None:
    ds = sc.search("Lysozyme")[0]
    monkeypatch.setenv("SHINECAT_TOKEN", "expired." + here.token[-20:])
    for call in (
        lambda: sc.search("Lysozyme"),
        ds.path,
        lambda: sc.open(here.pids["good"]),
        lambda: sc.latest(sample="no"),
    ):
        with pytest.raises(SignInRequired, match="missing or has expired") as caught:
            call()
        assert "Sign in again" in caught.value.do
        assert here.token[-20:] not in str(caught.value)


def test_warnings_are_of_the_line_that_asked(here) -> None:
    ds = sc.open(here.pids["long"])
    for ask in (ds.path, ds.h5, lambda: sc.open([ds.pid])["/x"][:], lambda: sc.search().table(rows=1)):
        with pytest.warns(UserWarning, match=r"grown since|The table shows") as caught:
            ask()
        assert {warning.filename for warning in caught} == {__file__}


def test_no_catalog_at_all(here, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = sc.open(here.pids["good"]).pid
    with monkeypatch.context() as nowhere:
        nowhere.delenv("SHINECAT_CATALOG_URL")
        with pytest.raises(ShineCatError, match="Start this from JupyterLab"):
            sc.search("x")
    assert sc.open(pid).pid == pid, "there again"


def test_results_folder(here) -> None:
    path = sc.results("run 17/峰 [1].h5")
    assert path.parent.is_dir()
    assert not path.exists()
    path.write_text("x")
    with pytest.warns(UserWarning, match="exists already"):
        assert sc.results("run 17/峰 [1].h5") == path
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sc.results() == path.parent.parent
    for name in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(ShineCatError, match="leads out of the results folder"):
            sc.results(name)


def test_results_folder_that_can_not_be_made(here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("SHINECAT_RESULTS", str(tmp_path / "file" / "results"))
    with pytest.raises(ShineCatError, match="can't be made"):
        sc.results("a.h5")


def test_derived_outside_a_notebook_says_so(here, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(ShineCatError, match="Nothing is recorded here"):
        sc.derived(tmp_path / "a")
    with pytest.raises(ShineCatError, match="There is no file"):
        sc.derived(tmp_path / "b")
