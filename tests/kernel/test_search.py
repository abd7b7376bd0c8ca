"""``sc.search``: conditions, chains, tables, counts, and any number of hits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.scicat import CatalogClient, QueryError
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog

COUNT = 230


def document(number: int) -> dict[str, Any]:
    energy = {"value": 5 + number / 10, "unit": "keV"} if number % 2 else {"v": 5000 + number * 100, "u": "eV"}
    return {
        "ownerGroup": "GET" if number % 5 else "SHINE",
        "contactEmail": "zhangxf@example.org",
        "sourceFolder": "/data",
        "creationTime": f"2026-03-{1 + number // 24:02d}T{number % 24 // 2 * 2:02d}:00:00Z",
        "datasetName": f"run {number:04d}",
        "type": "raw",
        "keywords": ["calibration"] if number % 10 == 0 else [],
        "size": number,
        "proposalIds": ["p2345"] if number < 100 else ["p17"],
        "creationLocation": "/SHINE/AMO" if number % 2 else "/SHINE/SPB",
        "instrumentIds": [],
        "scientificMetadata": {
            "photon_energy": energy,
            "run": number,
            "detector": {"name": "AGIPD" if number % 3 else "Jungfrau", "distance": {"value": number, "unit": "mm"}},
        },
    }


@pytest.fixture(scope="module")
def catalog() -> Iterator[CatalogProcess]:
    with running_catalog() as running:
        with CatalogClient(running.url, running.token("zhangxf")) as client:
            for number in range(COUNT):
                client.create_dataset(document(number))
        yield running


@pytest.fixture(autouse=True)
def here(catalog: CatalogProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINECAT_CATALOG_URL", catalog.url)
    monkeypatch.setenv("SHINECAT_TOKEN", token_of(catalog))


_tokens: dict[str, str] = {}


def token_of(catalog: CatalogProcess) -> str:
    if catalog.url not in _tokens:
        _tokens[catalog.url] = catalog.token("zhangxf")
    return _tokens[catalog.url]


def runs(hits: Any) -> list[int]:
    return [ds.metadata.run for ds in hits]


def test_a_loop_goes_through_all_of_them_and_fetches_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    search = CatalogClient.search
    monkeypatch.setattr(CatalogClient, "search", lambda self, query: (asked.append(query.skip), search(self, query))[1])
    hits = sc.search()
    assert len(hits) == COUNT
    walk = iter(hits)
    assert next(walk).metadata.run == COUNT - 1
    assert asked == [0]
    assert runs(walk) == list(range(COUNT - 2, -1, -1))
    assert asked == [0]  # the others come by a cursor
    assert hits[-1].metadata.run == 0
    assert hits[150].metadata.run == COUNT - 151
    assert asked == [0, 200, 100]
    assert [ds.metadata.run for ds in hits[99:102]] == [130, 129, 128]
    with pytest.raises(IndexError, match="only 230"):
        hits[COUNT]
    with pytest.raises(IndexError, match="only 230"):
        hits[-COUNT - 1]


def test_new_datasets_meanwhile_come_neither_twice_nor_stop_a_loop(catalog: CatalogProcess) -> None:
    walk = iter(sc.search(where="run >= 0"))
    first = [next(walk).metadata.run for _ in range(3)]
    with CatalogClient(catalog.url, token_of(catalog)) as client:
        pid = client.create_dataset({**document(5), "creationTime": "2027-01-01T00:00:00Z"}).pid
        try:
            assert [*first, *runs(walk)] == list(range(COUNT - 1, -1, -1))
        finally:
            with CatalogClient(catalog.url, catalog.token("admin")) as admin:
                admin.send(sc_delete(pid))


def sc_delete(pid: str) -> Any:
    from jupyter_shinecat.scicat import operations

    return operations.delete_dataset(pid)


def test_a_loop_over_a_catalog_without_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_shinecat.kernel.session.features", frozenset)
    assert runs(sc.search()) == list(range(COUNT - 1, -1, -1))


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_every_place_from_both_ends(order: str) -> None:
    """Datasets of one and the same moment, too: the two orders are exactly opposite."""
    hits = sc.search(where="run >= 0").sort("time", descending=order == "desc")
    expected = [ds.pid for ds in hits]
    assert len(hits) == len(expected) == COUNT
    assert [hits[place].pid for place in (-1, 120, 0, 115, 116, 199, 200)] == [
        expected[place] for place in (-1, 120, 0, 115, 116, 199, 200)
    ]


def test_limit_and_order() -> None:
    assert runs(sc.search(limit=150)) == list(range(COUNT - 1, COUNT - 151, -1))
    assert runs(sc.search(limit=100)) == list(range(COUNT - 1, COUNT - 101, -1))
    assert runs(sc.search(limit=3)) == [229, 228, 227]
    assert len(sc.search(limit=3)) == 3
    assert runs(sc.search(limit=3).sort("size", descending=False)) == [0, 1, 2]
    assert runs(sc.search(limit=120).sort("name"))[-1] == 119
    assert len(sc.search(limit=1000)) == COUNT
    with pytest.raises(QueryError, match="can't be sorted by “colour”"):
        sc.search().sort("colour")
    with pytest.raises(ValueError, match="at least 1"):
        sc.search(limit=0)


def test_conditions_narrow_and_chain() -> None:
    hits = sc.search(where="photon_energy > 9 keV and detector.name = 'AGIPD'")
    assert set(runs(hits)) == {n for n in range(41, COUNT) if n % 3}
    assert set(runs(hits.where("photon_energy < 9500 eV"))) == {41, 43, 44}
    assert len(hits) == len({n for n in range(41, COUNT) if n % 3})
    assert runs(sc.search("calibration", group="SHINE", until="2026-03-01").sort("name")) == [0, 10, 20]
    assert runs(sc.search(since=date(2026, 3, 10), limit=2)) == [229, 228]
    assert len(sc.search(since="2026-03-02", until="2026-03-03")) == 48
    assert len(sc.search(proposal=2345)) == 100
    assert len(sc.search(proposal=[2345, 17])) == COUNT
    assert set(runs(sc.search(instrument="AMO"))) == set(range(1, COUNT, 2))
    assert sc.search("no such word anywhere").first() is None
    assert not sc.search("no such word anywhere")


def test_errors_show_the_place() -> None:
    with pytest.raises(QueryError) as caught:
        sc.search(where="溶 > 9 keV or x = 2")
    said = str(caught.value).splitlines()
    assert said[-2].strip() == "溶 > 9 keV or x = 2"
    assert said[-1].index("^") == len("  ") + len("溶 > 9 keV ") + 1  # 溶 is two columns wide
    assert caught.value.position == 10
    with pytest.raises(QueryError, match="not a date"):
        sc.search(since="yesterday")
    for ask in (
        lambda: sc.search(where="run = 1 and photon_energy > 9 keVV"),
        lambda: sc.search().where("photon_energy > 9 keVV").first(),
        lambda: len(sc.search().where("photon_energy > 9 keVV")),
        lambda: sc.search().where("photon_energy > 9 keVV").facets("type"),
    ):
        with pytest.raises(QueryError, match="'keVV' is not a known unit; photon_energy is given") as caught:
            ask()
        said = str(caught.value).splitlines()
        assert said[-1].index("^") == said[-2].index("keVV"), "what only the catalog can refuse has its place, too"


def test_asking_whether_there_are_hits_reads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_shinecat.kernel.hits.handle", lambda record: pytest.fail("noted as read"))
    assert sc.search("run")
    assert not sc.search("nothinglikethis")


def test_what_people_pass() -> None:
    assert len(sc.search(None, type=None, where=None, group=None)) == COUNT
    day = np.datetime64("2026-03-02")
    assert len(sc.search(since=day)) == len(sc.search(since="2026-03-02")) == len(sc.search(since=date(2026, 3, 2)))
    assert len(sc.search(group=np.array(["SHINE", "GET"]), limit=np.int64(3))) == 3
    with pytest.raises(QueryError, match=r"since is not a date: 2026\."):
        sc.search(since=2026)  # type: ignore[arg-type]


def test_a_table_with_metadata_in_one_unit() -> None:
    hits = sc.search(where="run < 4").sort("name")
    frame = hits.table("photon_energy", "detector.distance [cm]", "detector.name", "nothing")
    assert frame["photon_energy [eV]"].tolist() == [5000, 5100, 5200, 5300]
    assert frame["detector.distance [cm]"].tolist() == [0, 0.1, 0.2, 0.3]
    assert frame["detector.name"].tolist() == ["Jungfrau", "AGIPD", "AGIPD", "Jungfrau"]
    assert frame["nothing"].isna().all()
    with pytest.raises(QueryError, match="can't be shown in mm"):
        hits.table("photon_energy [mm]")
    with pytest.warns(UserWarning, match="first 2 of 4"):
        assert len(hits.table(rows=2)) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(hits.table(rows=4)) == 4
    assert len(sc.search("no such word anywhere").table("run")) == 0


def test_facets_count_what_fits() -> None:
    facets = sc.search(where="run < 20").facets("type", "group", "keywords", "location")
    assert facets == {
        "type": {"raw": 20},
        "group": {"GET": 16, "SHINE": 4},
        "keywords": {"calibration": 2},
        "location": {"/SHINE/AMO": 10, "/SHINE/SPB": 10},
    }
    assert sc.search(instrument="AMO", where="run < 20").facets("group") == {"group": {"GET": 8, "SHINE": 2}}
    with pytest.raises(QueryError, match="can't be counted by “colour”"):
        sc.search().facets("colour")


def test_shows_itself_without_fetching_everything() -> None:
    hits = sc.search()
    assert "230 found, the first 25 are shown" in repr(hits)
    assert "run 0229" in hits._repr_html_()
    assert hits._repr_html_().count("<tr") == 26


def test_a_real_scicats_limits_are_said() -> None:
    with running_catalog(profile="scicat-5") as real, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHINECAT_CATALOG_URL", real.url)
        patch.setenv("SHINECAT_TOKEN", real.token("zhangxf"))
        with CatalogClient(real.url, real.token("zhangxf")) as client:
            for number in range(4):
                client.create_dataset(document(number))
        assert sorted(runs(sc.search(where="photon_energy > 5050 eV"))) == [1, 2, 3]
        with pytest.raises(QueryError, match=r"nested keys such as detector\.name"):
            sc.search(where="detector.name = 'AGIPD'")
