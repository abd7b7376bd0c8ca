"""Paging by a cursor while others write, and how an answer was found."""

import json
import random

import pytest
from catalog.people import Person, raw

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.options import Limits
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


LISTS = [
    ("/api/v3/datasets", "filter", lambda limits: {"where": {"keywords": "paged"}, "limits": limits}),
    ("/api/v4/datasets", "filter", lambda limits: {"where": {"keywords": "paged"}, "limits": limits}),
    ("/api/v3/datasets/fullquery", None, None),
]


@pytest.mark.parametrize(("path", "name", "filter"), LISTS)
def test_pages_over_rest_keep_scicats_form(zhang, path, name, filter):
    made = {zhang.create(keywords=["paged"])["pid"] for _ in range(3)}
    cursor, met = "", []
    while cursor is not None:
        limits = {"limit": 2, "cursor": cursor}
        query = {name: filter(limits)} if filter else {"fields": {"keywords": ["paged"]}, "limits": limits}
        answer = zhang.get(path, params={key: json.dumps(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        met += [doc["pid"] for doc in answer.json()]
        cursor = answer.headers.get(NEXT)
    assert len(met) == len(set(met))
    assert made <= set(met)


def test_other_kinds_are_paged_too_and_nobody_pages_into_what_is_hidden(zhang, wang, admin):
    for number in range(3):
        made = admin.post(
            "/api/v3/proposals", json={"proposalId": f"PG-{number}", "email": "a@x.org", "ownerGroup": "GET"}
        )
        assert made.status_code == 201, made.text

    def page(person, cursor, **limits):
        limits = {"limit": 2, "cursor": cursor, **limits}
        return person.get(
            "/api/v3/proposals", params={"filter": json.dumps({"where": {"ownerGroup": "GET"}, "limits": limits})}
        )

    first = page(zhang, "")
    assert len(first.json()) == 2
    assert {p["proposalId"] for p in first.json() + page(zhang, first.headers[NEXT]).json()} >= {"PG-0", "PG-1", "PG-2"}
    assert page(wang, first.headers[NEXT]).json() == []
    assert NEXT not in page(wang, "").headers
    for bad in ({"cursor": 5}, {"skip": 2}):
        assert page(zhang, **{"cursor": first.headers[NEXT], **bad}).status_code == 400


def test_explain_tells_how_and_nothing_about_others(zhang, wang, admin):
    zhang.create(keywords=["explained"], ownerGroup="GET")
    params = {"fields": json.dumps({"keywords": ["explained"]}), "facets": '["type"]', "explain": "true"}
    told = {}
    for person in (zhang, wang, admin):
        for path in ("fullquery", "fullfacet"):
            answer = person.get(f"/api/v3/datasets/{path}", params=params)
            assert answer.json() == person.get(f"/api/v3/datasets/{path}", params={**params, "explain": "no"}).json()
            (step,) = json.loads(answer.headers["X-Explain"])
            assert step["ms"] >= 0
            told[person.who, path] = {**step, "ms": 0}
    assert told["zhangxf", "fullquery"]["found"] == 1
    assert told["wangxch", "fullquery"]["found"] == 0
    known = {"kind", "way", "exact", "found", "ms"}
    assert set(told["zhangxf", "fullquery"]) - {"why"} <= known
    # Who may not see it learns the same as if it were not there.
    nothing = wang.get("/api/v3/datasets/fullquery", params={**params, "fields": '{"keywords": ["no such word"]}'})
    (step,) = json.loads(nothing.headers["X-Explain"])
    assert {**step, "ms": 0} == told["wangxch", "fullquery"]
    assert set(told["admin", "fullquery"]) > known
    by_id = zhang.get("/api/v3/proposals", params={"filter": '{"where": {"proposalId": "溶"}}', "explain": "true"})
    assert json.loads(by_id.headers["X-Explain"])[0]["way"] == "ids"


def test_the_profile_of_a_real_scicat_has_neither(strict):
    with Person(strict, "zhangxf") as zhang:
        zhang.post("/api/v3/datasets", json=raw())
        answer = zhang.get(
            "/api/v3/datasets", params={"filter": '{"limits": {"cursor": "", "limit": 1}}', "explain": "true"}
        )
        assert answer.status_code == 200
        assert not {NEXT.lower(), "x-explain"} & set(answer.headers)
        facets = zhang.get("/api/v3/datasets/fullfacet", params={"facets": '[{"field": "size", "bins": 3}]'})
        assert facets.status_code == 400
