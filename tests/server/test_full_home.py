"""A home folder that is full or read-only: browsing still works, and each loss is said before it happens."""

import json

import pytest


@pytest.fixture
def blocked(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    return tmp_path / "file" / "state"


@pytest.fixture
def shinecat_config(blocked):
    return {"run_outbox": True, "state_folder": str(blocked)}


async def test_browsing_works_and_a_result_that_cannot_be_kept_is_refused(
    shinecat, raw_fetch, jp_base_url, odd_catalog, caplog, blocked, tmp_path
):
    assert shinecat.outbox_process is None
    answer = await raw_fetch(f"{jp_base_url}shinecat/api/catalog/api/v3/datasets")
    assert answer.status == 200
    status = (await raw_fetch(f"{jp_base_url}shinecat/api/status")).json()
    assert status["outbox"] == {"waiting": 0, "failed": 0, "sent": 0}
    result = tmp_path / "result.csv"
    result.write_text("1")
    body = json.dumps({"name": "x", "paths": [str(result)]}).encode()
    answer = await raw_fetch(f"{jp_base_url}shinecat/api/derived", "POST", body=body)
    assert answer.status == 502
    assert "could not be recorded" in answer.json()["what"]
    assert str(blocked) in answer.json()["do"]
    assert result.read_text() == "1"


class TestWithoutCatalog:
    @pytest.fixture
    def catalog_url(self):
        return ""

    async def test_the_one_user_catalog_says_why_it_is_not_there(self, shinecat, raw_fetch, jp_base_url, blocked):
        status = (await raw_fetch(f"{jp_base_url}shinecat/api/status")).json()
        assert status["catalog"]["ok"] is False
        assert str(blocked) in status["catalog"]["message"]
        assert "SHINECAT_STATE" in status["catalog"]["do"]
        answer = await raw_fetch(f"{jp_base_url}shinecat/api/catalog/api/v3/datasets")
        assert answer.status == 503
