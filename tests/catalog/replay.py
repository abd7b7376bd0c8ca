"""Replay recorded calls of a real SciCat against a fresh catalog, and say where the answers differ.

    SHINECAT_TRANSCRIPTS=transcripts.jsonl python tests/catalog/replay.py [--all]

Each line of the file is one call: name, method, path, auth (account name), headers, body, status, response. Ids, tokens
and moments differ between two servers: those of the record are bound to those of the answer at their first appearance,
and from then on must agree. What must differ is listed below with its reason, and in docs/en/scicat-differences.md.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from jupyter_shinecat.testing.catalog import CatalogProcess

GROUPS = {
    "admin": ["admin"],
    "adminIngestor": ["admin"],
    "archiveManager": ["archivemanager"],
    "datasetIngestor": ["datasetingestor"],
    "proposalIngestor": ["proposalingestor"],
    "sampleIngestor": ["sampleingestor"],
    "user1": ["group1"],
    "user2": ["group2"],
    "user3": ["group3"],
    "user4": ["group4"],
    "user5.1": ["group5"],
    "user5.2": ["group5"],
    "user6": ["group6"],
}
SETTINGS = {
    "ADMIN_GROUPS": "admin",
    "DELETE_GROUPS": "archivemanager",
    "CREATE_DATASET_GROUPS": "group1,group2,group3",
    "CREATE_DATASET_WITH_PID_GROUPS": "group2",
    "CREATE_DATASET_PRIVILEGED_GROUPS": "datasetingestor",
    "UPDATE_DATASET_LIFECYCLE_GROUPS": "archivemanager",
    "PROPOSAL_GROUPS": "proposalingestor",
    "SAMPLE_PRIVILEGED_GROUPS": "sampleingestor",
    "PID_PREFIX": "scicat_testing/",
    "DOI_PREFIX": "10.17199",
    "DATASET_CREATION_VALIDATION_ENABLED": "true",
    "DATASET_CREATION_VALIDATION_REGEX": "^scicat_testing/[0-9A-Za-z-]+$",
}
JOBS = {
    "configVersion": "v1.0 2024-03-01 6f3f38",
    "jobs": [
        {
            "jobType": "all_access",
            "create": {"auth": "#all", "actions": [{"actionType": "log"}]},
            "update": {"auth": "#jobAdmin", "actions": [{"actionType": "log"}]},
        }
    ],
}

# name of the call -> places in the answer ("" is the whole, "status" the status) -> why ours differs.
_NULL = "no null is stored in a list: SciCat's own models refuse it"
DIFFERENT: dict[str, dict[str, str]] = {
    "health": {
        ".info.": "the parts are SQLite, the writer, the search index and the disk",
        ".details.": "the parts are SQLite, the writer, the search index and the disk",
    },
    "dataset derived create": {".proposalIds": _NULL},
    "fullquery scientific energy EQUAL_TO 12400eV": {"[].proposalIds": _NULL, "[].proposalId": _NULL},
    "fullquery creationTime range": {"[].proposalIds": _NULL, "[].proposalId": _NULL},
    "dataset delete archivemanager": {".proposalIds": _NULL},
    "metadataKeys v3": {
        "status": "the real server fails with 500", "": "the real server fails with 500",
    },
    "v4 metadatakeys": {
        "[].usageCount": "only datasets that the caller sees are counted",
        "[].userGroupCounts": "only datasets that the caller sees are counted",
    },
}  # fmt: skip

_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{22}(?:[0-9a-f]{2})?\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SERVER_MADE = {
    "createdAt", "updatedAt", "created", "modified", "dateOfDiskPurging", "publishedOn", "archiveRetentionTime",
    "dateOfPublishing", "registeredTime",
}  # fmt: skip
# Neither MongoDB's order of equal counts nor the order of accounts is promised.
_UNORDERED = {"fullfacet", "fullfacet text", "proposal fullfacet", "users list as admin", "v4 metadatakeys"}


class Replay:
    """One run over one catalog."""

    def __init__(self, catalog: CatalogProcess) -> None:
        self._catalog = catalog
        self._http = httpx.Client(base_url=catalog.url, timeout=60)
        self._tokens = {name: catalog.token(name) for name in GROUPS}
        self._ids: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    def prepare(self, calls: list[dict[str, Any]]) -> None:
        """What the recorded server held before: settings of a user, and ids of accounts that are asked for early."""
        admin = {"Authorization": f"Bearer {self._tokens['admin']}"}
        ids = {user["username"]: user["id"] for user in self._http.get("/api/v3/users", headers=admin).json()}
        ingestor = {"Authorization": f"Bearer {self._tokens['adminIngestor']}"}
        for call in calls:
            if call["name"] == "runtime config":
                self._http.put(call["path"], headers=ingestor, json={"data": call["response"]["data"]})
            if call["name"] == "users list as admin":
                self._ids.update({user["id"]: ids[user["username"]] for user in call["response"]})
            if call["name"] == "my settings":
                body = {key: call["response"][key] for key in ("datasetCount", "jobCount", "externalSettings")}
                self._http.put(f"/api/v3/users/{ids['user1']}/settings", headers=admin, json=body)

    def run(self, call: dict[str, Any]) -> list[str]:
        """Differences of one call, as texts that begin with the place."""
        headers = {name: value for name, value in call["headers"].items() if name != "host"}
        if call["auth"] == "<custom>":
            headers["authorization"] = "Bearer garbage"
        elif call["auth"]:
            headers["authorization"] = f"Bearer {self._tokens[call['auth']]}"
        body = self._translated(call["body"])
        if isinstance(body, dict) and body.get("password") == "<redacted>":
            right = self._catalog.password(body["username"])
            body["password"] = "wrong" if "wrong" in call["name"] else right
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        answer = self._http.request(call["method"], self._translated(call["path"]), headers=headers, content=content)
        found: list[str] = []
        if answer.status_code != call["status"]:
            found.append(f"status: {call['status']} there, {answer.status_code} here: {answer.text[:200]}")
        try:
            got = answer.json() if answer.content else ""
        except ValueError:
            got = answer.text
        self._compare(call["response"], got, "", call["name"] in _UNORDERED, found)
        return found

    def _translated(self, value: Any) -> Any:
        if isinstance(value, str):
            return _IDS.sub(lambda match: self._ids.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return {key: self._translated(item) for key, item in value.items()}
        return [self._translated(item) for item in value] if isinstance(value, list) else value

    def _compare(self, there: Any, here: Any, place: str, unordered: bool, found: list[str]) -> None:
        there, here = _whole_id(there), _whole_id(here)
        if isinstance(there, dict) and isinstance(here, dict):
            # Known ids first: an element is recognised by them.
            for key in there.keys() - here.keys():
                found.append(f"{place}.{key}: missing here, there {json.dumps(there[key])[:120]}")
            for key in here.keys() - there.keys():
                found.append(f"{place}.{key}: only here: {json.dumps(here[key])[:120]}")
            for key in there.keys() & here.keys():
                self._compare(there[key], here[key], f"{place}.{key}", unordered, found)
        elif isinstance(there, list) and isinstance(here, list):
            if len(there) != len(here):
                found.append(f"{place}: {len(there)} elements there, {len(here)} here")
                return
            if unordered:
                there, here = sorted(there, key=_mark), sorted(here, key=_mark)
            for number, (one, other) in enumerate(zip(there, here, strict=True)):
                self._compare(one, other, f"{place}[{number}]", unordered, found)
        elif not self._same(there, here, place.rsplit(".", 1)[-1]):
            found.append(f"{place}: {json.dumps(there)[:160]} there, {json.dumps(here)[:160]} here")

    def _same(self, there: Any, here: Any, key: str) -> bool:
        if there == here and type(there) is type(here):
            # An id of the record that stands for another one here must not come back by itself.
            return not isinstance(there, str) or all(self._ids.get(id, id) == id for id in _IDS.findall(there))
        if isinstance(there, (int, float)) and isinstance(here, (int, float)):
            return not isinstance(there, bool) and not isinstance(here, bool) and abs(there - here) <= 1e-9 * abs(there)
        if not isinstance(there, str) or not isinstance(here, str):
            return False
        if there == "<JWT>":
            return here.count(".") == 2
        if _MOMENT.fullmatch(there) and _MOMENT.fullmatch(here):
            return key in _SERVER_MADE or (key == "creationTime" and there[:10] == "2026-11-22")
        ours = _IDS.findall(here)
        theirs = _IDS.findall(there)
        if len(ours) != len(theirs) or _IDS.sub("#", there) != _IDS.sub("#", here):
            return False
        return all(self._ids.setdefault(a, b) == b for a, b in zip(theirs, ours, strict=True))


def _whole_id(value: Any) -> Any:
    """An id that comes as the bytes of a buffer, as a text that ids are bound by; all else as it is."""
    if isinstance(value, dict) and value.get("type") == "Buffer":
        return f"Buffer {bytes(value['data']).hex()}"
    return value


def _mark(value: Any) -> str:
    """A key to order elements by that doesn't depend on ids."""
    if isinstance(value, dict):
        name = value.get("username") or value.get("key") or value.get("_id")
        return json.dumps(name, sort_keys=True)
    return json.dumps(value, sort_keys=True)


def excused(name: str, difference: str) -> str | None:
    """The reason why this difference must be, or None."""
    place = difference.split(": ", 1)[0]
    for pattern, reason in DIFFERENT.get(name, {}).items():
        if pattern == "" or place == pattern or re.sub(r"\[\d+\]", "[]", place).startswith(pattern):
            return reason
    return None


def not_implemented(call: dict[str, Any], differences: list[str]) -> bool:
    """Whether ours has no such route."""
    return call["status"] != 404 and any(text.startswith("status:") and "Cannot " in text for text in differences)


def replay(transcripts: Path, folder: Path) -> list[tuple[dict[str, Any], list[str]]]:
    """Every call with its differences."""
    calls = [json.loads(line) for line in transcripts.read_text(encoding="utf-8").splitlines() if line.strip()]
    recorded = {call["name"]: call["response"] for call in calls}
    files = {
        "FRONTEND_CONFIG_FILE": recorded.get("frontend config", {}),
        "FRONTEND_THEME_FILE": recorded.get("frontend theme", {}),
        "PUBLISHED_DATA_CONFIG_FILE": recorded.get("publisheddata config", {}),
        "JOB_CONFIGURATION_FILE": JOBS,
    }
    settings = dict(SETTINGS)
    for name, content in files.items():
        path = folder / f"{name.lower()}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        settings[name] = str(path)
    emails = {user["username"]: user["email"] for user in recorded["users list as admin"]}
    catalog = CatalogProcess(
        folder / "data", accounts=GROUPS, settings=settings, profile="scicat-5", emails=emails
    ).start()
    try:
        run = Replay(catalog)
        try:
            run.prepare(calls)
            return [(call, run.run(call)) for call in calls]
        finally:
            run.close()
    finally:
        catalog.stop()


def main(arguments: list[str]) -> int:
    """Print matched, differing and not implemented calls; 1 when one differs without a listed reason."""
    given = os.environ.get("SHINECAT_TRANSCRIPTS")
    if not given:
        print("SHINECAT_TRANSCRIPTS names no file: nothing to replay", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        results = replay(Path(given), Path(folder))
    counts = {"matched": 0, "differing with a listed reason": 0, "differing": 0, "not implemented": 0}
    for call, differences in results:
        reasons = {text: excused(call["name"], text) for text in differences}
        open_ones = [text for text, reason in reasons.items() if reason is None]
        if not differences:
            kind = "matched"
        elif not open_ones:
            kind = "differing with a listed reason"
        else:
            kind = "not implemented" if not_implemented(call, open_ones) else "differing"
        counts[kind] += 1
        if kind != "matched":
            print(f"{kind}: {call['name']} ({call['method']} {call['path'][:80]})")
            for text, reason in reasons.items():
                if reason is None or "--all" in arguments:
                    print(f"    {text}" + (f"\n        because {reason}" if reason else ""))
    print(", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if counts["differing"] or counts["not implemented"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
