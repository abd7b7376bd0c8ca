"""What the tests of searching share: documents in an engine, and the plainest ways to look at a document."""

from contextlib import contextmanager

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

ABSENT = "absent"


@contextmanager
def searched(folder, docs, blocks=()):
    """An engine whose index has all of these datasets and blocks."""
    store = Store(folder)
    engine = Engine(store, folder / "index")

    def fill(tx):
        for doc in docs:
            tx.insert("dataset", doc["pid"], doc)
        for number, block in enumerate(blocks):
            tx.insert("origdatablock", str(number), block)
        return tx.last_change()

    try:
        assert engine.index.wait(store.change(fill), 60)
        yield engine
        assert engine.index.view is not None, "the index was distrusted"
    finally:
        engine.close()
        store.close()


def visible(*groups):
    """What members of these groups see of datasets."""
    return Access(Settings()).visible(Identity("u", "u", "", frozenset(groups)), "dataset")


def at(doc, path):
    """What stands at a path, ``ABSENT`` where nothing does."""
    for part in path.split("."):
        if not isinstance(doc, dict) or part not in doc:
            return ABSENT
        doc = doc[part]
    return doc


def plain_numbers(value, factors=None):
    """Numbers of a value, of the elements of a list and of pairs.

    As they are written, or, with ``factors`` (units with their size), in the unit of size 1.
    """
    found = []
    for item in value if isinstance(value, list) else [value]:
        unit = None
        if isinstance(item, dict):
            item, unit = item.get("value", item.get("v")), item.get("unit", item.get("u"))
        for number in item if isinstance(item, list) else [item]:
            if isinstance(number, bool) or not isinstance(number, (int, float)) or (factors and unit not in factors):
                continue
            found.append(number * factors[unit] if factors else float(number))
    return found
