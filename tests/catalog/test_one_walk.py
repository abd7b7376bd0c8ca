"""Facets that leave their own part out, counted by one walk: as many as counting each by itself."""

import random
from collections import Counter

import pytest

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search import indexed, one_walk
from jupyter_shinecat.catalog.search.asked_facets import plain
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

ODD = ["raw", "\x84raw", '"a" OR b', "", "1", "true", "水.*", "x" * 10_001]
VALUES = {
    "type": ["raw", "derived", *ODD],
    "keywords": [["a"], ["a", "b"], ["b", "a", "a"], [], None, "a", [*ODD], [1, True]],
    "ownerGroup": ["GET", "AMO"], "isPublished": [True, False, None], "owner": ["a", "b", None, 1],
}  # fmt: skip


def a_document(rng, number):
    doc = {field: rng.choice(values) for field, values in VALUES.items()}
    said = {"pid": f"w/{number}", "datasetName": "lysozyme", "accessGroups": [], "size": rng.randint(0, 3)}
    return {**{name: value for name, value in doc.items() if value is not None or rng.random() < 0.5}, **said}


@pytest.fixture
def searched(tmp_path):
    store, rng = Store(tmp_path), random.Random(4)
    docs = [a_document(rng, number) for number in range(300)]
    store.change(lambda tx: [tx.insert("dataset", doc["pid"], doc) for doc in docs])
    engine = Engine(store, tmp_path / "index")
    with store.snapshot() as snapshot:
        assert engine.index.wait(snapshot.last_change(), 60)
    yield store, engine, docs
    engine.close()
    store.close()


def expected(docs, facet):
    counts = Counter()
    for doc in docs:
        value = doc.get(facet)
        values = value if isinstance(value, list) else [value]
        counts.update({(isinstance(one, bool), one) for one in values})
    return counts


@pytest.mark.parametrize("behind", [False, True])
def test_it_counts_what_there_is(searched, monkeypatch, behind):
    store, engine, docs = searched
    walks, told = [], one_walk.OneWalk.told
    monkeypatch.setattr(
        one_walk.OneWalk, "told", lambda self, found, total: walks.append(total) or told(self, found, total)
    )
    rng, access = random.Random(5), Access(Settings())
    if behind:  # the index stays behind the documents
        monkeypatch.setattr(type(engine.index), "_publish", lambda self, keeper: None)
        docs[7] = {**docs[7], "type": "raw", "keywords": ["a", "new"], "ownerGroup": "GET"}
        store.change(lambda tx: tx.replace("dataset", docs[7]["pid"], docs[7]))
        store.change(lambda tx: tx.delete("dataset", docs[9]["pid"]))
        del docs[9]
    for _ in range(80):
        # True and numbers are values too; of many that are asked for at once each has its own walk.
        asked = rng.sample(list(VALUES), rng.randint(1, 4))
        parts = {}
        for field in asked:
            some = [one for value in VALUES[field] for one in (value if isinstance(value, list) else [value])]
            parts[field] = c.OneOf((field,), tuple(rng.sample(some, rng.choice([1, 1, 1, 2]))))
        if rng.random() < 0.7:
            parts["size"] = c.Compare(("size",), "$lt", rng.randint(1, 4))
        facets = rng.sample(list(VALUES), rng.randint(1, 5))
        who = Identity("u", "u", "", frozenset(rng.choice([["admin"], ["GET"]])))
        visible = access.visible(who, "dataset")
        found = engine.facets("dataset", parts, plain(facets, DATASET.dates), visible)
        seen = [doc for doc in docs if visible.condition.matches(doc)]
        for facet in facets:
            rest = [part for name, part in parts.items() if name != facet]
            counts = expected([doc for doc in seen if all(part.matches(doc) for part in rest)], facet)
            assert {(isinstance(one["_id"], bool), one["_id"]): one["count"] for one in found[facet]} == counts, parts
        number = sum(all(part.matches(doc) for part in parts.values()) for doc in seen)
        assert found["all"] == [{"totalSets": number}], parts
        assert engine.index.view is not None, parts
    assert len(walks) > 10


def test_who_asks_for_little_does_not_walk_through_everything(searched, monkeypatch):
    _store, engine, docs = searched
    monkeypatch.setattr(indexed.OneWalk, "told", lambda *_: pytest.fail("everything was walked through"))
    parts = {"type": c.OneOf(("type",), ("1",)), "owner": c.OneOf(("owner",), ("b",))}
    admin = Access(Settings()).visible(Identity("u", "u", "", frozenset({"admin"})), "dataset")
    found = engine.facets("dataset", parts, plain(["type", "owner"], DATASET.dates), admin)
    assert found["all"] == [{"totalSets": sum(doc.get("type") == "1" and doc.get("owner") == "b" for doc in docs)}]
