"""Kernels with the record on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from record.notebooks import Notebook, fresh

from jupyter_shinecat.testing.kernels import KernelProcess, running_kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProcess]:
    with running_kernel(tmp_path_factory.mktemp("kernel")) as running:
        yield running


@pytest.fixture
def notebook(kernel: KernelProcess, tmp_path: Path) -> Notebook:
    return fresh(kernel, tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Notebook]:
    """A kernel for one test, which may end it or needs it untouched."""
    with running_kernel(tmp_path) as running:
        yield fresh(running, tmp_path)
