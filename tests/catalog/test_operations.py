"""Every operation of SciCat 5 has its route here, whatever the case of its letters, and answers."""

import json
import os
import re
from pathlib import Path

import pytest

from jupyter_shinecat.catalog.routes.table import router
from jupyter_shinecat.catalog.settings import PROFILES, Settings

OPENAPI = os.environ.get("SHINECAT_OPENAPI")
# Methods of paths below /api; {} stands for an id.
TABLE = {
    "GET": """
        v3/admin/config v3/admin/theme v3/auth/oidc v3/auth/oidc/callback v3/auth/whoami v3/datablocks/count
        v3/datasets/count v3/datasets/findOne v3/datasets/fullfacet v3/datasets/fullquery v3/datasets/metadataKeys
        v3/datasets/{}/attachments/count v3/datasets/{}/datablocks/count v3/datasets/{}/logbook
        v3/datasets/{}/origdatablocks/count v3/datasets/{}/thumbnail v3/health v3/history v3/history/collection/{}
        v3/history/count v3/instruments/count v3/instruments/findOne v3/jobs/datasetDetails v3/jobs/fullfacet
        v3/jobs/fullquery v3/logbooks v3/logbooks/{} v3/origdatablocks/fullfacet v3/origdatablocks/fullfacet/files
        v3/origdatablocks/fullquery v3/origdatablocks/fullquery/files v3/policies/count v3/proposals/count
        v3/proposals/fullfacet v3/proposals/fullquery v3/proposals/{}/authorization v3/proposals/{}/datasets
        v3/publisheddata/count v3/publisheddata/formpopulate v3/samples/count v3/samples/findOne
        v3/samples/fullquery v3/samples/metadataKeys v3/samples/{}/authorization v3/samples/{}/datasets
        v3/useridentities/findOne v3/useridentities/isValidEmail v3/users v3/users/my/identity v3/users/my/self
        v3/users/my/settings v3/users/{} v3/users/{}/authorization/dataset/create v3/users/{}/userIdentity
        v4/attachments/public v4/datasets/count v4/datasets/findOne v4/datasets/fullfacet v4/datasets/metadataKeys
        v4/datasets/public v4/datasets/public/count v4/datasets/public/findOne v4/datasets/public/fullfacet
        v4/datasets/public/metadataKeys v4/datasets/public/{} v4/datasets/{}/logbook v4/jobs/datasetDetails
        v4/jobs/fullfacet v4/jobs/fullquery v4/metadatakeys v4/origdatablocks/files v4/origdatablocks/files/count
        v4/origdatablocks/fullfacet v4/origdatablocks/fullfacet/files v4/origdatablocks/public
        v4/origdatablocks/public/files v4/origdatablocks/public/files/count v4/origdatablocks/public/fullfacet
        v4/origdatablocks/public/fullfacet/files v4/origdatablocks/public/{} v4/publisheddata/config
        v4/publisheddata/count v4/publisheddata/formpopulate
    """,
    "PATCH": """
        v3/users/{}/password v3/users/{}/settings/external
    """,
    "POST": """
        v3/auth/ldap v3/auth/login v3/auth/logout v3/auth/msad v3/auth/oidc/token v3/datasets/isValid
        v3/datasets/{}/appendToArrayField v3/datasets/{}/origdatablocks/isValid v3/origdatablocks/isValid
        v3/policies/updateWhere v3/proposals/isValid v3/publisheddata/{}/register v3/publisheddata/{}/resync
        v3/users/jwt v3/users/login v3/users/logout v3/users/password v3/users/{}/jwt v4/attachments/isValid
        v4/datasets/isValid v4/origdatablocks/isValid v4/publisheddata/{}/amend v4/publisheddata/{}/publish
        v4/publisheddata/{}/register v4/publisheddata/{}/resync
    """,
    "DELETE GET": """
        v3/samples/{}/attachments/{}
    """,
    "DELETE PATCH": """
        v3/datasets/{}/datablocks/{} v3/datasets/{}/origdatablocks/{} v3/proposals/{}/attachments/{}
    """,
    "DELETE PUT": """
        v3/datasets/{}/attachments/{}
    """,
    "GET PATCH": """
        v3/datasets/{}/datasetlifecycle v4/datasets/{}/datasetlifecycle
    """,
    "GET POST": """
        v3/datablocks v3/datasets v3/instruments v3/jobs v3/origdatablocks v3/policies v3/proposals
        v3/proposals/{}/attachments v3/publisheddata v3/samples v3/samples/{}/attachments v4/attachments v4/datasets
        v4/jobs v4/origdatablocks v4/publisheddata
    """,
    "GET PUT": """
        v3/runtime-config/{}
    """,
    "DELETE GET PATCH": """
        v3/datablocks/{} v3/instruments/{} v3/jobs/{} v3/origdatablocks/{} v3/policies/{} v3/proposals/{}
        v3/publisheddata/{} v3/samples/{} v4/jobs/{} v4/origdatablocks/{} v4/publisheddata/{}
    """,
    "DELETE GET POST": """
        v3/datasets/{}/attachments v3/datasets/{}/datablocks v3/datasets/{}/origdatablocks
    """,
    "DELETE GET PATCH PUT": """
        v3/datasets/{} v4/attachments/{} v4/datasets/{}
    """,
    "DELETE GET PATCH POST PUT": """
        v3/users/{}/settings
    """,
}
OPERATIONS = sorted(
    (method, f"/api/{path}") for methods, paths in TABLE.items() for path in paths.split() for method in methods.split()
)
# What the server can't do without another product says so: 501.
NEEDS = {
    ("POST", "/api/v3/auth/ldap"): "LDAP",
    ("POST", "/api/v3/auth/msad"): "LDAP",
    ("POST", "/api/v3/auth/oidc/token"): "identity provider",
    ("GET", "/api/v3/auth/oidc"): "browser sign-on",
    ("GET", "/api/v3/logbooks"): "logbook service",
    ("GET", "/api/v3/logbooks/{}"): "logbook service",
}
# Not in the OpenAPI of the real server, but served there too.
MORE_NEEDS = {
    ("POST", "/api/v3/opensearch/create-index"): "OpenSearch",
    ("POST", "/api/v3/opensearch/sync-database"): "OpenSearch",
    ("POST", "/api/v3/opensearch/search"): "OpenSearch",
    ("DELETE", "/api/v3/opensearch/delete-index"): "OpenSearch",
    ("GET", "/api/v3/opensearch/get-index"): "OpenSearch",
    ("PATCH", "/api/v3/opensearch/update-index"): "OpenSearch",
}


@pytest.mark.skipif(not OPENAPI, reason="SHINECAT_OPENAPI names no OpenAPI document of a real SciCat")
def test_the_table_is_that_of_the_real_server():
    paths = json.loads(Path(OPENAPI).read_text(encoding="utf-8"))["paths"]
    real = {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, methods in paths.items() for method in methods}
    assert real == set(OPERATIONS)


def changed(path):
    """The path as no client writes it, but as the real server takes it."""
    head, rest = path[:5], path[5:]
    return head + "".join(c.upper() if n % 2 else c for n, c in enumerate(rest)) + "/"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_operation_has_its_route(profile):
    found = router(Settings(profile=profile))
    for method, path in OPERATIONS:
        for written in (path, changed(path), path.title()):
            route = found.find(method, written.replace("{}", "20.500%2Fabc"))
            assert route is not None, (method, written)
            assert re.sub(r"{\w+}", "{}", route[0].path) == path, (method, written)
            assert set(route[1].values()) <= {"20.500%2Fabc"}


def test_every_operation_answers(admin):
    odd = {}
    for method, path in OPERATIONS:
        if path == "/api/v3/users/logout":
            continue
        answer = admin.request(method, path.replace("{}", "no%2Fsuch"), json={} if method != "GET" else None)
        needs = NEEDS.get((method, path))
        if needs:
            good = answer.status_code == 501 and needs in answer.json()["message"]
        else:
            good = answer.status_code < 500 and "Cannot " not in answer.text
        if not good:
            odd[method, path] = answer.status_code, answer.text[:200]
    assert odd == {}


def test_operations_of_other_products_say_what_is_missing(admin, anonymous):
    for (method, path), needs in MORE_NEEDS.items():
        answer = admin.request(method, path)
        assert (answer.status_code, needs in answer.json()["message"]) == (501, True)
        assert anonymous.request(method, path).status_code == 401


def test_methods_that_there_are_not_get_the_real_server_s_answer(admin):
    answer = admin.delete("/api/v3/datasets/fullquery/x/y")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Cannot DELETE /api/v3/datasets/fullquery/x/y"
