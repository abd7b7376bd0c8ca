"""The file service as a process, against a real catalog: what it gives to whom, and every way to ask for more."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_shinecat.files.roots import ConfigError, load_config
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog
from jupyter_shinecat.testing.files import FilesProcess, running_files

BYTES = bytes(range(256)) * 4


@dataclass
class Site:
    """A catalog, a file service, folders of two groups, and tokens of their people."""

    catalog: CatalogProcess
    service: FilesProcess
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def add(self, who: str, group: str, folder: Path | str, *paths: str, **fields: Any) -> str:
        doc = {"ownerGroup": group, "contactEmail": "x@example.org", "sourceFolder": str(folder), "type": "raw",
               "creationTime": "2026-03-01T10:00:00Z", "datasetName": "run", **fields}  # fmt: skip
        with CatalogClient(self.catalog.url, self.tokens[who]) as client:
            pid = client.create_dataset(doc).pid
            listed = [{"path": path, "size": 1, "time": "2026-03-01T10:00:00Z"} for path in paths]
            client.create_origdatablock(pid, {"size": 1, "dataFileList": listed})
        return pid

    def get(self, who: str | None, pid: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        if who is not None:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        params = {"pid": pid, "path": path}
        return httpx.request(
            method, f"{self.service.url}/data", params=params, headers=headers, timeout=60, trust_env=False
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for name in ("GET/run 17", "AMO/run", "AMO/pool", "elsewhere", "mounted/deep"):
        (folder / name).mkdir(parents=True)
    for name in ("GET/run 17/溶菌酶 1%2F.h5", "AMO/run/a.h5", "AMO/pool/p.h5", "elsewhere/secret", "mounted/deep/m.h5"):
        (folder / name).write_bytes(BYTES)
    roots = [
        {"group": "GET", "folder": str(folder / "GET")},
        # Around the other group's root, as where an operator gives a group all of a disk.
        {"groups": ["AMO"], "folder": str(folder)},
        {"group": "GET", "host": "daq1", "folder": "/beamline", "path": str(folder / "mounted")},
    ]
    with running_catalog(tmp_path_factory.mktemp("catalog")) as catalog, running_files(
        folder / "service", catalog.url, roots
    ) as service:  # fmt: skip
        made = Site(catalog, service, folder)
        made.tokens = {who: catalog.token(who) for who in ("zhangxf", "wangxch", "admin")}
        yield made


@pytest.fixture(scope="module")
def pid(site: Site) -> str:
    return site.add("zhangxf", "GET", site.folder / "GET/run 17", "溶菌酶 1%2F.h5")


NAME = "溶菌酶 1%2F.h5"


def refused(response: httpx.Response, status: int) -> str:
    """The sentence of a refusal, which has SciCat's shape and none of the bytes."""
    assert response.status_code == status, response.text
    body = response.json()
    assert (body["statusCode"], bool(body["error"]), bool(body["message"])) == (status, True, True)
    assert BYTES[:20] not in response.content
    return body["message"]


def test_whole_file_and_head(site: Site, pid: str) -> None:
    whole = site.get("zhangxf", pid, NAME)
    assert (whole.status_code, whole.content) == (200, BYTES)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in whole.headers["Cache-Control"]
    head = site.get("zhangxf", pid, NAME, "HEAD")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(BYTES)), b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    part = site.get("zhangxf", pid, NAME, "HEAD", Range="bytes=0-9")
    assert (part.status_code, part.headers["Content-Length"]) == (200, str(len(BYTES))), "ranges are for GET"


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=1000-", 206, 1000, 1024),
        ("bytes=-5", 206, 1019, 1024),
        ("bytes=-5000", 206, 0, 1024),
        ("bytes=1020-99999999999999", 206, 1020, 1024),
        ("bytes=1020-" + "9" * 30, 206, 1020, 1024),
        ("bytes=-" + "9" * 30, 206, 0, 1024),
        ("BYTES = 3-3", 206, 3, 4),
        ("bytes=0-1,5-6", 200, 0, 1024),
        ("bytes=9-3", 200, 0, 1024),
        ("lines=0-9", 200, 0, 1024),
        ("bytes=" + "9" * 400 + "-", 200, 0, 1024),
        ("bytes=1024-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_ranges(site: Site, pid: str, asked: str, status: int, start: int, end: int) -> None:
    answer = site.get("zhangxf", pid, NAME, Range=asked)
    if status == 416:
        refused(answer, 416)
        assert answer.headers["Content-Range"] == "bytes */1024"
        return
    assert (answer.status_code, answer.content) == (status, BYTES[start:end])
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"


def test_validators(site: Site) -> None:
    file = site.folder / "GET/run 17/changing.h5"
    file.write_bytes(b"abc")
    pid = site.add("zhangxf", "GET", site.folder / "GET/run 17", "changing.h5")
    etag = site.get("zhangxf", pid, "changing.h5").headers["ETag"]
    assert site.get("zhangxf", pid, "changing.h5", If_None_Match=etag).status_code == 304
    assert site.get("zhangxf", pid, "changing.h5", If_None_Match=f'"x", W/{etag}').status_code == 304
    refused(site.get("zhangxf", pid, "changing.h5", If_Match=f"W/{etag}"), 412)
    assert site.get("zhangxf", pid, "changing.h5", If_Match=etag, Range="bytes=1-1").content == b"b"
    file.with_name("new").write_bytes(b"xyz")
    os.utime(file.with_name("new"), ns=(os.stat(file).st_atime_ns, os.stat(file).st_mtime_ns))
    os.replace(file.with_name("new"), file)  # same size, same time: another inode
    refused(site.get("zhangxf", pid, "changing.h5", If_Match=etag, Range="bytes=1-1"), 412)
    assert site.get("zhangxf", pid, "changing.h5", If_Range=etag, Range="bytes=1-1").content == b"xyz"


def test_who_may_not_read_the_dataset_gets_nothing(site: Site, pid: str) -> None:
    unknown = refused(site.get("wangxch", "no/such", NAME), 404).replace("no/such", "PID")
    assert refused(site.get("wangxch", pid, NAME), 404).replace(pid, "PID") == unknown
    refused(site.get(None, pid, NAME), 404)
    for given in ("Bearer abc.def.ghi", f"Bearer {site.tokens['zhangxf']}x"):
        refused(site.get(None, pid, NAME, Authorization=given), 401)
    for given in ("Basic eDp5", "Bearer", site.tokens["zhangxf"]):
        assert site.get(None, pid, NAME, Authorization=given).status_code == 401
    # A token in the address is not one.
    url = f"{site.service.url}/data"
    answer = httpx.get(url, params={"pid": pid, "path": NAME, "access_token": site.tokens["zhangxf"]}, trust_env=False)
    refused(answer, 404)


def test_access_group_reads_published_is_read_by_all(site: Site) -> None:
    shared = site.add("wangxch", "AMO", site.folder / "AMO/run", "a.h5", accessGroups=["GET"])
    assert site.get("zhangxf", shared, "a.h5").content == BYTES
    public = site.add("admin", "AMO", site.folder / "AMO/run", "a.h5", isPublished=True)
    assert site.get(None, public, "a.h5").content == BYTES


def test_files_that_the_dataset_does_not_list(site: Site) -> None:
    pid = site.add("wangxch", "AMO", site.folder / "AMO/run", "a.h5")
    for path in ("../pool/p.h5", str(site.folder / "AMO/run/a.h5"), "b.h5", "./a.h5", "a.h5/", "."):
        refused(site.get("wangxch", pid, path), 404)
    for params in ({}, {"pid": pid}, {"path": "a.h5"}, {"pid": pid, "path": "a\0"}):
        headers = {"Authorization": f"Bearer {site.tokens['wangxch']}"}
        refused(httpx.get(f"{site.service.url}/data", params=params, headers=headers, trust_env=False), 400)


@pytest.mark.parametrize(
    "folder", ["GET/run 17", "GET", "elsewhere/../GET/run 17", "/etc", "/", "relative", "GET/run 17/", "//etc"]
)
@pytest.mark.parametrize("path", [NAME, "passwd", "hostname"])
def test_dataset_registered_with_a_folder_of_others_gives_nothing(site: Site, folder: str, path: str) -> None:
    given = folder if folder.startswith("/") or folder == "relative" else str(site.folder / folder)
    pid = site.add("wangxch", "AMO", given, path)
    assert site.get("wangxch", pid, path).status_code in (403, 404)
    assert BYTES[:20] not in site.get("wangxch", pid, path).content


@pytest.mark.parametrize(
    "path",
    ["../GET/run 17/" + NAME, "run/../../GET/run 17/" + NAME, "{root}/GET/run 17/" + NAME,
     "{root}/AMO/../GET/run 17/" + NAME,
     "/etc/passwd", "link to file", "link to folder/" + NAME, "chain", "../../../../../../etc/passwd",
     "fifo", "folder", "/"],
)  # fmt: skip
def test_names_and_links_that_lead_out_give_nothing(site: Site, path: str) -> None:
    own = site.folder / "AMO"
    links = {"link to file": site.folder / "GET/run 17" / NAME, "link to folder": site.folder / "GET/run 17",
             "chain": own / "link to file"}  # fmt: skip
    for name, target in links.items():
        if not (own / name).is_symlink():
            (own / name).symlink_to(target)
    (own / "folder").mkdir(exist_ok=True)
    if not (own / "fifo").exists():
        os.mkfifo(own / "fifo")
    name = path.format(root=site.folder)
    pid = site.add("wangxch", "AMO", own, name)
    answer = site.get("wangxch", pid, name)
    assert refused(answer, answer.status_code)
    assert answer.status_code in (403, 404)


def test_links_inside_one_groups_root_are_followed(site: Site) -> None:
    (site.folder / "AMO/run/link.h5").symlink_to("../pool/p.h5")
    pid = site.add("wangxch", "AMO", site.folder / "AMO/run", "link.h5")
    assert site.get("wangxch", pid, "link.h5").content == BYTES


def test_host_chooses_the_root(site: Site) -> None:
    far = site.add("zhangxf", "GET", "/beamline/deep", "m.h5", sourceFolderHost="daq1")
    assert site.get("zhangxf", far, "m.h5").content == BYTES
    other = site.add("zhangxf", "GET", "/beamline/deep", "m.h5", sourceFolderHost="daq2")
    assert "no root that is configured" in refused(site.get("zhangxf", other, "m.h5"), 403)
    absolute = site.add("zhangxf", "GET", "/beamline/deep", "/beamline/deep/m.h5", sourceFolderHost="daq1")
    assert site.get("zhangxf", absolute, "/beamline/deep/m.h5").content == BYTES


def test_file_that_is_gone(site: Site) -> None:
    pid = site.add("zhangxf", "GET", site.folder / "GET/run 17", "gone.h5")
    refused(site.get("zhangxf", pid, "gone.h5"), 404)


def test_access_that_is_taken_away_ends_within_seconds_in_the_middle_of_a_file_too(site: Site) -> None:
    big = site.folder / "GET/run 17/big.h5"
    with big.open("wb") as file:
        file.truncate(3 << 30)
    pid = site.add("zhangxf", "GET", site.folder / "GET/run 17", "big.h5", accessGroups=["AMO"])
    assert site.get("wangxch", pid, "big.h5", Range="bytes=0-0").status_code == 206
    host, port = site.service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as slow:
        slow.sendall(
            f"GET /data?pid={pid.replace('/', '%2F')}&path=big.h5 HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {site.tokens['wangxch']}\r\n\r\n".encode()
        )
        received = len(slow.recv(4096))
        with CatalogClient(site.catalog.url, site.tokens["zhangxf"]) as client:
            client.patch_dataset(pid, {"accessGroups": []})
        narrowed = time.monotonic()
        while site.get("wangxch", pid, "big.h5", Range="bytes=0-0").status_code != 404:
            assert time.monotonic() < narrowed + 60, "the old yes still counts"
            time.sleep(0.2)
        # The answer that runs: nothing more after what was on its way already.
        try:
            while part := slow.recv(1 << 20):
                received += len(part)
        except ConnectionError:
            pass
    assert received < 1 << 30
    big.unlink()


def test_catalog_away(site: Site, tmp_path: Path) -> None:
    with running_files(tmp_path, "http://127.0.0.1:9", [{"group": "GET", "folder": "/data"}]) as service:
        answer = httpx.get(f"{service.url}/data", params={"pid": "x/1", "path": "a"}, trust_env=False, timeout=60)
        refused(answer, 503)
        assert httpx.get(f"{service.url}/health", trust_env=False).json() == {"status": "ok"}
        refused(httpx.get(f"{service.url}/etc/passwd", trust_env=False), 404)
        refused(httpx.post(f"{service.url}/data", trust_env=False), 405)


def test_no_token_in_the_log(site: Site, pid: str) -> None:
    site.get("zhangxf", pid, "line\nbreak")
    text = site.service.log.read_text(encoding="utf-8")
    assert "'line\\nbreak'" in text, "what was asked for is in the log, on one line"
    for token in site.tokens.values():
        assert token not in text
        assert token[-20:] not in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "configuration can't be used"),
        ("- 1", "no list of settings"),
        ("roots: [{group: G, folder: /x}]", "no catalog_url"),
        ("catalog_url: http://x", "no roots"),
        ("{catalog_url: http://x, roots: [], more: 1}", "more is unknown"),
        ("{catalog_url: http://x, roots: [{folder: /x}]}", "needs a group"),
        ("{catalog_url: http://x, roots: [{group: G, folder: x}]}", "must be absolute"),
        ("{catalog_url: http://x, roots: [{group: G, folder: /x/../y}]}", "must be absolute"),
        ("{catalog_url: http://x, roots: [{group: G, folder: /x, user: me}]}", "can't be understood"),
        ("{catalog_url: http://x, roots: [{groups: [1], folder: /x}]}", "needs a group"),
    ],
)
def test_configuration_that_makes_no_sense_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_config(tmp_path / "c.yaml")


def test_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load_config(tmp_path / "none.yaml")
