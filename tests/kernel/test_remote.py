"""Files on a machine that is not mounted here, read through the file service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import httpx
import numpy as np
import pytest
from kernel.samples import list_mode

import jupyter_shinecat as sc
from jupyter_shinecat.kernel import remote
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.testing.files import FilesProcess, running_files
from jupyter_shinecat.testing.kernels import KernelProcess, running_kernel, spool_lines

SHAPE = (40, 500, 1000)


@pytest.fixture(scope="module")
def far(facility, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilesProcess]:
    """A machine ``daq1`` whose folder ``/beamline`` only its file service can read."""
    disk = tmp_path_factory.mktemp("daq1")
    with h5py.File(disk / "frames 溶菌酶.h5", "w") as file:
        file.create_dataset(
            "entry/data", data=np.arange(np.prod(SHAPE), dtype="u2").reshape(SHAPE), chunks=(1, 250, 500)
        )
        file["entry/compound"] = np.zeros(3, dtype=[("a", "i4"), ("b", "f8")])
    with h5py.File(disk / "put together.h5", "w", userblock_size=512) as file:
        file["x"] = np.arange(10, dtype="i4")
        for name, source in (("other", "part.h5"), ("own", ".")):
            layout = h5py.VirtualLayout(shape=(10,), dtype="i4")
            layout[:] = h5py.VirtualSource(source, "x", shape=(10,))
            file.create_virtual_dataset(name, layout, fillvalue=-1)
        file["link"] = h5py.ExternalLink("part.h5", "/x")
    (disk / "table.csv").write_text("a,b\n1,2\n")
    (disk / "not.h5").write_text("no HDF5")
    sizes = {path.name: path.stat().st_size for path in disk.iterdir()}
    common = {"sourceFolder": "/beamline", "sourceFolderHost": "daq1"}
    facility.add("far frames", {"frames 溶菌酶.h5": sizes["frames 溶菌酶.h5"]}, **common)
    facility.add("far table", {"table.csv": sizes["table.csv"]}, **common)
    facility.add("far parts", {"put together.h5": sizes["put together.h5"]}, **common)
    facility.add("far bad", {"not.h5": sizes["not.h5"]}, **common)
    facility.add("far short", {"frames 溶菌酶.h5": sizes["frames 溶菌酶.h5"] + 1000}, **common)
    (disk / "run.lmf").write_bytes(list_mode(b"jet") + bytes(3 * 1024 * 1024))
    facility.add("far events", {"run.lmf": (disk / "run.lmf").stat().st_size}, **common)
    facility.add("far gone", {"gone.h5": 10}, **common)
    facility.add("far elsewhere", {"a.h5": 10}, sourceFolder="/private", sourceFolderHost="daq1")
    roots = [{"group": "GET", "host": "daq1", "folder": "/beamline", "path": str(disk)}]
    with running_files(tmp_path_factory.mktemp("service"), facility.catalog.url, roots) as service:
        service.disk = disk  # type: ignore[attr-defined]
        yield service


@pytest.fixture
def there(here, far, monkeypatch: pytest.MonkeyPatch):
    """This process as a kernel without the folders, which knows the file service."""
    monkeypatch.setenv("SHINECAT_FILES_URL", far.url)
    return here


def test_hdf5_reads_as_if_it_were_here(there) -> None:
    ds = sc.open(there.pids["far frames"])
    with ds.h5() as file:
        assert isinstance(file, h5py.File)
        assert file.mode == "r"
        assert file["entry/data"].shape == SHAPE
        expected = np.arange(np.prod(SHAPE), dtype="u2").reshape(SHAPE)
        assert np.array_equal(file["entry/data"][3, 100:120, ::7], expected[3, 100:120, ::7])
        assert np.array_equal(file["entry/data"][-1], expected[-1])
    assert ds["/entry/data"][0, 0, 5] == ds["/entry/data"][0, 0, 5] == 5
    assert ds.table(path="/entry/compound").shape == (3, 2)
    assert ds.image(2, "/entry/data").shape == SHAPE[1:]
    assert "/entry/data" in ds._ipython_key_completions_()
    assert sc.open(there.pids["far table"]).table().to_dict("list") == {"a": [1], "b": [2]}


def test_a_large_slice_moves_little_more_than_its_chunks(there) -> None:
    client = remote.service()
    assert client is not None
    with sc.open(there.pids["far frames"]).h5() as file:
        data = file["entry/data"]
        for index, chunks in ((np.s_[5:25], 80), (np.s_[:, :200, :400], 40)):
            before = client.received_bytes
            data[index]
            assert client.received_bytes - before <= 1.2 * max(chunks * 250 * 500 * 2, 20_000_000)


def test_a_file_that_changes_meanwhile_is_not_mixed(there, far) -> None:
    with sc.open(there.pids["far frames"]).h5() as file:
        assert file["entry/data"][0, 0, 1] == 1
        os.utime(far.disk / "frames 溶菌酶.h5", ns=(1, 1))
        with pytest.raises(OSError, match="has changed while it was read"):
            file["entry/data"][20:]


@pytest.mark.parametrize(
    ("key", "state", "words"),
    [
        ("far bad", "format", "can't be opened as HDF5"),
        ("far short", "truncated", "a part of it is missing"),
        ("far gone", "missing", "does not give it either: gone"),
        ("far elsewhere", "missing", "does not give it either: a.h5 of .* is not given out"),
    ],
)
def test_what_the_service_does_not_give_has_its_sentence(there, key: str, state: str, words: str) -> None:
    with pytest.raises(FileProblem, match=words) as caught:
        sc.open(there.pids[key]).h5()
    assert caught.value.state == state


def test_what_lies_in_other_files_is_no_data_of_this_one(there) -> None:
    """HDF5 opens every other file through the same file object, and finds the same names in it."""
    ds = sc.open(there.pids["far parts"])
    with ds.h5() as file:
        assert file["own"][3] == file["x"][3] == 3
        with pytest.warns(UserWarning, match="lies in another file, which can't be read over the network"):
            assert file.get("link") is None
        for name in ("other", "link"):
            with pytest.raises((OSError, KeyError), match="file signature not found"):
                file[name][()]
        assert file["x"][4] == 4
    with pytest.raises(FileProblem, match=r"can't be read over the network: part\.h5.*ds\.fetch"):
        ds["other"]


def test_path_stays_a_path_of_this_machine(there) -> None:
    with pytest.raises(FileProblem, match=r"is not there.*ds\.fetch\(\) copies it here"):
        sc.open(there.pids["far frames"]).path()


def test_header_of_a_list_mode_file(there) -> None:
    client = remote.service()
    assert client is not None
    before = client.received_bytes
    facts = sc.open(there.pids["far events"]).lmf()
    assert str(facts.comment) == "jet"
    assert client.received_bytes - before <= 2 * 1024 * 1024


def test_fetched_files_are_whole(there, far, tmp_path: Path) -> None:
    ds = sc.open(there.pids["far events"])
    copy = ds.fetch(to=tmp_path)
    assert copy == tmp_path / "run.lmf"
    assert copy.read_bytes() == (far.disk / "run.lmf").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["run.lmf"]
    with pytest.raises(FileProblem, match="is there already"):
        ds.fetch(to=tmp_path)
    with pytest.raises(FileProblem, match=r"There is no folder .*missing; nothing was copied"):
        ds.fetch(to=tmp_path / "missing" / "x")
    with pytest.raises(FileProblem, match=r"can't be written: File name too long"):
        ds.fetch(to=tmp_path / ("x" * 256))
    here_already = sc.open(there.pids["text"])
    assert here_already.fetch() == here_already.path()
    with pytest.raises(FileProblem, match="does not give it either"):
        sc.open(there.pids["far gone"]).fetch(to=tmp_path)
    with pytest.raises(FileProblem, match="a part of it is missing"):
        sc.open(there.pids["far short"]).fetch(to=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.lmf"]


def test_service_away(there, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINECAT_FILES_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("jupyter_shinecat.files.remote._TRIES", 1)
    with pytest.raises(FileProblem, match="The file service does not answer"):
        sc.open(there.pids["far frames"]).h5()


def test_others_get_nothing_through_the_service(there, monkeypatch: pytest.MonkeyPatch) -> None:
    ds = sc.open(there.pids["far frames"])
    monkeypatch.setenv("SHINECAT_TOKEN", there.catalog.token("wangxch"))
    with pytest.raises(FileProblem, match="or not for you"):
        ds.h5()


def test_what_was_read_remotely_is_an_input(there, far, tmp_path: Path) -> None:
    pid = there.pids["far frames"]
    variables = {
        "SHINECAT_CATALOG_URL": there.catalog.url,
        "SHINECAT_TOKEN": there.token,
        "SHINECAT_FILES_URL": far.url,
    }
    with running_kernel(tmp_path, **variables) as kernel:
        kernel.run(f"import jupyter_shinecat as sc\nds = sc.open({pid!r})")
        reply = kernel.run("x = ds['/entry/data'][0].sum()")
        assert reply.status == "ok", reply.error[2]
        kernel.run("open(sc.results('r.txt'), 'w').write(str(x))")
    end = [line for line in spool_lines(tmp_path) if line["k"] == "end" and "inputs" in line][-1]
    assert {flow["pid"]: flow["certain"] for flow in end["inputs"]} == {pid: True}
    assert end["paths_in"] == []


def test_in_a_kernel_of_a_users_server(there, far, tmp_path: Path) -> None:
    """As at a facility: the kernel knows a socket, the server adds the token, the service asks the catalog."""
    pid, foreign = there.pids["far frames"], there.pids["foreign"]
    with user_server(tmp_path, there.catalog.url, there.token, far.url) as kernel:
        told = kernel.run("import os; print('SHINECAT_TOKEN' in os.environ, 'SHINECAT_SOCKET' in os.environ)")
        assert told.stdout == "False True\n"
        reply = kernel.run(
            f"import jupyter_shinecat as sc, jupyter_shinecat.kernel.remote as remote\nds = sc.open({pid!r})\n"
            "f = ds.h5(); x = f['entry/data'][7, 10:20, ::50]\nprint(x.sum(), remote.service().received_bytes > 0)"
        )
        assert reply.status == "ok", reply.error[2]
        expected = np.arange(np.prod(SHAPE), dtype="u2").reshape(SHAPE)[7, 10:20, ::50].sum()
        assert reply.stdout.splitlines()[-1] == f"{expected} True"
        reply = kernel.run("print(sc.open(" + repr(there.pids["far table"]) + ").fetch(to='copy.csv').read_text())")
        assert reply.stdout == "a,b\n1,2\n\n", reply.error[2]
        assert "NotFound" in kernel.run(f"sc.open({foreign!r})").error[0]
        kernel.run("open(sc.results('r.txt'), 'w').write(str(x))")
    end = [line for line in spool_lines(tmp_path) if line["k"] == "end" and "inputs" in line][-1]
    assert {flow["pid"]: flow["certain"] for flow in end["inputs"]} == {pid: True}
    assert there.token not in "".join(path.read_text() for path in (tmp_path / "state" / "spool").iterdir())


@contextmanager
def user_server(folder: Path, catalog_url: str, token: str, files_url: str) -> Iterator[KernelProcess]:
    """A Jupyter server with our extension, and a kernel that it started."""
    folders = {name: str(folder / name.lower()) for name in ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")}
    for made in folders.values():
        Path(made).mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SHINECAT_", "JUPYTER"))}
    env |= folders | {
        "SHINECAT_CATALOG_URL": catalog_url,
        "SHINECAT_TOKEN": token,
        "SHINECAT_FILES_URL": files_url,
        "SHINECAT_STATE": str(folder / "state"),
        "SHINECAT_RESULTS": str(folder / "results"),
        "SHINECAT_LANG": "en",
        "SHINECAT_RUN_OUTBOX": "0",
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_TOKEN": "test",
    }
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ServerApp.port=0"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.jpserver_extensions={'jupyter_shinecat': True}"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not (found := list((folder / "jupyter_runtime_dir").glob("jpserver-*.json"))):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, (folder / "server.log").read_text()
            time.sleep(0.05)
        about = json.loads(found[0].read_text())
        with httpx.Client(base_url=about["url"], headers={"Authorization": "token test"}, timeout=60) as http:
            body = {"name": "python3", "path": ""}
            started = http.post("/api/kernels", json=body)
            assert started.status_code == 201, started.text
            runtime = folder / "jupyter_runtime_dir" / f"kernel-{started.json()['id']}.json"
            kernel = KernelProcess.attached(runtime)
            yield kernel
            kernel.client.stop_channels()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
