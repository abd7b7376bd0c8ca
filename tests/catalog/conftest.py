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


@pytest.fixture(scope="module")
def people(catalog):
    clients = {name: Person(catalog, name) for name in PEOPLE}
    clients["anonymous"] = Person(catalog)
    yield clients
    for client in clients.values():
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
