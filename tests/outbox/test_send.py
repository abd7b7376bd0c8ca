"""What a cell wrote is in the catalog, once, with all that belongs to it; on both profiles of the catalog."""

from __future__ import annotations

import base64
import hashlib
import io
import os

import numpy as np
from PIL import Image

from .conftest import ONE_PROFILE


def png(size: int = 40, seed: int = 0, noise: bool = False) -> bytes:
    rng = np.random.default_rng(seed)
    shape = (size, size, 3)
    pixels = rng.integers(0, 255, shape, dtype=np.uint8) if noise else np.full(shape, seed % 255, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_file_and_figure_become_a_derived_dataset(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel(kernel="ipykernel 7.1.0")
    (bench.work / ".git").mkdir()
    (bench.work / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (bench.work / ".git" / "packed-refs").write_text(f"# pack-refs\n{'1a' * 20} refs/heads/main\n")
    kernel.cell(f"import jupyter_shinecat as sc\nds = sc.open({raw!r})\ntoken = 'geheim-1234'")
    kernel.line("read", run=1, pid=raw, path="/data/raw/run17.h5", how="handle")
    kernel.end()
    kernel.cell("write_it(ds)")
    data, figure = bench.results / "fit.h5", bench.results / "fit.png"
    kernel.hdf5(data, 9.5)
    kernel.write(figure, png())
    kernel.end([raw], runs=[1, 2])
    sent = outbox.wait_state("sent")

    assert sent["inputs"] == [raw]
    assert sent["notebook"] == "analysis.ipynb"
    (dataset,) = bench.counter.derived(raw)
    assert dataset["pid"] == sent["pid"]
    assert dataset["type"] == "derived"
    assert dataset["datasetName"] == "fit.h5"
    assert dataset["ownerGroup"] == "GET"
    assert dataset["accessGroups"] == ["SHINE"]
    assert dataset["isPublished"] is False
    assert dataset["sourceFolder"] == str(bench.results)
    software = {"h5py 3.16.0", "numpy 2.4.6", "python 3.11.7", "ipykernel 7.1.0", f"git commit of work {'1a' * 20}"}
    assert software <= set(dataset["usedSoftware"])
    assert "ds = sc.open" in dataset["jobLogData"]
    assert dataset["jobLogData"].index("sc.open") < dataset["jobLogData"].index("write_it")
    assert "geheim" not in dataset["jobLogData"]
    record = dataset["jobParameters"]["shinecat"]
    assert record["capture"] == "complete"
    assert record["cells"] == ["cell-1", "cell-2"]
    assert record["uncertain_inputs"] == []
    assert '"keV"' in str(dataset["scientificMetadata"]).replace("'", '"')
    assert dataset.get("proposalIds", [dataset.get("proposalId")]) == ["2345"]
    (block,) = bench.counter.blocks(dataset["pid"])
    assert block["chkAlg"] == "sha256"
    (file,) = block["dataFileList"]
    assert file["path"] == "fit.h5"
    assert file["size"] == data.stat().st_size
    assert file["chk"] == hashlib.sha256(data.read_bytes()).hexdigest()
    (attachment,) = bench.counter.attachments(dataset["pid"])
    assert attachment["caption"] == "fit.png"
    assert attachment["thumbnail"] == "data:image/png;base64," + base64.b64encode(figure.read_bytes()).decode()
    assert outbox.end() == 0


def test_same_content_again_is_nothing_new_and_other_content_updates_in_place(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    target = bench.results / "again.bin"
    for content in (b"one", b"one", b"two!"):
        kernel.cell("save(target)", cell="same-cell")
        kernel.write(target, content)
        kernel.end([raw])
        outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    (block,) = bench.counter.blocks(dataset["pid"])
    assert [f["chk"] for f in block["dataFileList"]] == [hashlib.sha256(b"two!").hexdigest()]
    assert dataset["size"] == 4
    assert dataset["numberOfFiles"] == 1


def test_result_that_is_an_input_stays_and_a_new_version_is_linked(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    first, second = bench.results / "first.bin", bench.results / "second.bin"
    kernel.cell("make first")
    kernel.write(first, b"1")
    kernel.end([raw])
    one = outbox.wait_state("sent")["pid"]
    kernel.cell("make second of first")
    kernel.write(second, b"2")
    kernel.end([], [first])
    two = outbox.wait_state("sent")
    assert two["inputs"] == [one]
    kernel.cell("make first")
    kernel.write(first, b"1 again")
    kernel.end([raw])
    newer = outbox.wait_state("sent")["pid"]
    assert newer != one
    docs = {d["pid"]: d for d in bench.counter.derived(raw)}
    assert set(docs) == {one, newer}
    assert [r["pid"] for r in docs[newer]["relationships"]] == [one]
    assert bench.counter.blocks(one)[0]["dataFileList"][0]["chk"] == hashlib.sha256(b"1").hexdigest()


def test_chain_in_one_go_is_sent_in_order(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    paths = [bench.work / f"step{i}.csv" for i in range(3)]
    for i, path in enumerate(paths):
        kernel.cell(f"step {i}")
        kernel.write(path, b"x" * (i + 1))
        kernel.end([raw] if i == 0 else [], [] if i == 0 else [paths[i - 1]])
    outbox = bench.start()
    pids = [outbox.wait_state("sent") for _ in paths]
    assert pids[0]["inputs"] == [raw]
    assert pids[1]["inputs"] == [pids[0]["pid"]]
    assert pids[2]["inputs"] == [pids[1]["pid"]]


def test_file_of_a_catalogued_dataset_is_found_by_its_path(bench) -> None:
    folder = bench.home / "measured" / "day1"
    raw = bench.counter.raw("by-path", sourceFolder=str(bench.home / "measured"))
    bench.counter.raw("by-path neighbour", sourceFolder=str(bench.home / "measured"))
    file = {"path": "day1/溶菌酶 [1]+.csv", "size": 3, "time": "2026-11-01T10:00:00.000Z"}
    file = {"path": "day1/溶菌酶 [1]+.csv", "size": 3, "time": "2026-11-01T10:00:00.000Z"}
    block = {"datasetId": raw, "size": 3, "chkAlg": "sha256", "dataFileList": [file]}
    bench.counter.post("/api/v4/origdatablocks", block)
    outbox = bench.start()
    kernel = bench.kernel()
    kernel.cell("pd.read_csv; save")
    kernel.write(bench.results / "sum.csv", b"1,2")
    kernel.end([], [folder / "溶菌酶 [1]+.csv"])
    assert outbox.wait_state("sent")["inputs"] == [raw]


def test_named_result_and_uncertain_inputs(bench) -> None:
    raw, other = bench.counter.raw(), bench.counter.raw("maybe")
    outbox = bench.start()
    kernel = bench.kernel()
    kernel.cell("sc.derived(...)")
    one, two = bench.work / "a.dat", bench.work / "b.dat"
    kernel.write(one, b"a")
    kernel.write(two, b"b")
    kernel.line(
        "derived",
        run=1,
        name="溶菌酶 fit",
        keywords=["fit", "溶菌酶"],
        description="of both",
        paths=[str(one)],
        parameters={"sigma": 2.5, "api_key": "k"},
    )
    kernel.end([raw, {"pid": other, "certain": False}], unseen=["subprocess"], capture="partial")
    sent = [outbox.wait_state("sent") for _ in range(2)]
    assert {s["name"] for s in sent} == {"溶菌酶 fit", "b.dat"}
    doc = next(d for d in bench.counter.derived(raw) if d["datasetName"] == "溶菌酶 fit")
    assert doc["keywords"] == ["fit", "溶菌酶"]
    assert doc["description"] == "of both"
    assert sorted(doc["inputDatasets"]) == sorted([raw, other])
    record = doc["jobParameters"]["shinecat"]
    assert record["uncertain_inputs"] == [other]
    assert record["parameters"] == {"sigma": 2.5, "api_key": "***"}
    assert record["capture"] == "partial"
    assert record["unseen"] == ["subprocess"]


@ONE_PROFILE
def test_large_figures_are_scaled_and_broken_ones_left_out(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    kernel.cell("plot")
    kernel.write(bench.results / "d.bin", b"d")
    big = png(1500, noise=True)
    assert len(big) > 2_000_000
    kernel.write(bench.results / "big.png", big)
    kernel.write(bench.results / "broken.png", b"\x89PNG\r\n\x1a\n" + os.urandom(900_000))
    kernel.write(bench.results / "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    kernel.end([raw])
    pid = outbox.wait_state("sent")["pid"]
    attachments = {a["caption"]: a["thumbnail"] for a in bench.counter.attachments(pid)}
    assert set(attachments) == {"big.png", "drawing.svg"}
    head, _, body = attachments["big.png"].partition(",")
    assert len(attachments["big.png"]) < 1_000_000
    image = Image.open(io.BytesIO(base64.b64decode(body)))
    assert f"data:{Image.MIME[image.format]};base64" == head
    assert min(image.size) >= 200
    assert attachments["drawing.svg"].startswith("data:image/svg+xml;base64,")


@ONE_PROFILE
def test_figure_of_a_later_cell_joins_the_result_it_was_drawn_from(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "d.bin", b"d")
    kernel.end([raw])
    pid = outbox.wait_state("sent")["pid"]
    for seed in (1, 2):
        kernel.cell("savefig", cell="plot")
        kernel.write(bench.results / "later.png", png(seed=seed))
        kernel.end([raw], runs=[1, 2])
        assert outbox.wait_state("sent")["pid"] == pid
    (attachment,) = bench.counter.attachments(pid)
    assert base64.b64decode(attachment["thumbnail"].partition(",")[2]) == png(seed=2)
    kernel.cell("savefig of nothing")
    kernel.write(bench.results / "lonely.png", png(seed=3))
    kernel.end([])
    kernel.cell("save more")
    kernel.write(bench.results / "e.bin", b"e")
    kernel.end([raw])
    outbox.wait_state("sent")
    assert len(bench.counter.derived(raw)) == 2
    assert "lonely.png" in (bench.home / "outbox" / "notes.jsonl").read_text()
    kernel.cell("savefig in a loop")
    for i in range(21):
        kernel.write(bench.results / f"{i}.svg", b"<svg/>")
    kernel.end([raw])
    assert outbox.wait_state("sent")["reason"] == "1 more figures of its cell are not attached."


@ONE_PROFILE
def test_thousands_of_files_are_one_dataset_in_several_blocks(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("many")
    for i in range(5_200):
        kernel.write(bench.results / "many" / f"{i:05d}.txt", b"%d" % i)
    kernel.end([raw])
    outbox = bench.start()
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    blocks = bench.counter.blocks(dataset["pid"])
    assert sorted(len(b["dataFileList"]) for b in blocks) == [200, 5000]
    assert dataset["numberOfFiles"] == 5_200
