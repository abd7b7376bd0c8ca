"""What goes over the wire, and how answers of either API version are read."""

import pytest

from jupyter_shinecat.scicat import (
    AccessDenied,
    BadRequest,
    CatalogClient,
    CatalogUnavailable,
    Dataset,
    NotFound,
    SignInRequired,
    TooManyRequests,
    operations,
    quote_pid,
)
from jupyter_shinecat.scicat.client import server_root
from jupyter_shinecat.scicat.errors import error_for, reason_in
from jupyter_shinecat.scicat.models import files_of, iso_utc, parse_time

PID = "20.500.1/ä b%2F+#?"


def test_a_pid_is_one_path_segment():
    assert quote_pid(PID) == "20.500.1%2F%C3%A4%20b%252F%2B%23%3F"
    for operation in (operations.get_dataset(PID), operations.origdatablocks(PID), operations.attachments(PID)):
        assert quote_pid(PID) in operation.path
        assert "?" not in operation.path


@pytest.mark.parametrize("form", ["http://h:3000", "http://h:3000/", "http://h:3000/api/v3/", "http://h:3000/API/v4"])
def test_any_form_of_the_address_is_the_root(form):
    assert server_root(form) == "http://h:3000"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, SignInRequired),
        (403, AccessDenied),
        (404, NotFound),
        (429, TooManyRequests),
        (500, CatalogUnavailable),
        (503, CatalogUnavailable),
    ],
)
def test_each_status_is_an_error_that_says_what_to_do_where_one_can(status, kind):
    error = error_for(status, b'{"message":"No."}', operation="read the dataset", subject=PID, headers={})
    assert type(error) is kind
    assert error.status == status
    if kind in (SignInRequired, NotFound, CatalogUnavailable):
        assert error.do
    else:
        assert "No." in str(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"message":"x"}', "x"),
        (b'{"message":["a","b"]}', "a; b"),
        (b'{"message":{"message":"deep"}}', "deep"),
        (b"<html>no</html>", "<html>no</html>"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_the_reason_is_found_in_every_form_of_scicats_errors(body, reason):
    assert reason_in(body) == reason


def test_no_catalog_is_a_sentence():
    with (
        CatalogClient("http://127.0.0.1:9") as client,
        pytest.raises(CatalogUnavailable, match="does not answer") as caught,
    ):
        client.whoami()
    assert caught.value.do


@pytest.mark.parametrize(
    "doc",
    [
        {"proposalId": "2345", "principalInvestigator": "Zhang", "instrumentId": "I1", "sampleId": "S1"},
        {"proposalIds": ["2345"], "principalInvestigators": ["Zhang"], "instrumentIds": ["I1"], "sampleIds": ["S1"]},
        {"proposalIds": ["2345"], "investigator": "Zhang", "instrumentIds": ["I1"], "sampleId": ["S1"]},
    ],
)
def test_both_versions_read_the_same(doc):
    dataset = Dataset(doc)
    assert dataset.proposal_ids == ["2345"]
    assert dataset.principal_investigators == ["Zhang"]
    assert dataset.instrument_ids == ["I1"]
    assert dataset.sample_ids == ["S1"]


def test_facets_are_counts_by_value():
    answer = [{"type": [{"_id": "raw", "count": 3}], "all": [{"totalSets": 4}]}]
    from jupyter_shinecat.scicat import Query

    assert operations.facets(Query(), ["type"]).parse(answer) == (4, {"type": {"raw": 3}})
    assert operations.facets(Query(), ["type"]).parse([]) == (0, {"type": {}})


def test_a_file_without_checksum_has_no_algorithm():
    with_sum, without = files_of(
        [{"chkAlg": "sha256", "dataFileList": [{"path": "a", "size": 1, "chk": "00"}, {"path": "b", "size": 2}]}]
    )
    assert (with_sum.checksum_algorithm, without.checksum_algorithm) == ("sha256", "")


def test_times():
    assert parse_time("2026-01-01T00:00:00") == parse_time("2026-01-01T08:00:00+08:00")
    assert parse_time("no date") is None
    assert iso_utc(0.5) == "1970-01-01T00:00:00.500Z"
