"""What led to a result: patterns of cells with the truth written by hand.

Each pattern is run for real (`flow_session`). Its truth is a set of datasets for the last cell's results: all must be
there, and an extra one must be marked uncertain.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest

from jupyter_shinecat.record.flow import Event, Trace
from jupyter_shinecat.record.flow.chain import Outcome

from .flow_more import MORE
from .flow_odd import ODD
from .flow_reach import REACH
from .flow_session import FRAME, PLT, Pattern, Session, inputs

PATTERNS = [
    Pattern("straight", ["a = data('A')", "b = [2 * x for x in a]", "save('r', b)"], {"A"}, runs=[1, 2, 3]),
    Pattern("two opened, one used", ["a = data('A'); b = data('B')", "save('r', a)"], {"A"}),
    Pattern(
        "only shown", ["a = data('A')", "a.plot()", "a.plot('x')", "a.image(1)", "save('r', a)"], {"A"}, runs=[1, 5]
    ),
    Pattern("both used", ["a = data('A')\nb = data('B')", "c = a + b", "save('r', c)"], {"A", "B"}),
    Pattern("unused cell between", ["a = data('A')", "b = data('B')", "save('r', a)"], {"A"}, runs=[1, 3]),
    Pattern("reassigned", ["a = data('A')", "a = data('B')", "save('r', a)"], {"B"}, runs=[2, 3]),
    Pattern(
        "out of order", ["x = data('A')", "y = x", "x = data('B')", "y = x", "save('r', y)"], {"B"}, runs=[3, 4, 5]
    ),
    Pattern("augmented", ["t = data('A')", "t += data('B')", "save('r', t)"], {"A", "B"}),
    Pattern("alias changed in place", ["a = data('A')\nb = a", "b.append(data('B')[0])", "save('r', a)"], {"A", "B"}),
    Pattern("item changed in place", ["d = {}", "d['x'] = data('A')", "save('r', d)"], {"A"}),
    Pattern("container of names", ["a = data('A'); b = data('B')", "l = [a, b]", "save('r', l)"], {"A", "B"}),
    Pattern("element changed", ["a = []", "l = [a]", "a.append(data('A'))", "save('r', l)"], {"A"}),
    Pattern("attribute", ["class O: pass\no = O()", "o.x = data('A')", "save('r', o.x)"], {"A"}),
    Pattern("loop", ["t = []\nfor p in ['A', 'B']:\n    t.append(data(p))", "save('r', t)"], {"A", "B"}),
    Pattern(
        "loop, two sums",
        ["s, t = [], []\nfor i in range(2):\n    s.append(data('A'))\n    t.append(data('B'))", "save('r', s)"],
        {"A"},
    ),
    Pattern(
        "carried by a loop",
        ["a = data('A')\nb = c = 0\nfor i in range(3):\n    c = b\n    b = a", "save('r', c)"],
        {"A"},
    ),
    Pattern(
        "function", ["def f(p):\n    return data(p)", "a = f('A')", "b = f('B')", "save('r', b)"], {"B"}, runs=[1, 3, 4]
    ),
    Pattern(
        "function's global",
        ["s = data('A')", "def f(x):\n    return x + s", "y = f(data('B'))", "save('r', y)"],
        {"A", "B"},
    ),
    Pattern(
        "global seen late",
        ["def f():\n    return s", "s = data('A')", "save('r', f())", "s = data('B')", "save('r', f())"],
        {"B"},
    ),
    Pattern("function changes a global", ["c = {}\ndef f(p):\n    c[p] = data(p)", "f('A')", "save('r', c)"], {"A"}),
    Pattern(
        "function changes its argument",
        ["def f(b, p):\n    b.append(data(p))", "b = []\nf(b, 'A')", "save('r', b)"],
        {"A"},
    ),
    Pattern("global statement", ["t = []\ndef f():\n    global t\n    t = data('A')", "f()", "save('r', t)"], {"A"}),
    Pattern("lambda", ["k = data('A')", "g = lambda x: x + k", "save('r', g(data('B')))"], {"A", "B"}),
    Pattern(
        "class with state",
        ["class S:\n    def add(self, v):\n        self.v = v\ns = S()", "s.add(data('A'))", "save('r', s.v)"],
        {"A"},
    ),
    Pattern("comprehension's own names", ["x = data('A'); y = data('B')", "z = [x for x in y]", "save('r', z)"], {"B"}),
    Pattern("dict comprehension", ["a = data('A')", "m = {k: v for k, v in enumerate(a)}", "save('r', m)"], {"A"}),
    Pattern("with", ["with writer('r') as w:\n    a = data('A')\n    w.write(a)"], {"A"}),
    Pattern("file left open", ["w = writer('r')", "a = data('A')\nb = data('B')", "w['x'] = a"], {"A"}, runs=[1, 2, 3]),
    Pattern("group of an open file", ["w = writer('r')\ng = w.group('g')", "g['x'] = data('A')"], {"A"}),
    Pattern(
        "two files",
        [
            "a = data('A'); b = data('B')",
            "with writer('q') as w:\n    w.write(a)",
            "with writer('r') as w:\n    w.write(b)",
        ],
        {"B"},
    ),
    Pattern("swap", ["a = data('A'); b = data('B')", "a, b = b, a", "save('r', a)"], {"B"}),
    Pattern("deleted", ["a = data('A')", "del a", "a = data('B')", "save('r', a)"], {"B"}),
    Pattern(
        "branch taken",
        ["a = data('A')", "if len(a) > 2:\n    x = data('B')\nelse:\n    x = data('C')", "save('r', x)"],
        {"B"},
    ),
    Pattern(
        "branch without a read",
        ["a = data('A'); b = data('B')", "if True:\n    x = a\nelse:\n    x = b", "save('r', x)"],
        {"A"},
        {"A"},
    ),
    Pattern(
        "try",
        ["try:\n    x = data('A')\n    1 / 0\nexcept ZeroDivisionError:\n    x = data('B')", "save('r', x)"],
        {"B"},
    ),
    Pattern("failed half-way", ["a = data('A')", "b = a\n1 / 0\nb = data('B')", "save('r', b)"], {"A"}),
    Pattern("walrus", ["if (n := data('A')):\n    pass", "save('r', n)"], {"A"}),
    Pattern("f-string", ["a = data('A')", "t = f'{a[0]:.2f}'", "save('r', t)"], {"A"}),
    Pattern("tuple result", ["f, g = data('A'), data('B')", "save('r', g)"], {"B"}),
    Pattern("last value", ["data('A')", "save('r', _)"], {"A"}),
    Pattern("numbered value", ["data('A')", "data('B')", "save('r', _1)"], {"A"}),
    Pattern("magic time", ["a = data('A')", "%time b = a + data('B')", "save('r', b)"], {"A", "B"}),
    Pattern("cell magic time", ["%%time\na = data('A')\nb = data('B')", "save('r', b)"], {"B"}),
    Pattern("eval in sight", ["a = data('A'); b = data('B')", "x = eval('a')", "save('r', x)"], {"A"}),
    Pattern("exec", ["a = data('A'); b = data('B')", "exec('x' + '= a')", "save('r', x)"], {"A"}, {"A"}),
    Pattern("globals", ["a = data('A'); b = data('B')", "x = globals()['a']", "save('r', x)"], {"A"}, {"A"}),
    Pattern("unknown magic", ["a = data('A'); b = data('B')", "%frobnicate a b", "save('r', a)"], {"A"}),
    Pattern(
        "match", ["a = data('A')", "match a:\n    case [x, *rest]:\n        y = rest", "save('r', y)"], {"A"}, {"A"}
    ),
    Pattern("counting", ["n = 0\nfor x in data('A'):\n    if x > 1:\n        n += 1", "save('r', n)"], {"A"}, {"A"}),
    Pattern(
        "star import of a library",
        ["a = data('A')", "from math import *\nb = data('B')", "save('r', sqrt(b[0]))"],
        {"B"},
    ),
    Pattern(
        "view changed",
        ["import numpy as np\nz = np.zeros(3)", "v = z[:]\nv[:] = data('A')", "save('r', z)"],
        {"A"},
        {"A"},
    ),
    Pattern(
        "out argument", ["import numpy as np\nz = np.zeros(3)", "np.add(data('A'), 1, out=z)", "save('r', z)"], {"A"}
    ),
    Pattern("copy is another", ["a = data('A')\nb = a.copy()", "b.append(data('B')[0])", "save('r', a)"], {"A"}),
    Pattern("axes and figure", [f"{PLT}\nf, ax = plt.subplots()", "ax.plot(data('A'))", "save('r', f)"], {"A"}),
    Pattern(
        "second figure", [f"{PLT}\nplt.plot(data('A'))", "plt.figure()\nplt.plot(data('B'))\nsave('r', plt)"], {"B"}
    ),
    Pattern("pyplot's own figure", [f"{PLT}\nf, ax = plt.subplots()\nax.plot(data('A'))\nsave('r', plt)"], {"A"}),
    Pattern(
        "two figures side by side",
        [
            f"{PLT}\nf, ax = plt.subplots()\ng, bx = plt.subplots()",
            "ax.plot(data('A'))\nbx.plot(data('B'))",
            "save('r', g)",
        ],
        {"B"},
    ),
    Pattern(
        "data frame",
        ["import pandas as pd\nd = pd.DataFrame({'x': data('A')})", "d['y'] = data('B')", "save('r', d)"],
        {"A", "B"},
    ),
    Pattern("query with a name", [f"{FRAME}\nt = data('A')[0]", "e = d.query('x > @t')", "save('r', e)"], {"A"}),
    Pattern("generator", ["g = (x for x in data('A'))", "save('r', list(g))"], {"A"}),
    Pattern(
        "decorated and nested",
        ["def o(p):\n    def i():\n        return data(p)\n    return i", "f = o('A')", "save('r', f())"],
        {"A"},
    ),
    Pattern(
        "callback",
        ["found = []\ndef keep(x):\n    found.append(x)", "list(map(keep, data('A')))", "save('r', found)"],
        {"A"},
    ),
    Pattern(
        "method of a class reads",
        ["class R:\n    def get(self):\n        return data('A')\nr = R()", "x = r.get()", "save('r', x)"],
        {"A"},
    ),
    Pattern("while", ["n = 3\nt = []\nwhile n:\n    t += data('A')\n    n -= 1", "save('r', t)"], {"A"}),
    Pattern(
        "try without failure", ["try:\n    x = data('A')\nexcept OSError:\n    x = data('B')", "save('r', x)"], {"A"}
    ),
    Pattern(
        "loop rebinds after a read", ["x = data('A')\nfor i in range(2):\n    x = data('B')", "save('r', x)"], {"B"}
    ),
    Pattern("loop that never ran", ["x = data('A')\nfor i in []:\n    x = 1", "save('r', x)"], {"A"}, {"A"}),
    Pattern("star call", ["a = [data('A'), data('B')]", "def f(*v):\n    return v", "save('r', f(*a))"], {"A", "B"}),
    Pattern("del of an item", ["d = {'x': data('A'), 'y': 1}", "del d['y']", "save('r', d)"], {"A"}),
    Pattern("chained assignment", ["x = y = data('A')", "save('r', y)"], {"A"}),
    Pattern("printed together", ["w = writer('r')\na = data('A'); b = data('B')", "print(w, b)", "w.write(a)"], {"A"}),
    Pattern("printed into", ["w = writer('r')\na = data('A')", "print(a, file=w)"], {"A"}),
    Pattern("no input", ["a = data('A')", "x = [1, 2]", "save('r', x)"], set(), runs=[2, 3]),
    Pattern("handle made, never used again", ["a = data('A')\nn = 3", "save('r', n)"], set()),
    Pattern(
        "calibrated run",
        [
            "dark = data('dark')",
            "def calibrate(frame):\n    return [x - d for x, d in zip(frame, dark)]",
            "runs = {p: calibrate(data(p)) for p in ('A', 'B')}",
            "mean = sum(runs['A'])\nsave('mean', mean)",
        ],
        {"dark", "A"},
        {"dark", "A"},
    ),
    Pattern(
        "cell run again with other data",
        ["p = 'A'", "a = data(p)", "save('r', a)", "p = 'B'", "a = data(p)", "save('r', a)"],
        {"B"},
        runs=[4, 5, 6],
    ),
    Pattern(
        "accumulated over cells",
        ["total = []", "total.extend(data('A'))", "total.extend(data('B'))", "c = data('C')", "save('r', total)"],
        {"A", "B"},
    ),
    Pattern(
        "scan through a list of runs",
        ["found = []\nfor p in ['A', 'B', 'C']:\n    d = data(p)\n    if len(d) > 5:\n        found.append(d)",
         "save('r', found)"],
        {"A", "B", "C"},
        {"A", "B", "C"},
    ),
    Pattern(
        "fit with a closure",
        ["x, y = data('A'), data('B')", "def cost(k):\n    return sum((k * a - b) ** 2 for a, b in zip(x, y))",
         "best = min(range(5), key=cost)", "save('r', best)"],
        {"A", "B"},
    ),
    Pattern(
        "result of a result in one notebook",
        ["a = data('A')", "save('first', a)", "b = data('B')", "save('second', (a, b))"],
        {"A", "B"},
    ),
]  # fmt: skip


ALL = [*PATTERNS, *ODD, *REACH, *MORE]


@functools.cache
def _run(number: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        return [session.cell(source) for source in ALL[number].cells][-1]


@pytest.mark.parametrize("number", range(len(ALL)), ids=lambda number: ALL[number].name)
def test_result_names_what_flowed_into_it(number: int) -> None:
    pattern, outcome = ALL[number], _run(number)
    found = inputs(outcome)
    assert outcome.written, "the last cell wrote nothing"
    assert pattern.inputs <= set(found), "an input is missing"
    certain = {name for name, sure in found.items() if sure}
    assert certain <= pattern.inputs, "an input that did not flow in is called certain"
    assert pattern.inputs - pattern.unsure <= certain, "a plain input is called uncertain"
    if pattern.runs is not None:
        assert list(outcome.sources.run_numbers()) == pattern.runs


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    """Over all patterns; said in every run. What is called certain must be right, and nothing may be missing."""
    true = named = certain = right = missing = 0
    for number, pattern in enumerate(ALL):
        found = inputs(_run(number))
        sure = {name for name, is_sure in found.items() if is_sure}
        true, named, certain = true + len(pattern.inputs), named + len(found), certain + len(sure)
        right += len(sure & pattern.inputs)
        missing += len(pattern.inputs - set(found))
    hits = true - missing
    with capsys.disabled():
        print(
            f"\nflow of {len(ALL)} patterns, {true} inputs: recall {hits / true:.3f}; precision of those called"
            f" certain {right / certain:.3f}, of all {hits / named:.3f}; {named - certain} marked uncertain;"
            f" {right / true:.3f} of the true inputs are certain"
        )
    assert missing == 0
    assert right == certain


def _of(session: Session, name: str) -> dict[str, bool]:
    known = session.chain.result(str(session.folder / name))
    assert known is not None
    return {pid: sure for (_, pid), sure in known.origins.items()}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    a = data('A')\n    b = data('B')\n    save('q', a)\n    save('r', b)\nf()",
        "def f(x, y):\n    save('q', x)\n    save('r', y)\nf(data('A'), data('B'))",
        "a, b = data('A'), data('B')\nsave('q', a), save('r', b)",
        "def f():\n    a, b = data('A'), data('B')\n    with writer('q') as v, writer('r') as w:\n"
        "        v['x'] = a\n        w['x'] = b\nf()",
        "def put(name, v):\n    save(name, v)\ndef f():\n    put('q', data('A'))\n    put('r', data('B'))\nf()",
    ],
)
def test_two_files_of_one_statement_have_each_its_own_inputs(source: str, tmp_path: Path) -> None:
    session = Session(tmp_path)
    outcome = session.cell(source)
    assert inputs(outcome) == {"A": True, "B": True}
    for name, own, other in (("q", "A", "B"), ("r", "B", "A")):
        found = _of(session, name)
        assert found[own]
        assert not found.get(other, False)


def test_a_module_of_the_user_that_reads_two_gives_both_perhaps(tmp_path: Path) -> None:
    session = Session(tmp_path)
    code = "def load():\n    a = data('A')\n    b = data('B')\n    return a\ndef one(p):\n    return data(p)"
    space = {"data": session.data}
    exec(compile(code, "own.py", "exec"), space)
    session.names.update(load=space["load"], one=space["one"])
    session.cell("x = load()")
    assert inputs(session.cell("save('r', x)")) == {"A": False, "B": False}
    assert inputs(session.cell("y = [one(p) for p in 'AB']\nsave('r', y)")) == {"A": True, "B": True}


def test_functions_of_one_name_and_line_are_not_mistaken(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.cell("def f(p):\n    b = data('B')\n    return data(p)\ng = f")
    session.cell("def f(p):\n    return data('B'), data(p)")
    found = inputs(session.cell("save('r', g('A'))"))
    assert found.keys() == {"A", "B"}
    assert not found["B"]


def test_a_result_read_later_is_named_itself_and_not_its_ancestors(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.cell("a = data('A')\nsave('first', a)")
    outcome = session.cell("b = load('first')\nsave('second', b)")
    assert outcome.sources.origins == {("path", str(tmp_path / "first")): True}


def test_a_file_made_by_the_same_run_is_no_input_but_its_sources_are(tmp_path: Path) -> None:
    session = Session(tmp_path)
    outcome = session.cell("save('tmp', data('A'))\nb = load('tmp')\nsave('second', b)")
    assert outcome.sources.origins == {("pid", "A"): True}


def test_a_renamed_file_keeps_its_sources(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.names["replace"] = lambda old, new: (
        (tmp_path / old).rename(tmp_path / new),
        session.see("rename", path=str(tmp_path / old), target=str(tmp_path / new)),
    )
    outcome = session.cell("save('r.part', data('A'))\nreplace('r.part', 'r')")
    assert outcome.written == (str(tmp_path / "r"),)
    assert outcome.sources.origins == {("pid", "A"): True}


def test_something_read_beside_the_code_is_an_uncertain_input_of_its_cell(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.names["elsewhere"] = lambda pid: session.events.append(Event("read", pid=pid))
    session.cell("x = 1\nelsewhere('A')")
    assert inputs(session.cell("save('r', x)")) == {"A": False}


def test_code_that_is_no_python_makes_everything_uncertain(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.cell("a = data('A')\nb = 1")
    session.chain.add(Trace(2, None))
    session.runs = 2
    assert inputs(session.cell("save('r', b)")) == {"A": False}


def test_a_file_that_is_moved_over_another_brings_its_own_sources(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.names["replace"] = lambda old, new: (
        (tmp_path / old).rename(tmp_path / new),
        session.see("rename", path=str(tmp_path / old), target=str(tmp_path / new)),
    )
    outcome = session.cell("save('r', data('A'))\nsave('t', data('B'))\nreplace('t', 'r')")
    assert inputs(outcome) == {"B": True}
