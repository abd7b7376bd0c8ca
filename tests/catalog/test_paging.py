"""Paging by a cursor while others write."""

import random

import pytest

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.options import Limits, parse_limits
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

NEXT = "X-Next-Cursor"
ORDERS = [
    (),
    (("creationTime", True),),
    (("creationTime", False),),
    (("size", True), ("type", False)),
    (("scientificMetadata.x", False),),
]


def a_document(rng, number):
    return {
        "pid": f"c/{number}",
        "ownerGroup": rng.choice(["GET", "AMO"]),
        "accessGroups": [],
        "isPublished": False,
        "type": rng.choice(["raw", "derived"]),
        # Few moments, so that many share one; and some before the times that order keys tell apart.
        "creationTime": rng.choice(
            ["2020-01-01T00:00:00.000Z", "2021-01-01T00:00:00.001Z", "1850-05-05T00:00:00.000Z"]
        ),
        "size": rng.choice([0, 10, 2**40]),
        "scientificMetadata": {"x": rng.choice([1, "one", True, None, 2.5])},
    }


def all_pages(engine, where, visible, order, limit, between=lambda: None):
    cursor, pages = "", []
    while cursor is not None:
        taken = engine.take_notes(explain=False, everything=False)
        pages.append([id for id, _ in engine.rows("dataset", where, visible, Limits(limit, 0, order, cursor))])
        cursor = taken.headers().get(NEXT)
        between()
    return pages


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("with_index", [True, False])
def test_every_page_goes_on_where_the_last_one_ended(tmp_path, seed, with_index):
    rng, store = random.Random(seed), Store(tmp_path)
    engine = Engine(store, tmp_path / "index")

    def fill(tx):
        for number in range(120):
            doc = a_document(rng, number)
            tx.insert("dataset", doc["pid"], doc)
        return tx.last_change()

    engine.index.wait(store.change(fill), 60)
    if not with_index:
        engine.index._view = None  # as while it is built
        engine.index.close()
    visible = Access(Settings()).visible(Identity("u", "u", "", frozenset({"GET"})), "dataset")
    where = c.OneOf(("type",), ("raw", "derived"))
    try:
        for order in ORDERS:
            limit = rng.choice([1, 7, 30])
            pages = all_pages(engine, where, visible, order, limit)
            whole = engine.rows("dataset", where, visible, Limits(1000, 0, order or (("creationTime", False),)))
            assert [pid for page in pages for pid in page] == [pid for pid, _ in whole], order
            assert all(len(page) == limit for page in pages[:-1])

            # What was there all the time comes once, whatever is stored and deleted between the pages.
            stay, numbers = {pid for pid, _ in whole}, iter(range(1000, 2000))

            def disturb(stay=stay, numbers=numbers):
                new = a_document(rng, f"{next(numbers)}-{rng.random()}")
                victim = f"c/{rng.randint(0, 119)}"
                stay.discard(victim)
                store.change(lambda tx: (tx.insert("dataset", new["pid"], new), tx.delete("dataset", victim)))

            met = [pid for page in all_pages(engine, where, visible, order, 30, disturb) for pid in page]
            assert len(met) == len(set(met))
            assert stay <= set(met)
    finally:
        if with_index:
            engine.close()
        store.close()


def test_cursors_hold_for_their_question_and_outlive_a_restart(tmp_path):
    rng, visible = random.Random(1), Access(Settings()).visible(Identity("a", "a", "", frozenset({"admin"})), "dataset")
    cursor = ""
    for _start in range(2):
        store = Store(tmp_path)
        engine = Engine(store, tmp_path / "index")
        if not cursor:
            docs = [a_document(rng, number) for number in range(10)]
            store.change(lambda tx, docs=docs: [tx.insert("dataset", doc["pid"], doc) for doc in docs])
        taken = engine.take_notes(explain=False, everything=False)
        assert len(engine.rows("dataset", c.Always(), visible, Limits(5, 0, (), cursor))) == 5
        before, cursor = cursor, taken.headers().get(NEXT)
        if before:
            assert cursor is None
            for where, order, sent in (
                (c.OneOf(("type",), ("raw",)), (), before),
                (c.Always(), (("size", True),), before),
                (c.Always(), (), before[:-2] + "xx"),
                (c.Always(), (), "5"),
                (c.Always(), (), "é" * 50),
            ):
                with pytest.raises(Refused, match="cursor"):
                    engine.rows("dataset", where, visible, Limits(5, 0, order, sent))
        engine.close()
        store.close()


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        ("size:desc,pid", [("size", True), ("pid", False)]),
        ("scientificMetadata.photon energy.value:desc", [("scientificMetadata.photon energy.value", True)]),
        ("scientificMetadata.photon energy.value DESC", [("scientificMetadata.photon energy.value", True)]),
        ("scientificMetadata.a:b.value", [("scientificMetadata.a:b.value", False)]),
        (" size : asc ", [("size", False)]),
    ],
)
def test_keys_with_blanks_and_colons_order_too(order, fields):
    assert parse_limits({"order": order}, 10, "dataset").order == tuple(fields)
