"""The ``shinecat`` command as people run it, each person with a settings folder of their own."""

import io
import json
import sys
from dataclasses import dataclass

import pytest

from jupyter_shinecat.cli.main import main
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import running_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    with running_catalog(tmp_path_factory.mktemp("catalog")) as process:
        yield process


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    with running_catalog(tmp_path_factory.mktemp("strict"), profile="scicat-5") as process:
        yield process


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command as ``who``: who signed in with it before stays signed in."""

    def run(*args, who="zhangxf", stdin=""):
        monkeypatch.setenv("SHINECAT_CONFIG", str(tmp_path / who))
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            main([str(arg) for arg in args])
            code = 0
        except SystemExit as end:
            code = end.code or 0
        output = capsys.readouterr()
        assert "Traceback" not in output.err
        return Ran(code, output.out, output.err)

    return run


@pytest.fixture
def sign_in(run):
    def sign_in(catalog, who, password=None):
        ran = run(
            "login", "--catalog", catalog.url, "--user", who, "--password-stdin",
            who=who, stdin=(password or catalog.password(who)) + "\n",
        )  # fmt: skip
        assert ran.code == 0, ran.err
        return ran

    return sign_in


def dataset(**changes):
    return {
        "contactEmail": "a@x.org", "creationLocation": "/SITE/BL7", "creationTime": "2026-05-01T10:00:00.000Z",
        "owner": "Alice", "sourceFolder": "/data/p100/run1", "datasetName": "run 1", "ownerGroup": "GET", "type": "raw",
        "principalInvestigators": ["a@x.org"], **changes,
    }  # fmt: skip


def derived(*inputs, **changes):
    doc = dataset(type="derived", inputDatasets=list(inputs), usedSoftware=["x 1"], **changes)
    return doc


def create(catalog, who, doc):
    with CatalogClient(catalog.url, catalog.token(who)) as client:
        return client.create_dataset(doc).pid


def read(catalog, who, pid):
    with CatalogClient(catalog.url, catalog.token(who)) as client:
        return client.dataset(pid)
