"""The figures' questions in small: right through REST, in order, counted, before and after a crash."""

import json
import random
import threading

import pytest
from bench import scale_data
from bench.scale_client import Connection, by_pid, query
from catalog.people import Person

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.managers.si import si_pair
from jupyter_shinecat.catalog.search.asked_facets import plain
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.facets import tallied
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.fullquery import FieldsParser
from jupyter_shinecat.catalog.search.scan import matching
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.testing.catalog import CatalogProcess

ACCOUNTS = {"user": scale_data.USER_GROUPS, "admin": ("admin",), "writer": ("g00",)}
FACETS = ["type", "ownerGroup", "keywords", "creationLocation", "proposalIds", "creationTime"]
SIZE = 250


def questions(rng):
    """As the figures ask, less narrow, so that few documents are enough."""
    for _ in range(8):
        year = rng.randint(2016, 2020)
        fields = {
            "text": rng.choice(rng.choice(scale_data.TECHNIQUES))[: rng.randint(2, 9)],
            "type": ["raw"],
            "keywords": rng.sample(scale_data.KEYWORDS, 16),
            "creationTime": {"begin": f"{year}-01-01T00:00:00.000Z", "end": f"{year + 6}-01-01T00:00:00.000Z"},
            "scientific": [{"lhs": "photon energy", "relation": "GREATER_THAN", "rhs": 6, "unit": "keV"}],
        }
        for name in rng.sample(sorted(fields), rng.randint(0, 4)):
            del fields[name]
        yield fields


def truth(store, who, fields):
    """Ids newest first, and counts, from the documents alone."""
    parts = FieldsParser(DATASET, si_pair).parse(fields)
    visible = Access(Settings()).visible(who, "dataset")
    with store.snapshot() as snapshot:
        ids = [row.id for row in snapshot.scan("dataset")]

        def rows(left_out=""):
            where = both(*(part for name, part in parts.items() if name != left_out))
            return list(matching(snapshot, "dataset", where, visible, ids))

        found = sorted(rows(), key=lambda row: (row.doc["creationTime"], row.seq), reverse=True)
        counts = {name: tallied(rows(name), plain([name], DATASET.dates))[0][name] for name in FACETS}
    return [row.id for row in found], counts


def ordered(counts):
    return sorted((json.dumps(one["_id"], sort_keys=True), one["count"]) for one in counts)


@pytest.fixture
def catalog(tmp_path):
    scale_data.load(tmp_path, SIZE)
    process = CatalogProcess(tmp_path, accounts=ACCOUNTS).start()
    yield process
    process.stop()


def test_questions_of_the_figures_are_answered_from_the_index_and_right(catalog, tmp_path):
    asked = list(questions(random.Random(7)))
    answers = {}
    for name in ("user", "admin"):
        with Connection(catalog.url, catalog.token(name)) as connection, Person(catalog) as anyone:
            while anyone.get("/api/v3/health").json()["details"]["search"]["index"] != "ready":
                pass
            for fields in asked:
                limits = {"limit": 25, "order": "creationTime:desc"}
                _ms, page = connection.timed(query("/fullquery", fields=fields, limits=limits))
                for _again in range(2):  # the second time from memory
                    _ms, counts = connection.timed(query("/fullfacet", fields=fields, facets=FACETS))
                answers[name, json.dumps(fields)] = [doc["pid"] for doc in page], counts[0]
    catalog.stop()
    store = Store(tmp_path)
    try:
        for name, groups in (("user", scale_data.USER_GROUPS), ("admin", ("admin",))):
            who = Identity(name, name, "", frozenset(groups))
            for fields in asked:
                ids, counts = truth(store, who, fields)
                page, told = answers[name, json.dumps(fields)]
                assert page == ids[:25], fields
                assert told["all"] == [{"totalSets": len(ids)}]
                for facet in FACETS:
                    assert ordered(told[facet]) == ordered(counts[facet]), (fields, facet)
        assert any(len(page) == 25 for page, _told in answers.values())
    finally:
        store.close()


def test_what_eight_connections_created_is_found_after_a_crash(catalog):
    acknowledged, guard = set(), threading.Lock()

    def create(part):
        with Connection(catalog.url, catalog.token("writer")) as connection:
            for number in range(part, 96, 8):
                body = {**scale_data.body(number), "pid": f"made/{number}", "ownerGroup": "g00", "comment": "madeword"}
                status, answer = connection.ask("POST", "/api/v4/datasets", json.dumps(body).encode())
                assert status == 201, answer
                # Its own write is in its next read, whichever way that goes.
                assert connection.timed(query("/fullquery", fields={"text": "madeword", "pid": body["pid"]}))[1]
                assert connection.timed(by_pid(body["pid"]))[1]["pid"] == body["pid"]
                with guard:
                    acknowledged.add(body["pid"])

    workers = [threading.Thread(target=create, args=(part,)) for part in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    catalog.kill()
    catalog.start()
    with Person(catalog, "writer") as writer:
        found = writer.full({"text": "madeword"}, {"limit": 1000})
        assert {doc["pid"] for doc in found} == acknowledged
        assert len(acknowledged) == 96
        assert writer.facets({"text": "madeword"}, "ownerGroup")["ownerGroup"] == [{"_id": "g00", "count": 96}]
