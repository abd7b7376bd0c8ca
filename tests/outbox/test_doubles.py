"""Removing doubles touches nothing but second copies of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.outbox import figures
from jupyter_shinecat.outbox.doubles import remove_doubles
from jupyter_shinecat.scicat import Dataset

PNG = b"\x89PNG\r\n\x1a\n"
TAKEN = {"files": [], "figures": [{"caption": "fit.png", "file": "f0", "mime": "image/png"}]}


class Catalog:
    """Lists what it was given, and remembers what it was asked to delete."""

    def __init__(self, datasets: list[dict[str, Any]], attachments: list[dict[str, Any]]) -> None:
        self.datasets = [Dataset(one) for one in datasets]
        self.listed = attachments
        self.deleted: list[str] = []

    def dataset(self, pid: str) -> Dataset:
        return next(one for one in self.datasets if one.pid == pid)

    def find(self, where: dict[str, Any], limit: int) -> list[Dataset]:
        source = where.get("inputDatasets")
        return [one for one in self.datasets if source is None or source in one.doc.get("inputDatasets", [])][:limit]

    def origdatablocks(self, pid: str) -> list[dict[str, Any]]:
        return []

    def attachments(self, pid: str) -> list[dict[str, Any]]:
        return self.listed

    def send(self, operation: Any) -> None:
        self.deleted.append(operation.path)


def result(pid: str, **more: Any) -> dict[str, Any]:
    record = {"pid": pid, "createdBy": "me", "jobParameters": {"shinecat": {"key": "k"}}}
    return {**record, **more}


def removed(mode: str, datasets: list[dict[str, Any]], attachments: list[dict[str, Any]], folder: Path) -> list[str]:
    (folder / "f0").write_bytes(PNG)
    catalog: Any = Catalog(datasets, attachments)
    plan = {"mode": mode, "doc": {"jobParameters": {"shinecat": {"key": "k"}}}}
    found = remove_doubles(catalog, "p", plan, TAKEN, folder)
    assert (found.removed, found.left) == (len(catalog.deleted), [])
    return list(catalog.deleted)


def test_pictures_of_other_people_stay(tmp_path: Path) -> None:
    uri = figures.data_uri(PNG, "image/png")
    ours = [{"aid": name, "caption": "fit.png", "thumbnail": uri} for name in ("one", "two")]
    others = [{"aid": f"bare{n}"} for n in (1, 2)] + [
        {"aid": f"photo{n}", "caption": "photo", "thumbnail": "data:image/png;base64,AAAA"} for n in (1, 2)
    ]
    assert removed("update", [result("p")], ours + others, tmp_path) == ["/api/v4/attachments/two"]


@pytest.mark.parametrize(
    "other",
    [
        {"isPublished": True},
        {"createdBy": "somebody"},
        {"jobParameters": {"shinecat": {"key": "another"}}},
    ],
)
def test_datasets_that_are_more_than_a_double_stay(tmp_path: Path, other: dict[str, Any]) -> None:
    assert removed("create", [result("p"), result("q", **other)], [], tmp_path) == []
    assert removed("create", [result("p"), result("q")], [], tmp_path) == ["/api/v3/datasets/q"]


def test_input_of_another_dataset_stays(tmp_path: Path) -> None:
    used = {"pid": "r", "inputDatasets": ["q"]}
    assert removed("create", [result("p"), result("q"), used], [], tmp_path) == []


def test_older_version_with_the_same_content_stays(tmp_path: Path) -> None:
    assert removed("update", [result("p"), result("q")], [], tmp_path) == []
