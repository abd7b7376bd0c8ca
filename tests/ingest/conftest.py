"""A real embedded catalog, in both profiles, for the whole room; each test scans a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog


@pytest.fixture(scope="session", params=["shinecat", "scicat-5"])
def catalog(request: pytest.FixtureRequest) -> Iterator[CatalogProcess]:
    with running_catalog(profile=request.param) as catalog:
        yield catalog


@pytest.fixture
def client(catalog: CatalogProcess) -> Iterator[CatalogClient]:
    with CatalogClient(catalog.url, catalog.token("zhangxf")) as client:
        yield client


@pytest.fixture
def plain_catalog() -> Iterator[CatalogProcess]:
    """One of our own profile, for tests that stop, kill or empty it."""
    with running_catalog() as catalog:
        yield catalog
