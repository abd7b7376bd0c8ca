"""People of the tests with their clients, and bodies of datasets."""

import json
from urllib.parse import quote

import httpx

# A name that breaks what decodes too early or too often.
HARD = "20.500.1/ä b%2F+#?"

PEOPLE = {
    "zhangxf": ("GET", "SHINE"),
    "wangxch": ("AMO", "SHINE"),
    "stranger": ("OTHER",),
    "nogroup": (),
    "globe": ("globalaccess",),
    "admin": ("admin",),
    "deleter": ("archivemanager",),
    "proposer": ("proposals",),
}


class Person(httpx.Client):
    """An HTTP client of one person, with short names for what tests do often."""

    def __init__(self, catalog, name=None):
        headers = {"Authorization": f"Bearer {catalog.token(name)}"} if name else {}
        super().__init__(base_url=catalog.url, headers=headers, timeout=60)
        self.who = name

    def ds(self, pid, rest="", version=3):
        return f"/api/v{version}/datasets/{quote(pid, safe='')}{rest}"

    def listed(self, filter=None, path="/api/v3/datasets"):
        answer = self.get(path, params={"filter": json.dumps(filter or {})})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def full(self, fields=None, limits=None, path="/api/v3/datasets/fullquery"):
        answer = self.get(path, params={"fields": json.dumps(fields or {}), "limits": json.dumps(limits or {})})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def facets(self, fields, *names):
        answer = self.get(
            "/api/v3/datasets/fullfacet", params={"fields": json.dumps(fields), "facets": json.dumps(names)}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()[0]

    def create(self, **changes):
        answer = self.post("/api/v3/datasets", json=raw(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()


def raw(**changes):
    body = {
        "contactEmail": "a@x.org",
        "creationLocation": "/SITE/BL7",
        "creationTime": "2026-05-01T10:00:00.000Z",
        "owner": "Alice",
        "sourceFolder": "/data/p100/run1",
        "datasetName": "Ni diffraction run 1",
        "ownerGroup": "GET",
        "accessGroups": [],
        "type": "raw",
        "principalInvestigator": "a@x.org",
        "keywords": ["nickel", "xrd"],
        "scientificMetadata": {"energy": {"value": 12.4, "unit": "keV"}},
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def derived(**changes):
    return raw(
        **{
            "type": "derived",
            "creationLocation": None,
            "principalInvestigator": None,
            "investigator": "a@x.org",
            "inputDatasets": [],
            "usedSoftware": ["numpy 2.4"],
            **changes,
        }
    )


SETTINGS = {"DELETE_GROUPS": "archivemanager", "PROPOSAL_GROUPS": "proposals", "SHINECAT_LOGIN_ATTEMPTS": "3"}
