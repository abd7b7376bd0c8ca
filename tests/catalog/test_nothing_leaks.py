"""What others keep to themselves changes no answer: every reading route, before and after there is something hidden."""

import json
import os

import pytest
from catalog.people import PEOPLE, SETTINGS, Person, derived

from jupyter_shinecat.catalog.routes.table import router
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.testing.catalog import CatalogProcess

JOBS = {"jobs": [{"jobType": "work", "create": {"auth": "#authenticated"}, "update": {"auth": "#jobOwnerUser"}}]}
FILE = {"path": "shown.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
PICTURE = {"thumbnail": "data:image/png;base64,AA==", "caption": "c", "ownerGroup": "GET"}
MARK = "xenolith"
# Everything that a question may say at once: routes take what they know.
WHERES = [
    {},
    {"$or": [{"ownerGroup": "GET"}, {"isPublished": False}]},
    {"$nor": [{"pid": "x"}]},
    {"$and": [{"_id": {"$exists": True}}, {"createdBy": "zhangxf"}]},
    {"datasetId": "hidden/1"}, {"inputDatasets": "shown/1"}, {"proposalIds": "HP"}, {"subsystem": "Dataset"},
    {"scientificMetadata.hidden-key": {"$exists": True}}, {"jobParams.datasetList.pid": "hidden/1"},
    {"relationships.targetId": "hidden/1"}, {"datasetPids": "hidden/1"},
    {"origdatablocks.dataFileList.path": "hidden.h5"}, {"__proto__": {"admin": True}},
    {"dataFileList.path": {"like": "hidden"}}, {"title": {"$regex": MARK, "$options": "i"}},
    {"$where": "1"}, {"$expr": {"$eq": [1, 1]}}, {"datasetName": {"$function": {"body": "x"}}},
]  # fmt: skip
FIELDS = [
    {}, {"text": MARK}, {"text": "hidden.h5"}, {"ownerGroup": ["GET"]}, {"userGroups": ["GET", "OTHER"]},
    {"isPublished": False}, {"mode": {"ownerGroup": {"$exists": True}}}, {"metadataKey": "hidden"},
    {"scientific": [{"lhs": "hidden-key", "relation": "GREATER_THAN", "rhs": 0, "unit": "mm"}]},
    {"scientific": [{"lhs": "shown-key", "relation": "EQUAL_TO_STRING", "rhs": MARK}]},
    {"characteristics": [{"lhs": "hidden-key", "relation": "GREATER_THAN", "rhs": 0, "unit": "mm"}]},
    {"pid": "hidden/1"}, {"_id": {"$exists": True}},
]  # fmt: skip
FACETS = ["ownerGroup", "accessGroups", "createdBy", "type", "pid", "keywords"]
LIMITS = [{"limit": 1000}, {"limit": 1, "order": "description:desc"}, {"limit": 2, "skip": 1, "order": "size:desc"}]


def questions():
    """Queries of one request each."""
    for number, where in enumerate(WHERES):
        limits = LIMITS[number % len(LIMITS)]
        filter = {"where": where, "limits": limits, "include": ["all"]}
        yield {"filter": json.dumps(filter), "explain": "true"}
        yield {
            "filter": json.dumps({"where": where, "include": [{"relation": "proposals", "scope": {"where": where}}]})
        }
    for number, fields in enumerate(FIELDS):
        limits, facets = LIMITS[number % len(LIMITS)], FACETS[: 3 + number % 4]
        both = json.dumps({"fields": fields, "facets": facets})
        yield {
            "fields": json.dumps(fields), "facets": json.dumps(facets), "limits": json.dumps(limits), "filters": both,
        }  # fmt: skip


# What is one's own to be told: the hour, one's own settings (made when first asked for), what runs until it ends.
LEFT_OUT = ("/health", "/events/stream", "/explorer-json", "/metrics", "/oidc", "/logbook", "/shinecat")


def told(who, ids, every):
    """Every answer to ``who``, by route and question; ``ids`` are tried where a route wants one."""
    found = {}
    paths = sorted(route.path for route in routes() if route.method == "GET")
    for place, path in enumerate(paths):
        if any(part in path for part in LEFT_OUT):
            continue
        for id in ids if "{" in path else ("",):
            parts = [id.replace("/", "%2F") if part.startswith("{") else part for part in path.split("/")]
            asked = [{}, {"filter": '{"include":["all"]}'}, {"include": "all"}] if "{" in path else list(questions())
            if not every:  # other ones for each route
                asked = [asked[(place + step * 17) % len(asked)] for step in range(2)]
            for number, query in enumerate(asked):
                answer = who.get("/".join(parts), params=query)
                assert answer.status_code < 500 or answer.status_code == 501, (path, query, answer.text)
                headers = {name: value for name, value in answer.headers.items() if name.startswith("x-next")}
                steps = json.loads(answer.headers.get("x-explain", "[]"))
                counts = [{k: v for k, v in step.items() if k not in ("ms", "way", "index")} for step in steps]
                found[path, id, number] = (answer.status_code, answer.text, headers, counts)
    return found


def routes():
    table = []

    def walk(node):
        for name, child in node.items():
            if name == "\0methods":
                table.extend(child.values())
            else:
                walk(child)

    walk(router(Settings())._tree)
    return table


def made(who, path, body):
    answer = who.post(path, json=body)
    assert answer.status_code == 201, (path, answer.text)
    return answer.json()


def hide(catalog):
    """One of everything that only GET may see, all of it with the mark."""
    with Person(catalog, "zhangxf") as zhang, Person(catalog, "admin") as admin:
        facts = {"hidden-key": {"value": 5, "unit": "mm"}, "shown-key": MARK}
        for type in ("raw", "derived"):
            body = {
                "pid": f"hidden/{1 if type == 'raw' else 2}", "datasetName": MARK, "description": f"zz {MARK}",
                "keywords": [MARK], "scientificMetadata": facts, "size": 10**6,
            }  # fmt: skip
            if type == "derived":
                made(zhang, "/api/v3/datasets", derived(**body, inputDatasets=["shown/1"]))
            else:
                zhang.create(**body, proposalId="HP", sampleId="HS")
        url = zhang.ds("hidden/1")
        block = {"size": 5, "dataFileList": [{**FILE, "path": f"hidden.h5 {MARK}"}]}
        made(zhang, f"{url}/origdatablocks", block)
        made(admin, f"{url}/datablocks", {**block, "archiveId": MARK, "packedSize": 1, "version": "1"})
        for target in (url, zhang.ds("shown/1")):  # a picture of its own group at a dataset that all see
            made(zhang, f"{target}/attachments", {**PICTURE, "caption": MARK})
        proposal = {"proposalId": "HP", "title": MARK, "email": "a@x.org", "ownerGroup": "GET", "metadata": facts}
        made(admin, "/api/v3/proposals", proposal)
        sample = {"sampleId": "HS", "sampleName": MARK, "ownerGroup": "GET", "sampleCharacteristics": facts}
        made(zhang, "/api/v3/samples", sample)
        job = {"type": "work", "jobParams": {"note": MARK, "datasetList": [{"pid": "hidden/1", "files": []}]}}
        made(zhang, "/api/v4/jobs", job)
        draft = {"title": MARK, "abstract": MARK, "datasetPids": ["shown/1", "hidden/1"], "metadata": {}}
        made(zhang, "/api/v4/publisheddata", draft)
        made(admin, "/api/v3/policies", {"ownerGroup": "GET", "manager": [MARK]})
        assert zhang.patch(url, json={"description": f"{MARK} again"}).status_code == 200  # leaves a history
        return zhang.get("/api/v3/users/my/self").json()["id"]


@pytest.mark.parametrize("profile", ["shinecat", pytest.param("scicat-5", marks=pytest.mark.soak)])
def test_what_is_hidden_changes_no_answer(tmp_path, profile):
    every = bool(os.environ.get("SHINECAT_SOAK"))
    (tmp_path / "jobs.json").write_text(json.dumps(JOBS))
    settings = {
        **SETTINGS, "JOB_CONFIGURATION_FILE": str(tmp_path / "jobs.json"), "PROPOSAL_GROUPS": "admin",
        "CREATE_DATASET_WITH_PID_GROUPS": "GET,OTHER", "HISTORY_ACCESS_SAMPLE_GROUPS": "OTHER",
        "TRACKABLES": "Attachment,Datablock,Dataset,Instrument,Policy,Proposal,PublishedData,Sample",
    }  # fmt: skip
    process = CatalogProcess(tmp_path / "data", accounts=PEOPLE, settings=settings, profile=profile).start()
    try:
        with (
            Person(process, "zhangxf") as zhang,
            Person(process, "stranger") as stranger,
            Person(process) as anonymous,
        ):
            # What all see names what will be hidden.
            zhang.create(
                pid="shown/1", proposalId="HP", sampleId="HS", scientificMetadata={"shown-key": "plain"}, size=3
            )
            made(zhang, f"{zhang.ds('shown/1')}/origdatablocks", {"size": 1, "dataFileList": [FILE]})
            assert zhang.patch(zhang.ds("shown/1"), json={"isPublished": True}).status_code == 200
            stranger.create(pid="mine/1", ownerGroup="OTHER")
            crowd = (stranger, anonymous) if every else (stranger,)
            own = ["shown/1", "mine/1"] if every else ["shown/1"]
            stranger.get("/api/v3/users/my/settings")  # made when first asked for
            before = [told(who, own, every) for who in crowd]
            account = hide(process)
            after = [told(who, own, every) for who in crowd]
            for first, second in zip(before, after, strict=True):
                differing = {key: (first[key], second[key]) for key in first if first[key] != second[key]}
                assert differing == {}
            hidden = ["hidden/1", "HP", "HS", account] if every else ["hidden/1"]
            for who in crowd:
                for (path, id, number), (status, text, *_rest) in told(who, hidden, every).items():
                    assert MARK not in text, (path, id, number, status)
    finally:
        process.stop()
