"""The notebook as it may be sent: its code and texts, and nothing that a stranger or a library put into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.outbox.notebook import without_outputs

SPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def sent(folder: Path, told: Any) -> Any:
    path = folder / "a.ipynb"
    path.write_text(json.dumps(told))
    return json.loads(without_outputs(str(path)))


def test_only_code_texts_and_how_to_run_them(tmp_path: Path) -> None:
    code = {
        "cell_type": "code",
        "id": "one",
        "metadata": {"shinecat": {"read": [{"file": "/home/x/a"}]}},
        "source": ["password = 'hunter2'\n", "fit()"],
        "execution_count": 3,
        "outputs": [{"text": "hunter2"}],
    }
    text = {"cell_type": "markdown", "metadata": {}, "attachments": {"a": {"image/png": "AAAA"}}, "source": "Fit"}
    metadata = {"kernelspec": {**SPEC, "env": {"KEY": "hunter2"}}, "widgets": {"state": "hunter2"}, "language_info": 3}
    told = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [code, text]}
    kept = sent(tmp_path, told)
    assert "hunter2" not in json.dumps(kept)
    assert kept["metadata"] == {"kernelspec": SPEC}
    one, two = kept["cells"]
    assert one["source"] == ['password = "***"\n', "fit()"]
    assert (one["id"], one["outputs"], one["execution_count"], one["metadata"]) == ("one", [], None, {})
    assert two == {"cell_type": "markdown", "metadata": {}, "source": ["Fit"]}


@pytest.mark.parametrize(
    "told",
    [
        [1],
        {},
        {"cells": 1},
        {"cells": [1], "nbformat_minor": 4},
        {"cells": [{"cell_type": "code", "source": [1]}], "nbformat_minor": 4},
        {"cells": [], "metadata": [1], "nbformat_minor": 4},
        {"cells": [], "metadata": {}, "nbformat_minor": float("inf")},
    ],
)
def test_what_is_no_notebook_is_refused_in_words(tmp_path: Path, told: Any) -> None:
    with pytest.raises(ValueError, match="not a notebook"):
        sent(tmp_path, told)
