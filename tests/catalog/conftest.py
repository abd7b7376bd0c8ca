"""A running catalog for each module of tests, and a client for each person."""

import pytest
from catalog.people import PEOPLE, SETTINGS, Person

from jupyter_shinecat.testing.catalog import CatalogProcess


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    process = CatalogProcess(tmp_path_factory.mktemp("catalog"), accounts=PEOPLE, settings=SETTINGS).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    process = CatalogProcess(folder, accounts=PEOPLE, settings=SETTINGS, profile="scicat-5").start()
    yield process
    process.stop()


class Crowd(dict):
    """A client for each person, who signs in when first asked for: a password takes its time."""

    def __init__(self, catalog):
        super().__init__()
        self._catalog = catalog

    def __missing__(self, name):
        self[name] = Person(self._catalog, None if name == "anonymous" else name)
        return self[name]


@pytest.fixture(scope="module")
def people(catalog):
    crowd = Crowd(catalog)
    yield crowd
    for client in crowd.values():
        client.close()


@pytest.fixture
def zhang(people):
    return people["zhangxf"]


@pytest.fixture
def wang(people):
    return people["wangxch"]


@pytest.fixture
def admin(people):
    return people["admin"]


@pytest.fixture
def anonymous(people):
    return people["anonymous"]
