"""scicat-sdk-py, unmodified: its strict models parse our answers, for every operation that it has and we serve."""

import json

import pytest
import scicat_sdk_py as sdk
from catalog.people import Person, derived, raw

from jupyter_shinecat.testing.catalog import CatalogProcess

JOBS = {"jobs": [{"jobType": "archive", "create": {"auth": "#all"}, "update": {"auth": "#jobOwnerUser"}}]}
FILE = {"path": "a.h5", "size": 1, "time": "2026-05-01T10:00:00.000Z"}
# The client's models don't fit what the real server answers either, and ours answers like it.
NOT_PARSED = {
    **dict.fromkeys(
        (
            "datasets_controller_attachments_count_v3", "datasets_controller_count_datablocks_v3",
            "datasets_controller_count_orig_datablocks_v3",
        ), "the model is a list of counts, the answer one count",
    ),
    "datasets_controller_thumbnail_v3": "the model is a whole attachment, the answer only its picture",
    "orig_datablocks_v4_controller_find_all_files_v4": "the model has a list of files, the answer one file an entry",
    "user_identities_controller_find_one_v3": "the model has a list of claims, scicat_widget an object",
}  # fmt: skip
# Members that the real server leaves out: the strict profile does so too.
NOT_PARSED_STRICT = {
    "datasets_controller_find_all_attachments_v3", "samples_controller_find_all_attachments_v3",
    "samples_controller_find_one_attachment_v3", "proposals_controller_find_all_attachments_v3",
    "jobs_v4_controller_find_all_v4", "jobs_v4_controller_find_one_v4", "jobs_v4_controller_full_query_v4",
    "orig_datablocks_v4_controller_find_by_id_v4", "proposals_controller_find_all_v3",
    "proposals_controller_find_by_id_v3", "proposals_controller_fullquery_v3",
}  # fmt: skip


@pytest.fixture(scope="module", params=["shinecat", "scicat-5"])
def world(request, tmp_path_factory):
    """A catalog with one of everything, the ids, and the clients of an administrator by name of API."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "jobs.json").write_text(json.dumps(JOBS))
    settings = {
        "JOB_CONFIGURATION_FILE": str(folder / "jobs.json"), "DELETE_GROUPS": "admin", "DELETE_JOB_GROUPS": "admin",
        "TRACKABLES": "Dataset",
    }  # fmt: skip
    process = CatalogProcess(folder / "data", settings=settings, profile=request.param).start()
    admin = Person(process, "admin")
    zhang = Person(process, "zhangxf")
    configuration = sdk.Configuration(host=process.url, access_token=process.token("admin"))
    client = sdk.ApiClient(configuration)
    process.profile = request.param
    yield process, admin, zhang, client
    admin.close()
    zhang.close()
    process.stop()


def made(person, path, body):
    answer = person.post(path, json=body)
    assert answer.status_code == 201, (path, answer.text)
    return answer.json()


@pytest.fixture
def ids(world):
    """One of everything, made anew."""
    _process, admin, zhang, _client = world
    proposal = {"proposalId": f"P-{id(world)}-{len(SEEN)}", "title": "t", "email": "a@x.org", "ownerGroup": "GET"}
    SEEN.append(None)
    found = {
        "dataset": made(zhang, "/api/v3/datasets", raw())["pid"],
        "derived": made(zhang, "/api/v3/datasets", derived())["pid"],
        "proposal": made(admin, "/api/v3/proposals", proposal)["proposalId"],
        "sample": made(zhang, "/api/v3/samples", {"ownerGroup": "GET", "sampleName": "s"})["sampleId"],
        "instrument": made(admin, "/api/v3/instruments", {"name": "i", "uniqueName": f"u{len(SEEN)}"})["pid"],
        "policy": made(admin, "/api/v3/policies", {"ownerGroup": "GET"})["_id"],
        "user": zhang.get("/api/v3/users/my/self").json()["id"],
    }
    url = zhang.ds(found["dataset"])
    assert zhang.patch(url, json={"description": "x", "proposalIds": [found["proposal"]]}).status_code == 200
    found["block"] = made(zhang, f"{url}/origdatablocks", {"size": 1, "dataFileList": [FILE]})["id"]
    found["datablock"] = made(zhang, f"{url}/datablocks", {
        "archiveId": "t", "size": 1, "packedSize": 1, "version": "1", "dataFileList": [FILE],
    })["id"]  # fmt: skip
    picture = {"caption": "c", "ownerGroup": "GET", "thumbnail": "data:image/png;base64,AA=="}
    found["attachment"] = made(zhang, f"{url}/attachments", picture)["id"]
    for kind in ("sample", "proposal"):
        found[f"{kind} attachment"] = made(admin, f"/api/v3/{kind}s/{found[kind]}/attachments", picture)["id"]
    found["job"] = made(zhang, "/api/v4/jobs", {
        "type": "archive", "jobParams": {"datasetList": [{"pid": found["dataset"], "files": []}]},
    })["id"]  # fmt: skip
    found["publication"] = made(admin, "/api/v4/publisheddata", {
        "title": "t", "abstract": "a", "datasetPids": [found["dataset"]], "metadata": {"resourceType": "raw"},
    })["doi"]  # fmt: skip
    return found


SEEN: list[None] = []


def reading(ids):
    """(operation, arguments) of everything that only reads."""
    pid, filter_ = ids["dataset"], json.dumps({"limits": {"limit": 5}})
    fields, facets, limits = "{}", json.dumps(["ownerGroup"]), json.dumps({"limit": 5})
    v4 = json.dumps({"fields": {}, "facets": ["ownerGroup"]})
    return {
        "auth_controller_whoami_v3": {}, "health_controller_check_v3": {},
        "admin_controller_get_config_v3": {}, "admin_controller_get_theme_v3": {},
        "attachments_v4_controller_find_all_v4": {"filter": filter_},
        "attachments_v4_controller_find_all_public_v4": {"filter": filter_},
        "attachments_v4_controller_find_one_v4": {"aid": ids["attachment"]},
        "datablocks_controller_count_v3": {}, "datablocks_controller_find_all_v3": {"filter": filter_},
        "datablocks_controller_find_by_id_v3": {"id": ids["datablock"]},
        "datasets_controller_attachments_count_v3": {"pid": pid},
        "datasets_controller_count_datablocks_v3": {"pid": pid},
        "datasets_controller_count_orig_datablocks_v3": {"pid": pid},
        "datasets_controller_count_v3": {},
        "datasets_controller_find_all_attachments_v3": {"pid": pid},
        "datasets_controller_find_all_datablocks_v3": {"pid": pid},
        "datasets_controller_find_all_orig_datablocks_v3": {"pid": pid},
        "datasets_controller_find_all_v3": {"filter": filter_},
        "datasets_controller_find_by_id_v3": {"pid": pid},
        "datasets_controller_find_lifecycle_by_id_v3": {"pid": pid},
        "datasets_controller_find_one_v3": {"filter": filter_},
        "datasets_controller_fullfacet_v3": {"fields": fields, "facets": facets},
        "datasets_controller_fullquery_v3": {"fields": fields, "limits": limits},
        "datasets_controller_metadata_keys_v3": {"fields": fields, "limits": limits},
        "datasets_controller_thumbnail_v3": {"pid": pid},
        "datasets_public_v4_controller_count_public_v4": {},
        "datasets_public_v4_controller_find_all_public_v4": {},
        "datasets_public_v4_controller_fullfacet_v4": {"filters": v4},
        "datasets_public_v4_controller_public_metadata_keys_v4": {},
        "datasets_v4_controller_count_v4": {},
        "datasets_v4_controller_find_all_v4": {"filter": filter_},
        "datasets_v4_controller_find_by_id_v4": {"pid": pid},
        "datasets_v4_controller_find_lifecycle_by_id_v4": {"pid": pid},
        "datasets_v4_controller_find_one_v4": {"filter": filter_},
        "datasets_v4_controller_fullfacet_v4": {"filters": v4},
        "datasets_v4_controller_metadata_keys_v4": {},
        "history_controller_count_history_v3": {"filter": "{}"},
        "history_controller_find_history_v3": {"filter": "{}"},
        "history_controller_get_history_by_collection_v3": {"subsystem": "Dataset"},
        "instruments_controller_count_v3": {}, "instruments_controller_find_all_v3": {},
        "instruments_controller_find_by_id_v3": {"id": ids["instrument"]},
        "instruments_controller_find_one_v3": {"filter": "{}"},
        "jobs_controller_find_all_v3": {}, "jobs_controller_find_one_v3": {"id": ids["job"]},
        "jobs_controller_find_one_details_v3": {"job_id": ids["job"]},
        "jobs_controller_full_facet_v3": {"fields": fields, "facets": facets},
        "jobs_controller_full_query_v3": {"fields": fields, "limits": limits},
        "jobs_v4_controller_find_all_v4": {}, "jobs_v4_controller_find_one_v4": {"id": ids["job"]},
        "jobs_v4_controller_full_facet_v4": {"fields": fields, "facets": facets},
        "jobs_v4_controller_full_query_v4": {"fields": fields, "limits": limits},
        "metadata_keys_v4_controller_find_all_v4": {},
        "orig_datablocks_controller_find_all_v3": {}, "orig_datablocks_controller_find_by_id_v3": {"id": ids["block"]},
        "orig_datablocks_controller_fullfacet_files_v3": {"fields": fields, "facets": facets},
        "orig_datablocks_controller_fullfacet_v3": {"fields": fields, "facets": facets},
        "orig_datablocks_controller_fullquery_files_v3": {"fields": fields, "limits": limits},
        "orig_datablocks_controller_fullquery_v3": {"fields": fields, "limits": limits},
        "orig_datablocks_public_v4_controller_count_files_public_v4": {},
        "orig_datablocks_public_v4_controller_find_all_files_public_v4": {},
        "orig_datablocks_public_v4_controller_find_all_public_v4": {},
        "orig_datablocks_public_v4_controller_fullfacet_files_v4": {"filters": v4},
        "orig_datablocks_public_v4_controller_fullfacet_v4": {"filters": v4},
        "orig_datablocks_v4_controller_count_files_v4": {}, "orig_datablocks_v4_controller_find_all_files_v4": {},
        "orig_datablocks_v4_controller_find_all_v4": {},
        "orig_datablocks_v4_controller_find_by_id_v4": {"id": ids["block"]},
        "orig_datablocks_v4_controller_fullfacet_files_v4": {"filters": v4},
        "orig_datablocks_v4_controller_fullfacet_v4": {"filters": v4},
        "policies_controller_count_v3": {}, "policies_controller_find_all_v3": {},
        "policies_controller_find_one_v3": {"id": ids["policy"]},
        "proposals_controller_count_v3": {}, "proposals_controller_find_all_v3": {},
        "proposals_controller_find_all_attachments_v3": {"pid": ids["proposal"]},
        "proposals_controller_find_all_datasets_v3": {"pid": ids["proposal"]},
        "proposals_controller_find_by_id_access_v3": {"pid": ids["proposal"]},
        "proposals_controller_find_by_id_v3": {"pid": ids["proposal"]},
        "proposals_controller_fullfacet_v3": {"fields": fields, "facets": facets},
        "proposals_controller_fullquery_v3": {"fields": fields, "limits": limits},
        "published_data_controller_count_v3": {},
        "published_data_controller_form_populate_v3": {"pid": pid},
        "published_data_v4_controller_count_v4": {}, "published_data_v4_controller_find_all_v4": {},
        "published_data_v4_controller_find_one_v4": {"id": ids["publication"]},
        "published_data_v4_controller_form_populate_v4": {"pid": [pid]},
        "published_data_v4_controller_get_config_v4": {},
        "runtime_config_controller_get_config_v3": {"id": "frontendConfig"},
        "samples_controller_count_v3": {}, "samples_controller_find_all_v3": {},
        "samples_controller_find_all_attachments_v3": {"id": ids["sample"]},
        "samples_controller_find_all_datasets_v3": {"id": ids["sample"]},
        "samples_controller_find_by_id_access_v3": {"id": ids["sample"]},
        "samples_controller_find_by_id_v3": {"id": ids["sample"]},
        "samples_controller_find_one_attachment_v3": {"id": ids["sample"], "fk": ids["sample attachment"]},
        "samples_controller_find_one_v3": {"filter": "{}"},
        "samples_controller_fullquery_v3": {"fields": fields, "limits": limits},
        "samples_controller_metadata_keys_v3": {"fields": fields, "limits": limits},
        "user_identities_controller_find_one_v3": {
            "filter": json.dumps({"where": {"profile.username": "zhangxf"}}),
        },
        "user_identities_controller_is_valid_email_v3": {"filter": "zhangxf@example.org"},
        "users_controller_can_user_create_dataset_v3": {"id": ids["user"]},
        "users_controller_find_all_v3": {}, "users_controller_find_by_id_v3": {"id": ids["user"]},
        "users_controller_get_my_settings_v3": {}, "users_controller_get_my_user_identity_v3": {},
        "users_controller_get_my_user_v3": {}, "users_controller_get_settings_v3": {"id": ids["user"]},
        "users_controller_get_user_identity_v3": {"id": ids["user"]}, "users_controller_get_user_jwtv3": {},
    }  # fmt: skip


def operations(client):
    """Every operation of the client, by name."""
    found = {}
    for name in dir(sdk):
        if name.endswith("Api"):
            api = getattr(sdk, name)(client)
            found.update({n: getattr(api, n) for n in dir(api) if n.endswith(("_v3", "_v4", "jwtv3"))})
    return found


def call(operation, arguments):
    """Run it with those of the arguments that it takes; ids have many names in the client."""
    taken = operation.__wrapped__.__annotations__ if hasattr(operation, "__wrapped__") else operation.__annotations__
    return operation(**{name: value for name, value in arguments.items() if name in taken})


def failures(client, calls):
    """Operations that raise, with what they say."""
    known = operations(client)
    wrong = {}
    for name, arguments in calls.items():
        try:
            call(known[name], arguments)
        except Exception as error:  # all of them are listed
            wrong[name] = f"{type(error).__name__}: {str(error)[:300]}"
    return wrong


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_reading_operation_is_parsed(world, ids):
    process, _admin, _zhang, client = world
    expected = NOT_PARSED.keys() | (NOT_PARSED_STRICT if process.profile == "scicat-5" else set())
    wrong = failures(client, reading(ids))
    assert {name: text for name, text in wrong.items() if name not in expected} == {}
    assert expected - wrong.keys() == set(), "these are parsed now"
