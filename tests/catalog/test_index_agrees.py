"""The index and the documents give the same answer to every condition, in order and in counts, while things change."""

import json
import random
import shutil
from functools import partial

import pytest

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.search import about, indexed_rows, keeper
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.asked_facets import Facet, plain
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.facets import Tally, tallied
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.search.ordering import in_order
from jupyter_shinecat.catalog.search.scan import matching
from jupyter_shinecat.catalog.search.view import Memory
from jupyter_shinecat.catalog.search.words import parse_text
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

WORDS = [
    "nickel",
    "Lysozyme",
    "溶菌酶",
    "溶菌",
    "酶",
    "run_0017",
    "12.4",
    "a-b/c",
    "ÅÄÖ",
    "scan+1",
    "飞秒激光",
    "X",
    "溶菌酶lysozyme",
    "飞秒激光泵浦飞秒激泵",
    "abcabcabdab",
    "mark\x84\x86s \x7fof\ttheir own\u3000",
]
GROUPS = ["GET", "AMO", "SHINE", "g'quote", "组"]
VALUES = [
    0,
    1,
    1.0,
    -3,
    2.5,
    1e-15,
    -1e-300,
    2**53 + 1,
    9007199254740993,
    True,
    False,
    None,
    "1",
    "text",
    "",
    "x" * 500,
    -0.0,
    1.9866989406e-15,
    "\x84text",
    "b\x83sc",
]
KEYS = ["energy", "photon energy", "a.b", "温度", "k" * 300, "nested", "0", "energy\x83sb"]


def a_document(rng, number):
    metadata = {}
    for key in rng.sample(KEYS, rng.randint(0, 4)):
        kind = rng.random()
        value = rng.choice(VALUES)
        if kind < 0.4:
            metadata[key] = {
                "value": value,
                "unit": rng.choice(["keV", "mm"]),
                "valueSI": rng.random() * 1e-15,
                "unitSI": "J",
            }
        elif kind < 0.6:
            metadata[key] = [rng.choice(VALUES), rng.choice(VALUES), [1, 2], {"value": value}]
        elif kind < 0.7:
            metadata[key] = {"b": {"value": value}, "0": 5}
        elif kind < 0.8:
            # Nearly numbers with a unit.
            metadata[key] = rng.choice(
                [
                    {"v": value, "u": rng.choice(["keV", "eV", 5])},
                    {"value": [value, 1], "unit": "eV"},
                    {"value": value, "unit": "eV", "v": 1, "u": "mm"},
                    {"value": value, "unit": ["eV"]},
                    {"unit": "u" * 200, "value": value},
                    [{"value": value}, {"unit": "eV"}],
                    {"value": {"value": value, "unit": "eV"}, "unit": "mm"},
                    "2026-03-04T05:06:07.000Z",
                    ["2026-03-04", value],
                    [],
                ]
            )
        else:
            metadata[key] = value
        if kind > 0.95:
            metadata[f"{key}.value"] = value
    return {
        "pid": f"p/{number}",
        "datasetName": " ".join(rng.sample(WORDS, 2)),
        "description": " ".join(rng.sample(WORDS, rng.randint(0, 4))),
        "ownerGroup": rng.choice(GROUPS),
        "accessGroups": rng.sample(GROUPS, rng.randint(0, 2)),
        "isPublished": rng.random() < 0.1,
        "type": rng.choice(["raw", "derived"]),
        "keywords": rng.sample(WORDS, rng.randint(0, 3)),
        "creationTime": f"20{rng.randint(10, 29)}-0{rng.randint(1, 9)}-11T10:00:00.{rng.randint(0, 999):03d}Z",
        "updatedAt": rng.choice(["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.078Z", "2026-01-02T04:04Z", None]),
        "size": rng.choice([0, 10, 2**40]),
        "inputDatasets": [f"p/{rng.randint(0, 50)}"] if rng.random() < 0.3 else [],
        "sourceFolder": f"/data/{rng.choice(WORDS)}",
        "scientificMetadata": metadata,
        **({"creationLocation": rng.choice(["BL1", "BL2"])} if rng.random() < 0.7 else {}),
    }


PATHS = [
    ("type",),
    ("ownerGroup",),
    ("keywords",),
    ("size",),
    ("creationTime",),
    ("creationLocation",),
    ("datasetName",),
] + [
    ("scientificMetadata", *key.split("."), *more)
    for key in KEYS
    for more in ((), ("value",), ("valueSI",), ("b", "value"))
]


ORDERS = [
    "datasetName", "size", "ownerGroup", "type", "pid", "updatedAt", "creationTime", "keywords", "description",
    "creationLocation", *(f"scientificMetadata.{key}{end}" for key in KEYS for end in ("", ".value", ".valueSI")),
]  # fmt: skip


def a_condition(rng, depth=0):
    kind = rng.random()
    path = rng.choice(PATHS)
    value = rng.choice([*VALUES, *WORDS, "raw", "GET", "BL1", 10, 5e-16, "2015-03-11T10:00:00.000Z", {"b": 1}, [1, 2]])
    if depth < 3 and kind < 0.4:
        parts = tuple(a_condition(rng, depth + 1) for _ in range(rng.randint(1, 3)))
        return rng.choice([c.And(parts), c.Or(parts), c.Not(parts[0])])
    if kind < 0.6:
        return c.OneOf(path, tuple(rng.sample([value, *VALUES], rng.randint(1, 3))))
    if kind < 0.75:
        return c.Compare(path, rng.choice(["$gt", "$gte", "$lt", "$lte"]), value)
    if kind < 0.8:
        return c.Near(path, rng.choice([1, 2.5, -3, 1e-15]))
    if kind < 0.85:
        return rng.choice(
            [
                c.Exists(path),
                c.Size(path, 2),
                c.Pattern(path, rng.choice(["[ae]", "^x+$", " ", "溶", "^$"]), "i"),
                c.Always(),
                c.Never(),
            ]
        )
    if kind < 0.9:
        return c.Element(path, c.OneOf(("value",), (value,)))
    word = rng.choice(WORDS)
    start = rng.randint(0, len(word) - 1)
    return c.Text(
        parse_text(rng.choice([word, word[start:], word[: start + 1], word + " " + rng.choice(WORDS), f'"{word}"']))
    )


def a_facet(rng, number):
    path, kind = rng.choice(PATHS[3:]), rng.random()
    bins = rng.choice([1, 3, 10, (0.0, 1.0, 2.0**53), (-1e-299, 1e-15)])
    if kind < 0.4:
        by = rng.choice(["", "day", "year"]) if len(path) > 1 else "month" if path == ("creationTime",) else ""
        return Facet(f"f{number}", path, by)
    return Facet(f"f{number}", path, "", bins if kind < 0.8 else None, rng.choice(["eV", ""]) if kind < 0.8 else "keV")


def shown(counts):
    """As JSON shows it, where 1 is 1.0."""
    return [(json.dumps(one["_id"], sort_keys=True).replace(".0", ""), one["count"]) for one in counts]


@pytest.fixture
def parts(tmp_path, monkeypatch):
    # What is far in small: pages behind it come from what is remembered.
    monkeypatch.setattr(indexed_rows, "_FAR", 4)
    monkeypatch.setattr(indexed_rows, "_CONFIRMED_AT_ONCE", 20)
    store = Store(tmp_path)
    engine = Engine(store, tmp_path / "index")
    yield store, engine
    engine.close()
    store.close()


def scanned(store, where, visible):
    with store.snapshot() as snapshot:
        with_ids = [row.id for row in snapshot.scan("dataset")]
        return list(matching(snapshot, "dataset", where, visible, with_ids))


def by_time(rows, descending):
    return [r.id for r in sorted(rows, key=lambda r: (r.doc["creationTime"], r.seq), reverse=descending)]


def check(store, engine, rng, rounds):
    access = Access(Settings())
    for _ in range(rounds):
        where = a_condition(rng)
        who = Identity("u", "u", "", frozenset(rng.choice([["admin"], ["GET"], ["AMO", "组"], ["globalaccess"], []])))
        visible = access.visible(who, "dataset")
        truth = scanned(store, where, visible)
        rows = [id for id, _ in engine.rows("dataset", where, visible, Limits(10_000))]
        assert rows == [row.id for row in truth], where
        assert engine.count("dataset", where, visible) == len(truth), where
        skip, descending = rng.choice([rng.randint(0, 5), rng.randint(0, len(truth) + 3)]), rng.random() < 0.5
        page = engine.rows("dataset", where, visible, Limits(7, skip, (("creationTime", descending),)))
        assert [id for id, _ in page] == by_time(truth, descending)[skip : skip + 7], where
        order = tuple((path, rng.random() < 0.5) for path in rng.sample(ORDERS, rng.randint(1, 2)))
        skip = rng.randint(0, len(truth) + 3)
        page = engine.rows("dataset", where, visible, Limits(7, skip, order))
        assert [id for id, _ in page] == [r.id for r in in_order(truth, "dataset", order)][skip : skip + 7], order
        facet = rng.choice(
            ["type", "keywords", "creationLocation", "creationTime", "isPublished", "size", "accessGroups"]
        )
        expected = {}
        for row in truth:
            value = row.doc.get(facet)
            if facet == "creationTime":
                value = value[:10]
            for one in set(value) if isinstance(value, list) else {value}:
                expected[one] = expected.get(one, 0) + 1
        counted = engine.facets("dataset", {"x": where}, plain([facet], DATASET.dates), visible)
        found = {day(item["_id"]): item["count"] for item in counted[facet]}
        assert found == expected, where
        assert counted["all"] == [{"totalSets": len(truth)}]
        facets = [a_facet(rng, number) for number in range(2)]
        counted = engine.facets("dataset", {"x": where}, facets, visible)
        for facet in facets:
            tally = Tally(facet)
            for row in truth:
                tally.add(row.doc)
            assert shown(counted[facet.name]) == shown(tally.counts()), (facet, where)
        keys = engine.metadata_keys("dataset", where, "scientificMetadata", visible)
        assert keys == sorted({key for row in truth for key in row.doc["scientificMetadata"]})
        assert engine.index.view is not None, f"the index was distrusted: {where}"


def day(value):
    return f"{value['year']}-{value['month']:02d}-{value['day']:02d}" if isinstance(value, dict) else value


@pytest.mark.parametrize("seed", range(4))
def test_index_and_documents_agree_while_documents_change(parts, seed):
    store, engine = parts
    rng = random.Random(seed)

    def fill(tx):
        for number in range(150):
            doc = a_document(rng, number)
            tx.insert("dataset", doc["pid"], doc)
        return tx.last_change()

    assert engine.index.wait(store.change(fill), 60)
    check(store, engine, rng, 45)
    for number in range(150, 190):
        # No waiting for the index here: a caller's own write is in the caller's next read.
        doc = a_document(rng, number)
        store.change(lambda tx, doc=doc: tx.insert("dataset", doc["pid"], doc))
        victim, changed = f"p/{rng.randint(0, number)}", a_document(rng, rng.randint(0, number))
        store.change(lambda tx, victim=victim: tx.delete("dataset", victim))
        store.change(
            lambda tx, new=changed: tx.replace("dataset", new["pid"], new) if tx.get("dataset", new["pid"]) else None
        )
        check(store, engine, rng, 1)


def test_many_changes_at_once_are_found_too(parts):
    store, engine = parts
    rng = random.Random(9)

    def fill(tx):
        for number in range(1300):
            doc = a_document(rng, number)
            tx.insert("dataset", doc["pid"], doc)

    store.change(fill)
    check(store, engine, rng, 1)


def test_deleted_index_is_built_again_and_stale_one_catches_up(tmp_path):
    rng = random.Random(3)
    folder = tmp_path / "index"

    def session(work, expected):
        store = Store(tmp_path)
        engine = Engine(store, folder)
        store.change(work)
        with store.snapshot() as snapshot:
            last = snapshot.last_change()
        assert engine.index.wait(last, 60)
        visible = Access(Settings()).visible(Identity("a", "a", "", frozenset({"admin"})), "dataset")
        assert engine.count("dataset", c.OneOf(("type",), ("raw", "derived")), visible) == expected
        check(store, engine, rng, 3)
        engine.close()
        store.close()

    def add(first, last):
        def work(tx):
            for number in range(first, last):
                doc = a_document(rng, number)
                tx.insert("dataset", doc["pid"], doc)

        return work

    session(add(0, 50), 50)
    shutil.copytree(folder, tmp_path / "old")
    session(add(50, 60), 60)
    shutil.rmtree(folder)
    session(lambda tx: tx.delete("dataset", "p/7"), 59)  # gone: built again
    shutil.rmtree(folder)
    shutil.move(tmp_path / "old", folder)
    session(lambda tx: None, 59)  # an old copy: caught up, with the deletion
    for file in folder.glob("*.store"):
        file.write_bytes(b"rubbish")
    session(lambda tx: None, 59)  # broken files: built again


def test_index_of_another_database_or_ahead_of_this_one_is_not_trusted(tmp_path):
    rng = random.Random(5)
    for name, count in (("a", 20), ("b", 5)):
        store = Store(tmp_path / name)
        engine = Engine(store, tmp_path / name / "index")

        def work(tx, count=count):
            for number in range(count):
                doc = a_document(rng, number)
                tx.insert("dataset", doc["pid"], doc)
            return tx.last_change()

        assert engine.index.wait(store.change(work), 60)
        engine.close()
        store.close()
    shutil.rmtree(tmp_path / "b" / "index")
    shutil.copytree(tmp_path / "a" / "index", tmp_path / "b" / "index")
    store = Store(tmp_path / "b")
    engine = Engine(store, tmp_path / "b" / "index")
    assert engine.index.wait(0, 60)
    check(store, engine, rng, 3)
    engine.close()
    store.close()


def test_numbers_beyond_the_columns_are_found_too(tmp_path, monkeypatch):
    """Columns are few here: most metadata keys have none, whoever brought them, before and after a restart."""
    few = partial(Columns, most=len(Columns()) + 5)
    monkeypatch.setattr(keeper, "Columns", few)
    monkeypatch.setattr(about, "Columns", few)
    rng = random.Random(11)
    for begin in (0, 60):
        store = Store(tmp_path)
        engine = Engine(store, tmp_path / "index")

        def fill(tx, begin=begin):
            for number in range(begin, begin + 60):
                doc = a_document(rng, number)
                tx.insert("dataset", doc["pid"], doc)
            return tx.last_change()

        assert engine.index.wait(store.change(fill), 60)
        assert len(engine.index.view.columns) <= len(Columns()) + 5
        check(store, engine, rng, 25)
        engine.close()
        store.close()


def test_no_group_takes_all_columns():
    columns = Columns(most=len(Columns()) + 100)
    for number in range(1000):
        columns.admit(f"scientificMetadata.evil {number}", "EVIL")
    assert columns.of("scientificMetadata.evil 0")
    assert columns.of("scientificMetadata.evil 999") is None
    assert columns.admit("scientificMetadata.energy", "GET")
    # Left without a column once, left without for good, whoever brings it: a column tells all or nothing.
    assert columns.admit("scientificMetadata.evil 999", "GET") is None
    columns.left_out.clear()
    columns.left_out_before = lambda path: path == "scientificMetadata.evil 998"
    assert columns.admit("scientificMetadata.evil 998", "GET") is None
    assert columns.admit("scientificMetadata.theta", "GET")


ODD = ["", "\x80", "\x81", "\x82", "\x83[1,2,3]", "\x84text", "text", True, False, 1, 1.0, 1.5, "1", "x" * 10_001]


@pytest.mark.parametrize("values", [ODD[:-1], ODD], ids=["short", "long"])
def test_odd_values_are_counted_as_the_documents_say(parts, values):
    store, engine = parts
    docs = [{"keywords": [value, "both"], "license": value} for value in values]
    docs += [{"keywords": []}, {}, {"license": None}, {"license": {"value": 1, "unit": "mm"}}, {"creationTime": "soon"}]

    def fill(tx):
        for number, doc in enumerate(docs):
            tx.insert("dataset", f"p/{number}", {"pid": f"p/{number}", "ownerGroup": "GET", **doc})
        return tx.last_change()

    assert engine.index.wait(store.change(fill), 60)
    facets = plain(["keywords", "license", "creationTime", "createdAt"], DATASET.dates)
    visible = Access(Settings()).visible(Identity("u", "u", "", frozenset({"GET"})), "dataset")
    counted = engine.facets("dataset", {}, facets, visible)
    with store.snapshot() as snapshot:
        truth, total = tallied(snapshot.scan("dataset"), facets)
    assert counted.pop("all") == [{"totalSets": total}]
    for name, expected in truth.items():
        assert sorted(map(repr, counted[name])) == sorted(map(repr, expected)), name
    assert engine.index.view is not None


def test_a_question_that_fails_on_the_documents_too_leaves_the_index(parts):
    class Fails(c.Condition):
        def matches(self, doc):
            raise OverflowError("too large")

    store, engine = parts
    rng = random.Random(3)

    def work(tx):
        doc = a_document(rng, 1)
        tx.insert("dataset", doc["pid"], doc)
        return tx.last_change()

    assert engine.index.wait(store.change(work), 60)
    view = engine.index.view
    visible = Access(Settings()).visible(Identity("a", "a", "", frozenset({"admin"})), "dataset")
    with pytest.raises(OverflowError):
        engine.count("dataset", Fails(), visible)
    assert engine.index.view is view


def test_long_questions_are_not_kept():
    memory, asked = Memory(), []
    for text in ("a" * 1_000_000, "b" * 1_000_000, "a" * 1_000_000):
        memory.recall(("words", text), lambda text=text: asked.append(text) or 7, lambda _found: 1)
    assert len(asked) == 2
    assert sum(len(question) for question in memory._answers) < 1000
