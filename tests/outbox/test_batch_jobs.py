"""A batch job: a plain script, no server, its result in the catalog at its end."""

from __future__ import annotations

import os

from .conftest import ONE_PROFILE


@ONE_PROFILE
def test_a_script_sends_its_result_and_keeps_its_output_and_exit_code(bench) -> None:
    raw = bench.counter.raw()
    script = bench.work / "job.py"
    script.write_text(
        f"import jupyter_shinecat as sc, sys\nds = sc.open({raw!r})\n"
        "open(sc.results('name.csv'), 'w').write(ds.name)\nprint('done')\nsys.exit(3)\n"
    )
    done = bench.shinecat("run", "--send", str(script), SHINECAT_STATE=str(bench.home / "state"))
    assert (done.returncode, done.stdout) == (3, "done\n")
    told = done.stderr.splitlines()
    assert "SHINECAT_WRITE_BACK=off stops this" in told[0]
    assert told[-1] == "1 in the catalog, 0 left."
    (dataset,) = bench.counter.derived(raw)
    assert dataset["datasetName"] == "name.csv"
    assert dataset["jobParameters"]["shinecat"]["ended"] == "error"


@ONE_PROFILE
def test_a_file_name_that_is_no_text_is_shown_and_sent(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / os.fsdecode(b"bad\xff\x1b[31m.csv"), b"1")
    kernel.end([raw])
    done = bench.shinecat("outbox", "flush")
    assert done.returncode == 0
    assert r"bad\udcff\x1b[31m.csv" in done.stdout
    assert bench.shinecat("outbox", "list").returncode == 0
    (dataset,) = bench.counter.derived(raw)
    assert dataset["datasetName"] == r"bad\xff[31m.csv"
