"""Logbooks through the catalog (a small HTTP server of ours stands for SciChat)."""

import json
import threading

import httpx
import pytest
from catalog.people import PEOPLE, SETTINGS, Person
from catalog.stand_ins import chat_settings, chatting

from jupyter_shinecat.testing.catalog import CatalogProcess


def message(stamp, sender, body):
    return {"origin_server_ts": stamp, "sender": sender, "content": {"body": body, "msgtype": "m.text"}}


BOOKS = {
    "LB/own": [message(1, "@b", "first"), message(3, "@a", "second"), message(2, "@c", "third")],
    "LB-open": [message(9, "@a", "x")], "LB-other": [message(5, "@a", "x")], "LB-empty": [],
    "LB-nowhere": [message(7, "@a", "x")],
}  # fmt: skip


@pytest.fixture(scope="module")
def chat():
    with chatting(BOOKS) as server:
        yield server


@pytest.fixture(scope="module")
def catalog(chat, tmp_path_factory):
    settings = {**SETTINGS, **chat_settings(chat)}
    process = CatalogProcess(tmp_path_factory.mktemp("logbook"), accounts=PEOPLE, settings=settings).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def pids(people):
    proposer, zhang = people["proposer"], people["zhangxf"]
    made = {}
    for name, changes in {
        "LB/own": {"accessGroups": ["AMO"]}, "LB-open": {"isPublished": True}, "LB-other": {"ownerGroup": "OTHER"},
        "LB-empty": {}, "LB-lost": {},
    }.items():  # fmt: skip
        body = {"proposalId": name, "title": "t", "email": "a@x.org", "ownerGroup": "GET", **changes}
        assert proposer.post("/api/v3/proposals", json=body).status_code == 201
    for name in ("LB/own", "LB-other", "LB-lost", None):
        made[name] = zhang.create(proposalId=name)["pid"]
    return made


TAKE_PART = {
    "LB/own": {"zhangxf", "wangxch", "globe", "admin"},
    # That it is published opens a proposal, not what its people write to each other.
    "LB-open": {"zhangxf", "globe", "admin"},
    "LB-other": {"stranger", "globe", "admin"},
    "LB-empty": {"zhangxf", "globe", "admin"},
    "LB-nowhere": {"globe", "admin"},
}


@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
def test_who_reads_which_logbook(people, pids, role):
    who = people[role]
    listed = who.get("/api/v3/logbooks")
    if role == "anonymous":
        assert listed.status_code == 401
    else:
        newest_first = ["LB-open", "LB-nowhere", "LB-other", "LB/own", "LB-empty"]
        assert [book["name"] for book in listed.json()] == [n for n in newest_first if role in TAKE_PART[n]]
    for name, readers in TAKE_PART.items():
        answer = who.get(f"/api/v3/logbooks/{name.replace('/', '%2F')}", params={"filters": "{}"})
        assert answer.status_code == (200 if role in readers else 401 if role == "anonymous" else 403)


def test_messages_are_filtered_there_and_sorted_and_cut_here(zhang, chat, pids):
    filters = {"textSearch": "s", "showImages": False, "sortField": "timestamp:desc", "skip": 1, "limit": 1, "x": 1}
    for path in (
        "/api/v3/logbooks/LB%2Fown",
        zhang.ds(pids["LB/own"], "/logbook"),
        zhang.ds(pids["LB/own"], "/logbook", 4),
    ):
        found = zhang.get(path, params={"filters": json.dumps(filters)}).json()
        assert [m["content"]["body"] for m in found["messages"]] == ["third"]
        asked = chat.asked[-1]
        assert asked[0] == "/chat/Logbooks/LB%2Fown"
        assert json.loads(asked[1]["filter"][0]) == {"textSearch": "s", "showImages": False}
    assert zhang.get("/api/v3/logbooks/LB%2Fown", params={"filters": "["}).status_code == 400


def test_a_dataset_that_names_a_foreign_proposal_opens_nothing(zhang, people, pids):
    assert zhang.get(zhang.ds(pids["LB-other"], "/logbook")).status_code == 403
    assert people["stranger"].get(zhang.ds(pids["LB/own"], "/logbook")).status_code == 403
    for name in ("LB-lost", None):
        answer = zhang.get(zhang.ds(pids[name], "/logbook"))
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_token_that_ended_there_is_renewed_and_a_failure_is_said(zhang, chat, catalog, pids):
    chat.sign_ins += 1  # what the catalog holds is no longer good
    assert zhang.get("/api/v3/logbooks").status_code == 200
    chat.broken = True
    try:
        answer = zhang.get("/api/v3/logbooks")
    finally:
        chat.broken = False
    assert answer.status_code == 502
    assert "logbook service" in answer.json()["message"]
    assert "chat-secret" not in (catalog.folder / "server.log").read_text(encoding="utf-8")


def test_a_service_that_does_not_answer_holds_up_nobody_else(chat, catalog):
    chat.gate.clear()
    waiting = []

    def wait(name, headers):
        waiting.append(httpx.get(f"{catalog.url}/api/v3/logbooks", headers=headers, timeout=60).status_code)

    people = [{"Authorization": f"Bearer {catalog.token(name)}"} for name in ("zhangxf", "wangxch", "admin", "globe")]
    threads = [threading.Thread(target=wait, args=(name, headers)) for headers in people for name in range(7)]
    for thread in threads:
        thread.start()
    try:
        with Person(catalog, "stranger") as stranger:
            for _ in range(20):
                assert stranger.get("/api/v3/datasets/count").status_code == 200
        assert not waiting, "they wait still: nobody waited for them"
    finally:
        chat.gate.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("name", ["%2E%2E", "%2E"])
def test_a_name_is_never_a_step_to_another_address(chat, catalog, name):
    with Person(catalog, "admin") as admin:
        before = len(chat.asked)
        assert admin.get(f"/api/v3/logbooks/{name}").status_code in (200, 404)
    assert len(chat.asked) == before
