"""Every route that the user server passes on, asked once in an order that makes and unmakes what it needs."""

import json
import re
from urllib.parse import quote, urlencode

HARD = "20.500.1/ä b%2F+#?"
TIME = "2020-08-28T10:00:00.000Z"
PICTURE = "data:image/png;base64,iVBORw0KGgo="
# Made anew by the server with each writing: names and times that no two runs have alike.
MADE_ANEW = ("updatedAt", "createdAt", "etag", "_id", "history", "timestamp", "archiveRetentionTime")
MADE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\b[0-9a-f]{24}\\b|(?!2020)\\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"
DATASET = {
    "pid": HARD, "type": "raw", "datasetName": HARD, "ownerGroup": "GET", "owner": "zhangxf",
    "contactEmail": "z@example.org", "sourceFolder": "/data/ä b", "creationTime": TIME,
    "sampleIds": [f"sample {HARD}"], "proposalIds": [f"proposal {HARD}"],
    "scientificMetadata": {"energy": {"value": 9, "unit": "keV"}},
}  # fmt: skip
V3_ONLY = {"sampleIds", "proposalIds"}
BLOCK = {"size": 3, "dataFileList": [{"path": "a b+[1].h5", "size": 3, "time": TIME}]}
FIGURE = {"caption": "ä", "thumbnail": PICTURE, "ownerGroup": "GET"}
JOB = {"type": "any", "jobParams": {"datasetList": [{"pid": HARD, "files": []}]}}


def lasting(value):
    """An answer without what the server makes anew each time."""
    if isinstance(value, list):
        return [lasting(item) for item in value]
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items() if key not in MADE_ANEW}
    return re.sub(MADE, "made anew", value) if isinstance(value, str) else value


class Story:
    """Asks on one way, and keeps what was answered.

    ``told`` holds (method, template of the route, version, status, lasting body) in the order asked.
    """

    def __init__(self, ask):
        self._ask = ask
        self.told = []

    async def call(self, method, template, *ids, version=3, query=None, body=None):
        path = template
        for name in ids:
            path = path.replace("{id}", quote(name, safe=""), 1)
        target = f"/api/v{version}/{path}"
        if query:
            texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
            target += "?" + urlencode(texts)
        answer = await self._ask(method, target, body)
        value = json.loads(answer.body) if answer.body else None
        self.told.append((method, template, version, answer.status, lasting(value)))
        return value

    async def both(self, template, *ids, **how):
        """GET in the forms of v3 and v4."""
        for version in (3, 4):
            await self.call("GET", template, *ids, version=version, **how)

    async def tell(self, doi):
        """All of it; ``doi`` is a publication of the dataset."""
        await self._named()
        await self._dataset()
        await self._parts()
        await self._lists(doi)
        await self._end()

    async def _named(self):
        self.sample, self.proposal, self.instrument = (f"{kind} {HARD}" for kind in ("sample", "proposal", "tool"))
        named = {
            "samples": (self.sample, {"sampleId": self.sample, "ownerGroup": "GET"}, {"description": "溶菌酶"}),
            "proposals": (
                self.proposal,
                {"proposalId": self.proposal, "ownerGroup": "GET", "title": "t", "email": "z@example.org"},
                {"abstract": "a"},
            ),
            "instruments": (
                self.instrument,
                {"pid": self.instrument, "name": "AMO", "uniqueName": self.instrument},
                {"name": "SFX"},
            ),
        }
        for plural, (name, body, change) in named.items():
            await self.call("POST", plural, body=body)
            await self.call("PATCH", plural + "/{id}", name, body=change)
            await self.call("GET", plural + "/{id}", name)
            await self.call("GET", plural, query={"filter": {"limits": {"limit": 5}}})
            await self.call("GET", f"{plural}/count")
            await self.call("GET", f"{plural}/findOne", query={"filter": {}})
            if plural != "instruments":
                await self.call("GET", f"{plural}/fullquery", query={"fields": {}, "limits": {"limit": 5}})
                await self.call("GET", plural + "/{id}/authorization", name)
        await self.call("GET", "proposals/fullfacet", query={"fields": {}, "facets": ["type"]})
        await self.call("GET", "samples/metadataKeys", query={"fields": {}})

    async def _dataset(self):
        old = {key: value for key, value in DATASET.items() if key not in V3_ONLY}
        old.update(sampleId=self.sample, proposalId=self.proposal, principalInvestigator="z", creationLocation="/X")
        await self.call("POST", "datasets/isValid", body=old)
        await self.call("POST", "datasets/isValid", version=4, body=DATASET)
        await self.call("POST", "datasets", body=old)
        await self.call("DELETE", "datasets/{id}", HARD)
        await self.call("POST", "datasets", version=4, body=DATASET)
        await self.call("PATCH", "datasets/{id}", HARD, version=4, body={"keywords": ["溶菌酶"]})
        await self.call("PUT", "datasets/{id}", HARD, body={"description": "ä"})
        append = "datasets/{id}/appendToArrayField?" + urlencode({"fieldName": "keywords", "data": '["neu"]'})
        await self.call("POST", append, HARD)
        await self.call("PATCH", "datasets/{id}/datasetlifecycle", HARD, body={"archivable": False})
        await self.both("datasets/{id}/datasetlifecycle", HARD)
        await self.both("datasets/{id}", HARD)

    async def _parts(self):
        nested = "datasets/{id}/origdatablocks"
        block = await self.call("POST", nested, HARD, body=BLOCK)
        await self.call("PATCH", nested + "/{id}", HARD, block["id"], body={"size": 4})
        await self.both(nested, HARD)
        await self.call("POST", "origdatablocks/isValid", version=4, body={**BLOCK, "datasetId": HARD})
        other = await self.call("POST", "origdatablocks", version=4, body={**BLOCK, "datasetId": HARD})
        await self.call("PATCH", "origdatablocks/{id}", other["_id"], version=4, body={"size": 5})
        await self.both("origdatablocks/{id}", other["_id"])
        for name in ("origdatablocks", "origdatablocks/files", "origdatablocks/public"):
            await self.both(name, query={"filter": {"where": {"datasetId": HARD}}})
        for end in ("fullquery", "fullquery/files"):
            await self.call("GET", f"origdatablocks/{end}", query={"fields": {"datasetId": HARD}, "limits": {}})
        for end in ("fullfacet", "fullfacet/files"):
            await self.both(f"origdatablocks/{end}", query={"fields": {"datasetId": HARD}, "facets": ["datasetId"]})
        await self.call("DELETE", nested + "/{id}", HARD, block["id"])
        await self.call("DELETE", "origdatablocks/{id}", other["_id"], version=4)
        await self.both("datasets/{id}/datablocks", HARD)

        nested = "datasets/{id}/attachments"
        figure = await self.call("POST", nested, HARD, body=FIGURE)
        await self.call("PUT", nested + "/{id}", HARD, figure["id"], body={"caption": "b"})
        await self.call("PATCH", nested + "/{id}", HARD, figure["id"], body={"caption": "c"})
        await self.both(nested, HARD)
        await self.call("GET", "datasets/{id}/thumbnail", HARD)
        related = [{"targetId": HARD, "targetType": "dataset", "relationType": "is attached to"}]
        body = {**FIGURE, "aid": f"figure {HARD}", "relationships": related}
        await self.call("POST", "attachments/isValid", version=4, body=body)
        await self.call("POST", "attachments", version=4, body=body)
        one = "attachments/{id}"
        await self.call("PATCH", one, body["aid"], version=4, body={"caption": "d"})
        await self.call("PUT", one, body["aid"], version=4, body={"caption": "e"})
        await self.call("GET", one, body["aid"], version=4)
        await self.call("GET", "attachments", version=4, query={"filter": {}})
        await self.call("PATCH", one, body["aid"], version=4, body={"isPublished": True})
        await self.call("GET", "attachments/public", version=4, query={"filter": {}})
        await self.call("DELETE", one, body["aid"], version=4)
        await self.call("DELETE", nested + "/{id}", HARD, figure["id"])

    async def _lists(self, doi):
        for public in ("", "public/"):
            if public:
                await self.call("PATCH", "datasets/{id}", HARD, version=4, body={"isPublished": True})
                block = await self.call("POST", "origdatablocks", body={**BLOCK, "datasetId": HARD})
                await self.call("GET", "origdatablocks/public/{id}", block["id"], version=4)
                await self.both("datasets/public", query={"filter": {"where": {"pid": HARD}}})
                await self.both("datasets/public/{id}", HARD)
            else:
                await self.both("datasets", query={"filter": {"where": {"pid": HARD}}})
            await self.both(f"datasets/{public}count", query={"where": {"pid": HARD}, "filter": {"where": {}}})
            await self.both(f"datasets/{public}findOne", query={"filter": {"where": {"pid": HARD}}})
            await self.both(f"datasets/{public}fullfacet", query={"fields": {"text": "ä"}, "facets": ["type"]})
        await self.call("GET", "datasets/fullquery", query={"fields": {"text": "ä b%2F"}, "limits": {"limit": 3}})
        await self.both("datasets/metadataKeys", query={"fields": {}, "filter": {}})
        await self.call("GET", "metadatakeys", version=4, query={"filter": {}})
        await self.call("GET", "samples/{id}/datasets", self.sample)
        await self.call("GET", "proposals/{id}/datasets", self.proposal)
        await self.call("GET", "samples/{id}/attachments", self.sample)
        await self.call("GET", "proposals/{id}/attachments", self.proposal)
        await self.call("GET", "health")
        await self.call("GET", "auth/whoami")
        await self.call("GET", "users/my/identity")
        me = await self.call("GET", "users/my/self")
        await self.call("GET", "users/{id}/authorization/dataset/create", me["id"])
        await self.call("GET", "runtime-config/{id}", "frontendConfig")
        await self.call("GET", "history", query={"filter": {"where": {"documentId": HARD}, "limits": {"limit": 1}}})
        await self.call("GET", "policies")
        await self.both("publisheddata")
        await self.both("publisheddata/count")
        await self.both("publisheddata/{id}", doi)
        await self.both("datasets/{id}/logbook", HARD)
        await self.call("GET", "logbooks/{id}", HARD)
        job = await self.call("POST", "jobs", version=4, body=JOB)
        await self.both("jobs/{id}", job["id"])
        await self.both("jobs", query={"filter": {"where": {"id": job["id"]}}})
        await self.both("jobs/fullquery", query={"fields": {"id": job["id"]}, "limits": {}})
        await self.both("jobs/fullfacet", query={"fields": {"id": job["id"]}, "facets": ["type"]})

    async def _end(self):
        await self.call("DELETE", "datasets/{id}", HARD)
        for plural, name in (
            ("samples", self.sample),
            ("proposals", self.proposal),
            ("instruments", self.instrument),
        ):
            await self.call("DELETE", plural + "/{id}", name)
        await self.both("datasets/{id}", HARD)
