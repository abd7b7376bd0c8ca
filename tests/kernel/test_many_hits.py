"""A hundred thousand hits: a loop and a look into their middle fetch what they need, and keep little."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.scicat import CatalogClient, Dataset, Query
from jupyter_shinecat.testing.catalog import CatalogProcess
from jupyter_shinecat.testing.many import fill, name_of

COUNT = 100_000


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A catalog that is asked for its rows only, and remembers for which."""
    told: list[tuple[int, int]] = []

    def search(_: CatalogClient, query: Query) -> list[Dataset]:
        told.append((query.skip, query.limit))
        rows = range(query.skip, min(query.skip + query.limit, COUNT))
        return [Dataset({"pid": f"many/{number}", "datasetName": name_of(number)}) for number in rows]

    monkeypatch.setattr(CatalogClient, "search", search)
    monkeypatch.setattr(CatalogClient, "facets", lambda *_: (COUNT, {}))
    monkeypatch.setattr("jupyter_shinecat.kernel.session.features", frozenset)
    monkeypatch.setenv("SHINECAT_CATALOG_URL", "http://127.0.0.1:9")
    return told


def test_a_loop_fetches_as_it_goes(asked: list[tuple[int, int]]) -> None:
    hits = sc.search()
    assert len(hits) == COUNT
    assert [ds.name for ds in itertools.islice(hits, 3)] == [name_of(number) for number in range(3)]
    assert asked == [(0, 100)]
    assert sum(1 for _ in hits) == COUNT
    assert len(asked) == 1 + -(-(COUNT - 100) // 500)


def test_a_look_anywhere_fetches_a_page_and_few_are_kept(asked: list[tuple[int, int]]) -> None:
    hits = sc.search()
    assert hits[COUNT // 2].name == name_of(COUNT // 2)
    assert hits[-1].name == name_of(COUNT - 1)
    assert len(asked) == 3
    for place in range(0, COUNT, 1000):
        hits[place]
    assert len(hits._pages._kept) <= 50
    assert "100000 found" in repr(hits)


@pytest.mark.soak
def test_a_real_catalog_of_a_hundred_thousand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = CatalogProcess(tmp_path / "catalog", timeout_s=600)
    fill(tmp_path / "catalog", COUNT)
    catalog.start()
    try:
        monkeypatch.setenv("SHINECAT_CATALOG_URL", catalog.url)
        monkeypatch.setenv("SHINECAT_TOKEN", catalog.token("zhangxf"))
        hits: Any = sc.search(where="run >= 0")
        names = [ds.name for ds in hits]
        assert names == [name_of(number) for number in range(COUNT - 1, -1, -1)]
        assert hits[-1].name == name_of(0)
        for by, down in (("time", True), ("name", False), ("size", True), ("group", False), ("pid", False)):
            ordered = hits.sort(by, descending=down)
            for place in (COUNT // 2, COUNT - 1, 3 * COUNT // 4):
                number = place * 2 % COUNT + place * 2 // COUNT if by == "group" else place
                assert ordered[place].name == name_of(COUNT - 1 - number if down else number), (by, place)
        assert hits.facets("group") == {"group": {"GET": COUNT // 2, "SHINE": COUNT // 2}}
    finally:
        catalog.stop()
