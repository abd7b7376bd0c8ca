"""``%shinecat`` and ``%%shinecat`` in a real kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.testing.kernels import KernelProcess, spool_lines


@pytest.fixture
def typed(kernel: KernelProcess) -> KernelProcess:
    kernel.run("%load_ext jupyter_shinecat\n%shinecat record on")
    return kernel


def ok(kernel: KernelProcess, code: str) -> Any:
    reply = kernel.run(code)
    assert reply.status == "ok", reply.error
    return reply


def test_search_open_show_and_files(typed: KernelProcess, facility: Any) -> None:
    assert "Lysozyme 溶菌酶 run 17" in ok(typed, "%shinecat search Lysozyme type:raw run = 17").data["text/plain"]
    pid = facility.pids["good"]
    ok(typed, f"ds = %shinecat open {pid}")
    assert pid in ok(typed, "%shinecat show ds").data["text/plain"]
    assert "run 17 溶菌酶.h5" in ok(typed, "%shinecat files ds").data["text/plain"]
    assert ok(typed, "%shinecat lineage ds").stdout.startswith("Lysozyme 溶菌酶 run 17")
    for code, said in (
        ("%shinecat search run = 17 or x = 1", "only be joined"),
        ("%shinecat open no/such", "no dataset no/such"),
        ("%shinecat open", "Name a dataset"),
        ("%shinecat outbox", "no Jupyter server"),
        ("%shinecat outbox --retry", "takes nothing behind it"),
    ):
        reply = typed.run(code)
        assert reply.status == "error"
        assert said in reply.error[1]
        assert "magics.py" not in reply.error[2]


def test_session_and_help(typed: KernelProcess, facility: Any) -> None:
    said = ok(typed, "%shinecat session").stdout
    assert "User: zhangxf" in said
    assert facility.catalog.url in said
    assert facility.token not in said
    for line in ("%shinecat", "%shinecat help", "%shinecat open --help", "%shinecat nonsense"):
        usage = ok(typed, line).stdout
        assert ("knows no “nonsense”" in usage) == ("nonsense" in line)
        assert "Usage" in usage
        assert "%%shinecat derived" in usage


def test_tab_completes(typed: KernelProcess, facility: Any) -> None:
    ok(typed, f"import jupyter_shinecat as sc\nlysozyme = sc.open({facility.pids['good']!r})")

    def matches(code: str) -> set[str]:
        return set(typed.client.complete(code, reply=True, timeout=60)["content"]["matches"])

    assert {"search", "session"} <= matches("%shinecat se")
    assert "open" in matches("%shinecat ")
    assert matches("%shinecat record o") >= {"on", "off"}
    assert "lysozyme" in matches("%shinecat files ly")
    assert "type:" in matches("%shinecat search t")
    assert "keywords=" in matches("%%shinecat derived k")


def test_what_a_cell_writes_becomes_one_named_result(typed: KernelProcess, facility: Any) -> None:
    folder: Path = typed.folder  # type: ignore[attr-defined]
    cell = f"""%%shinecat derived name="peaks of run 17" keywords=sfx,peaks
import jupyter_shinecat as sc
ds = sc.open({facility.pids["good"]!r})
frames = ds["/entry/data/data"][:]
frames.tofile(sc.results("a.bin"))
frames.tofile(sc.results("b.bin"))
frames.tofile(sc.results("gone.bin"))
sc.results("gone.bin").unlink()
frames.shape"""
    assert ok(typed, cell).data["text/plain"] == "(6, 10, 10)"
    ok(typed, "after = frames.sum()")
    named = [line for line in spool_lines(folder) if line["k"] == "derived"][-1]
    assert (named["name"], named["keywords"]) == ("peaks of run 17", ["sfx", "peaks"])
    assert [Path(path).name for path in named["paths"]] == ["a.bin", "b.bin"]
    end = [line for line in spool_lines(folder) if line["k"] == "end" and line["run"] == named["run"]][-1]
    assert end["inputs"] == [{"pid": facility.pids["good"], "certain": True}]
    for cell, said in (
        ("%%shinecat derived name='x'\n1 + 1", "wrote no file"),
        ("%%shinecat derived colour=red\n1 + 1", "does not know"),
        ("%%shinecat record\n1 + 1", "knows only"),
        ("%%shinecat derived name='x\n1", "never closed"),
        ("%%shinecat derived name='x'\nimport asyncio\nawait asyncio.sleep(0)", "awaits. The cell was not run"),
    ):
        reply = typed.run(cell)
        assert (reply.status, said in reply.error[1]) == ("error", True), reply
    reply = typed.run("%%shinecat derived name='x'\n1 / 0")
    assert reply.error[0] == "ZeroDivisionError"


def test_without_a_record_a_cell_is_not_run(typed: KernelProcess) -> None:
    ok(typed, "%shinecat record off")
    try:
        reply = typed.run("%%shinecat derived name='x'\nran_anyway = 1")
        assert "record on" in reply.error[1]
        assert typed.run("ran_anyway").error[0] == "NameError"
    finally:
        ok(typed, "%shinecat record on")
