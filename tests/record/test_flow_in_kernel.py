"""A sample of the flow's patterns in a real kernel: places in functions come from its frames."""

from __future__ import annotations

import os
import random

import pytest
from record.notebooks import Notebook, inputs

from .flow_more import MORE
from .flow_reach import REACH

# Functions of a library: what they do has no place in the notebook.
LIBRARY = '''
exec(compile("""
def data(pid):
    recorder.read(pid, how="h5")
    return [1.0, 2.0, 3.0]
def save(name, *values):
    with open("results/" + name, "w") as file:
        file.write("x")
class writer(dict):
    def __init__(self, name):
        self.file = open("results/" + name, "w")
    def group(self, name):
        return self
    def write(self, *values):
        self.file.write("x")
    def close(self):
        self.file.close()
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.close()
""", "library", "exec"), space := {"recorder": recorder, "open": open})
data, save, writer = space["data"], space["save"], space["writer"]
del space
'''
# A cell has a loop running already.
ALL = {pattern.name: pattern for pattern in (*REACH, *MORE) if pattern.name != "async helper"}
NAMES = [
    "by way of another function",
    "item of a display, read there",
    "function mapped, dark dropped",
    "context manager",
    "branch that reads, else",
    "file written by a function",
    "method gives one attribute",
    "pipeline",
]
if os.environ.get("SHINECAT_SOAK") == "1":
    NAMES = list(ALL)
else:
    NAMES += random.Random(20261123).sample(sorted(ALL.keys() - set(NAMES)), 4)


@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_tells_what_flowed_as_the_patterns_say(notebook: Notebook, name: str) -> None:
    pattern = ALL[name]
    assert notebook.run(LIBRARY, silent=True).status == "ok"
    for source in pattern.cells:
        notebook.run(source)
    found = inputs(notebook.end())
    certain = {pid for pid, sure in found.items() if sure}
    assert pattern.inputs <= set(found)
    assert certain <= pattern.inputs
    assert pattern.inputs - pattern.unsure <= certain
