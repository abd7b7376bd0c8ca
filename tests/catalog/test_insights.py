"""What was found out about texts holds while documents change, or is found out again."""

import random

import pytest

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.search import insights, shortcuts
from jupyter_shinecat.catalog.search.asked_text import text_condition
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

# At first the parts of these words stand in a row wherever they stand.
PLAIN = ["溶菌酶", "lysozyme", "飞秒激光", "nickel"]
APART = [
    "溶菌，菌酶",
    "xlysozyme",
    "lysozymer",
    "激光飞秒秒激",
    "nick kel",
    "lyso sozyme",
    "unnickel",
    "溶菌酶 lysozyme",
]


@pytest.mark.parametrize("most", [insights.MAX_CHANGED, 3])
def test_texts_are_found_exactly_while_documents_change(tmp_path, monkeypatch, most):
    used, before = [], shortcuts.Shortcuts._found_before

    def found_before(self, question):
        found = before(self, question)
        used.append(found is not None and bool(found[0]))
        return found

    monkeypatch.setattr(shortcuts.Shortcuts, "_found_before", found_before)
    monkeypatch.setattr(shortcuts, "MAX_CHANGED", most)
    store, rng = Store(tmp_path), random.Random(6)
    engine, names = Engine(store, tmp_path / "index"), {}
    visible = Access(Settings()).visible(Identity("u", "u", "", frozenset({"admin"})), "dataset")

    def put(tx, number, name):
        doc = {"pid": f"i/{number}", "datasetName": name, "ownerGroup": "g", "creationTime": "2026-01-01T00:00:00.000Z"}
        (tx.replace if number in names else tx.insert)("dataset", doc["pid"], doc)
        names[number] = name

    def change(tx, words):
        for number in rng.sample(range(60), 5):
            put(tx, number, " ".join(rng.sample(words, 2)))
        gone = rng.choice(sorted(names))
        tx.delete("dataset", f"i/{gone}")
        del names[gone]
        return tx.last_change()

    try:
        store.change(lambda tx: [put(tx, number, " ".join(rng.sample(PLAIN, 2))) for number in range(60)])
        for turn in range(7):
            words = PLAIN if turn < 3 else [*PLAIN, *APART]
            assert engine.index.wait(store.change(lambda tx, words=words: change(tx, words)), 60)
            for text in ("溶菌酶", "lysozyme", "飞秒激光", "nickel", "ozyme"):
                rows = engine.rows("dataset", text_condition(text, "dataset"), visible, Limits(1000))
                assert {pid for pid, _ in rows} == {f"i/{n}" for n, name in names.items() if text in name}, text
                assert engine.count("dataset", text_condition(text, "dataset"), visible) == len(rows)
            assert engine.index.view is not None
    finally:
        engine.close()
        store.close()
    assert any(used) == (most > 3)
