"""Files that attack their reader, or are simply broken: each ends as an extract or as a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from jupyter_shinecat.formats import Extract, Failure, Sandbox


def _strict(result: Extract) -> str:
    """The extract as JSON; fails on NaN, infinity and lone surrogates."""
    text = json.dumps(msgspec.to_builtins(result), allow_nan=False, ensure_ascii=False)
    text.encode("utf-8")
    return text


def test_external_raw_storage_is_never_read(tmp_path: Path, sandbox: Sandbox) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("root:x:0:0")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("d", (4,), dtype="i1", external=[(str(secret), 0, 4)])
        file.create_dataset("s", (), dtype="S10", external=[(str(secret), 0, 10)])
        file.create_dataset("energy", (8,), dtype="i1", external=[(str(secret), 0, 8)])
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert "root:" not in _strict(result)
    assert result.metadata == {}
    assert str(secret) in result.externals


def test_external_links_and_virtual_sources_are_listed_not_followed(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file["x"] = 42
    os.mkfifo(tmp_path / "pipe.h5")  # opening it would hang
    (tmp_path / "in").mkdir()
    layout = h5py.VirtualLayout((2, 10), "f8")
    for i in range(2):
        layout[i] = h5py.VirtualSource(f"missing{i}.h5", "d", (10,))
    with h5py.File(tmp_path / "in/a.h5", "w") as file:
        file["up"] = h5py.ExternalLink("../outside.h5", "/x")
        file["pipe"] = h5py.ExternalLink("../pipe.h5", "/")
        file.create_virtual_dataset("v", layout, fillvalue=-1)
    result = sandbox.extract(tmp_path / "in/a.h5")
    assert isinstance(result, Extract)
    assert set(result.externals) == {"../outside.h5::/x", "../pipe.h5::/", "missing0.h5", "missing1.h5"}
    assert "42" not in json.dumps(result.metadata)
    assert [data.path for data in result.data] == ["/v"]


def test_cycles_and_soft_links_end(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b"] = 1
        file["a/loop"], file["a/self"] = h5py.SoftLink("/a"), h5py.SoftLink("/a/self")
        file["a/root"], file["b"] = file["/"], file["a"]
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert result.metadata == {"a": {"b": 1}}
    assert result.facts["groups"] == 2


def test_too_many_objects_and_keys_stop_with_a_warning(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        for i in range(30_000):
            file.create_group(f"g{i:06d}")
        for i in range(600):
            file.attrs[f"key{i}"] = i
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert any("only the first" in warning for warning in result.warnings)
    assert len(result.metadata) <= 500
    assert len(_strict(result)) < 200_000


def test_giant_attributes_and_texts_are_left_out_or_cut(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file.attrs.create("big", np.zeros(8_000_000))
        file.attrs["long"] = "x" * 5_000_000
        file["text"] = "y" * 100_000
        file["k" * 5000] = 1
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert "big" not in result.metadata
    assert len(_strict(result)) < 64_000


def test_dangerous_attribute_classes_are_skipped_and_the_others_kept(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["fine"] = 1
        file.attrs.create("reference", file["/"].ref, dtype=h5py.ref_dtype)
        file.attrs.create("compound", np.zeros((), dtype=[("a", "i4")]))
        file.attrs["opaque"] = np.void(b"\x00\x01")
        sequence = np.empty(1, dtype=object)
        sequence[0] = np.arange(3)
        file.attrs.create("vlen", sequence, dtype=h5py.vlen_dtype(np.int32))
        file.create_dataset("rows", data=np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]))
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert result.metadata == {"fine": 1}
    assert result.data[0].dtype == "compound"


def test_odd_numbers_and_texts_become_safe_json(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, value in (("nan", np.nan), ("inf", np.inf), ("fine", 1.5)):
            file.create_dataset(name, data=value).attrs["units"] = "mm"
        file["list"] = np.array([1.0, np.nan, 2.0])
        file["bytes"] = np.bytes_(b"\xff\xfe caf\xe9 \x00")
        file["控制\x01字符"] = np.bytes_("束流\x1b[31m".encode())
        file["empty"] = h5py.Empty("f8")
        file.attrs["unit only"] = np.bytes_(b"\xe5\xb1")
    result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    text = _strict(result)
    assert result.metadata["fine"] == {"value": 1.5, "unit": "mm"}
    assert not {"nan", "inf", "list", "empty"} & set(result.metadata)
    assert "\\u001b" not in text
    assert "\\u0001" not in text
    assert "束流" in text


def _damaged(path: Path, how: str) -> None:
    whole = path.with_suffix(".whole")
    with h5py.File(whole, "w") as file:
        file.create_dataset("d", data=np.arange(100_000.0), chunks=(1000,), compression="gzip")
    content = bytearray(whole.read_bytes())
    if how == "half":
        content = content[: len(content) // 2]
    elif how == "head":
        content = content[:300]
    elif how == "flipped":
        for i in range(96, 2000, 7):
            content[i] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(("how", "kinds"), [("half", {"truncated"}), ("head", {"corrupt", "truncated"}),
                                            ("flipped", {"corrupt", "truncated", "crash"})])  # fmt: skip
def test_damaged_files_give_a_reason(tmp_path: Path, sandbox: Sandbox, how: str, kinds: set[str]) -> None:
    path = tmp_path / "a.h5"
    _damaged(path, how)
    result = sandbox.extract(path, digest="sha256")
    assert isinstance(result, Failure)
    assert result.kind in kinds
    assert result.reason
    assert result.sha256
    assert len(result.sha256) == 64


def test_a_killed_writer_is_told_from_a_damaged_file(tmp_path: Path, sandbox: Sandbox) -> None:
    code = "import h5py,os;f=h5py.File('k.h5','w',libver='latest');f['a']=1;f.flush();f['b']=2;os.kill(os.getpid(),9)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    result = sandbox.extract(tmp_path / "k.h5")
    assert isinstance(result, Failure)
    assert result.kind == "being-written"


def test_a_file_open_for_swmr_is_read_as_far_as_it_is(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        rows = file.create_dataset("rows", (3, 4), "f8", maxshape=(None, 4))
        file["sample"] = "neon"
        file.swmr_mode = True
        rows.flush()
        result = sandbox.extract(tmp_path / "a.h5")
    assert isinstance(result, Extract)
    assert result.sample == "neon"
