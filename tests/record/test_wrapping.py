"""How functions of others are wrapped: nothing that a user can look at changes, and nothing of theirs runs for us."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import multiprocessing.pool
import pickle
import sys
import threading
import time
import traceback
import types
import warnings
from collections.abc import Iterator
from pathlib import Path, PosixPath
from typing import Any

import h5py
import netCDF4
import numpy as np
import pyarrow
import pyarrow.fs
import pytest

from jupyter_shinecat.record.flow import names_in
from jupyter_shinecat.record.handed import files_in
from jupyter_shinecat.record.mimic import is_ours
from jupyter_shinecat.record.paths import absolute, plain
from jupyter_shinecat.record.wrapping import Call, Wrap, Wrapping

MODULE = "wrapped_for_test"
SOURCE = '''
import warnings

def shared():
    hidden = 3
    class Inner:
        def method(self, a, b=2, /, c=4, *rest, d, e=6, **more):
            """Says all."""
            __class__
            return hidden, self.__class__.__name__, a, b, c, rest, d, e, more
    return Inner

Inner = shared()

def plain(a, b=[]):
    b.append(a)
    return b

def only(*, key=1):
    return key

def fails(name):
    raise ValueError(name)

def warns():
    warnings.warn("here", stacklevel=1)

def again(n):
    return n and again(n - 1) + 1

def slow(started, go):
    started.set()
    go.wait(60)
    return "done"

def draws():
    yield 1
'''
FUNCTIONS = ("Inner.method", "plain", "only", "fails", "warns", "again", "slow")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / f"{MODULE}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(MODULE)
    sys.modules.pop(MODULE, None)


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def wrapping(module: Any, calls: list[Call]) -> Iterator[Wrapping]:
    made = Wrapping({MODULE: [Wrap(name, calls.append) for name in (*FUNCTIONS, "draws")]})
    made.start()
    yield made
    made.stop()


def _says(function: Any) -> list[Any]:
    """All that can be asked of a Python function."""
    code = function.__code__
    return [
        inspect.getfullargspec(function),
        inspect.signature(function),
        inspect.getsource(function),
        inspect.getsourcefile(function),
        function.__defaults__,
        function.__kwdefaults__,
        function.__closure__,
        function.__dict__,
        function.__doc__,
        (code.co_name, code.co_qualname, code.co_filename, code.co_firstlineno, code.co_freevars),
        pickle.loads(pickle.dumps(function)) is function,
        copy.deepcopy(function) is function,
    ]


def test_python_functions_stay_the_same_objects_and_say_the_same(module: Any, calls: list[Call]) -> None:
    functions = [module.plain, module.only, module.fails, module.again]
    before = [_says(function) for function in functions]
    method, signature = module.Inner.method, inspect.getfullargspec(module.Inner.method)
    codes = [function.__code__ for function in (*functions, method)]
    kept = {"as a default": module.plain}  # a name that nobody can find and exchange
    wrapping = Wrapping({MODULE: [Wrap(name, calls.append) for name in FUNCTIONS]})
    wrapping.start()
    assert module.Inner.method is method
    assert inspect.getfullargspec(method) == signature
    assert [_says(function) for function in functions] == before
    assert [module.plain, module.only, module.fails, module.again] == functions
    assert kept["as a default"](1) == [1] == module.plain.__defaults__[0]
    assert [call.args for call in calls] == [(1, [1])]  # the very list
    wrapping.stop()
    assert [function.__code__ for function in (*functions, method)] == codes
    module.plain(2, [])
    assert len(calls) == 1


@pytest.mark.usefixtures("wrapping")
def test_arguments_of_every_kind_arrive(module: Any, calls: list[Call]) -> None:
    one = module.Inner()
    assert one.method(1, d=5) == (3, "Inner", 1, 2, 4, (), 5, 6, {})
    assert one.method(1, 20, 30, 40, 50, d=5, e=7, f=8) == (3, "Inner", 1, 20, 30, (40, 50), 5, 7, {"f": 8})
    assert module.only(key=2) == 2
    told = [(call.args[-4:], call.kwargs) for call in calls]
    assert told == [
        ((one, 1, 2, 4), {"d": 5, "e": 6}),
        ((20, 30, 40, 50), {"d": 5, "e": 7, "f": 8}),
        ((), {"key": 2}),
    ]
    with pytest.raises(TypeError, match=r"method\(\) missing 1 required keyword-only argument: 'd'"):
        one.method(1)
    assert module.again(200) == 200
    assert list(module.draws()) == [1]  # it begins when it is drawn from: left alone
    assert calls[-1].args == (0,)


@pytest.mark.usefixtures("wrapping")
def test_errors_and_warnings_come_from_where_they_came(module: Any) -> None:
    with pytest.raises(ValueError, match="name") as raised:
        module.fails("name")
    frames = [(Path(frame.filename).name, frame.name) for frame in traceback.extract_tb(raised.value.__traceback__)]
    here = (Path(__file__).name, test_errors_and_warnings_come_from_where_they_came.__name__)
    assert frames == [here, (f"{MODULE}.py", "fails")]
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        module.warns()
    line = SOURCE.splitlines().index('    warnings.warn("here", stacklevel=1)') + 1
    assert [(Path(one.filename).name, one.lineno) for one in given] == [(f"{MODULE}.py", line)]


def test_the_record_may_end_in_the_middle_of_a_call(module: Any, wrapping: Wrapping) -> None:
    started, go, given = threading.Event(), threading.Event(), []
    thread = threading.Thread(target=lambda: given.append(module.slow(started, go)))
    thread.start()
    assert started.wait(60)
    wrapping.stop()
    go.set()
    thread.join(60)
    assert given == ["done"]


def test_who_wraps_after_us_keeps_what_they_made(module: Any, wrapping: Wrapping, calls: list[Call]) -> None:
    ours = module.only
    theirs = module.only = lambda **options: ours(**options) * 10
    assert theirs() == 10
    wrapping.stop()
    assert (module.only, theirs(key=2), len(calls)) == (theirs, 20, 1)


def test_a_note_that_fails_is_nobodys_error(module: Any) -> None:
    def note(call: Call) -> None:
        raise RuntimeError("ours")

    wrapping = Wrapping({MODULE: [Wrap("only", note)], "pyarrow.lib": [Wrap("memory_map", note)]})
    wrapping.start()
    try:
        assert module.only() == 1
        with pytest.raises(FileNotFoundError):
            pyarrow.lib.memory_map("/nowhere/at all")
    finally:
        wrapping.stop()


C_DOORS = {
    "netCDF4._netCDF4": "Dataset.__init__",
    "pyarrow.lib": "OSFile.__init__",
    "pyarrow._fs": "FileSystem.open_input_file",
    "h5py.h5f": "open",
}


@pytest.fixture
def in_c(calls: list[Call]) -> Iterator[Wrapping]:
    made = Wrapping({module: [Wrap(name, calls.append)] for module, name in C_DOORS.items()})
    made.start()
    yield made
    made.stop()


class Early(netCDF4.Dataset):
    """A class of the user's, made before the record began."""


class Explicit(netCDF4.Dataset):  # netCDF4 1.7.5 crashes by itself when such a class is collected
    def __init__(self, path: str) -> None:
        netCDF4.Dataset.__init__(self, path)


def test_classes_of_c_stay_themselves(in_c: Wrapping, calls: list[Call], tmp_path: Path) -> None:
    name = str(tmp_path / "a.nc")
    made = netCDF4.Dataset(name, "w")
    group = made.createGroup("g")
    assert (type(made), type(group)) == (netCDF4.Dataset, netCDF4.Group)
    assert isinstance(group, netCDF4.Dataset)
    assert netCDF4.Dataset in netCDF4.Group.__mro__
    made.close()
    early = Early(name)
    assert (type(early), type(early).__bases__, Early.__mro__[1]) == (Early, (netCDF4.Dataset,), netCDF4.Dataset)
    early.close()
    Explicit(name).close()
    assert [call.args[1] for call in calls] == [name] * 3
    with pytest.raises(FileNotFoundError) as raised:
        netCDF4.Dataset(tmp_path / "none")
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert [Path(frame.filename).name for frame in frames] == [Path(__file__).name, "_netCDF4.pyx", "_netCDF4.pyx"]
    in_c.stop()
    later = netCDF4.Dataset(name)
    assert (type(later), type(made), len(calls)) == (netCDF4.Dataset, netCDF4.Dataset, 3)
    assert type(vars(netCDF4.Dataset)["__init__"]) is types.WrapperDescriptorType
    later.close()


def test_a_class_without_a_constructor_gets_none_that_shows(in_c: Wrapping, calls: list[Call], tmp_path: Path) -> None:
    name = str(tmp_path / "a")
    pyarrow.OSFile(name, "w").close()
    pyarrow.output_stream(name).close()  # made by C of the library
    assert [call.args[1:] for call in calls] == [(name, "w")] * 2
    assert type(pyarrow.OSFile(name)) is pyarrow.OSFile
    assert pyarrow.OSFile.__init__ == object.__init__
    with pytest.raises(ValueError, match="no signature found"):
        inspect.signature(pyarrow.OSFile)

    class Passing(pyarrow.OSFile):
        def __init__(self, path: str) -> None:
            super().__init__(path)

    with pytest.raises(TypeError, match="takes exactly one argument") as recorded:
        Passing(name)
    assert Path(__file__).name == Path(traceback.extract_tb(recorded.value.__traceback__)[-1].filename).name
    with pytest.raises(FileNotFoundError):
        pyarrow.OSFile(name + "none")
    told = len(calls)
    in_c.stop()
    assert "__init__" not in vars(pyarrow.OSFile)
    with pytest.raises(TypeError, match="immutable"):
        pyarrow.OSFile.anything = 1
    assert pyarrow.OSFile(name).read() == b""
    assert len(calls) == told


def test_switching_on_and_off_while_threads_open_files(tmp_path: Path) -> None:
    """Classes of C change under calls that run: every call gives what it gave."""
    (tmp_path / "a").write_text("abc")
    h5py.File(tmp_path / "a.h5", "w").close()
    noted: list[Call] = []
    wrapping = Wrapping({module: [Wrap(name, noted.append)] for module, name in C_DOORS.items()})
    system, done = pyarrow.fs.LocalFileSystem(), threading.Event()

    def opening(thing: Any) -> int:
        made = 0
        while not done.is_set() or not made:
            assert thing() in (b"abc", "r")
            made += 1
        return made

    things = [
        lambda: pyarrow.OSFile(str(tmp_path / "a")).read(),
        lambda: system.open_input_file(str(tmp_path / "a")).read(),
        lambda: h5py.File(tmp_path / "a.h5").mode,
    ]
    with multiprocessing.pool.ThreadPool(len(things)) as pool:
        working = pool.map_async(opening, things, chunksize=1)
        for _ in range(30):
            wrapping.start()
            pyarrow.OSFile(str(tmp_path / "a")).close()
            wrapping.stop()
        done.set()
        assert all(working.get(60))
    assert len(noted) >= 30
    assert "__init__" not in vars(pyarrow.OSFile)


def test_warnings_of_c_name_the_line_that_called(tmp_path: Path) -> None:
    """Each once for each line, as Python's own rules have it: they ask which code, and which module, it was."""
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file.create_dataset("o", shape=(1,), dtype=h5py.opaque_dtype(np.dtype("V5")))
    code = compile("for n in (1, 2):\n    open(name)\nopen(name)\n", "mine.py", "exec")

    def given(wraps: list[Wrap]) -> list[tuple[Any, ...]]:
        wrapping = Wrapping({"netCDF4._netCDF4": wraps})
        wrapping.start()
        space = {"open": netCDF4.Dataset, "name": str(tmp_path / "a.nc"), "__name__": "mine"}
        try:
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("default")
                exec(code, space)
        finally:
            wrapping.stop()
        return [(str(one.message), one.filename, one.lineno) for one in seen] + [len(space["__warningregistry__"])]

    plain_ones = given([])
    assert [line for *_, line in plain_ones[:-1]] == [2, 3]
    assert given([Wrap("Dataset.__init__", lambda call: None, warns=True)]) == plain_ones


def test_functions_of_c_say_what_they_said(calls: list[Call], tmp_path: Path) -> None:
    def says() -> list[Any]:
        found: list[Any] = []
        for one in (h5py.h5f.open, pyarrow.fs.LocalFileSystem.open_input_file, netCDF4.Dataset.__init__):
            found += [repr(one), one.__doc__, one.__name__, one.__class__, dir(one), hash(one)]
            found += [inspect.isroutine(one), inspect.isfunction(one), callable(one), type(one).__name__]
            found += [str(inspect.signature(one)), copy.deepcopy(one) is one, inspect.getdoc(one)]
        system = pyarrow.fs.LocalFileSystem()
        found += [repr(system.open_input_file).partition(" at ")[0], system.open_input_file == system.open_input_file]
        return [*found, pickle.loads(pickle.dumps(h5py.h5f.open)) is h5py.h5f.open]

    plain_words, first = says(), h5py.h5f.open
    space = {"taken": first}
    wrapping = Wrapping({module: [Wrap(name, calls.append)] for module, name in C_DOORS.items()}, lambda: [space])
    wrapping.start()
    assert is_ours(h5py.h5f.open)
    assert space["taken"] is h5py.h5f.open == first
    assert says() == plain_words
    h5py.File(tmp_path / "a.h5", "w").close()
    h5py.File(tmp_path / "a.h5").close()
    assert [call.args[0] for call in calls] == [str(tmp_path / "a.h5").encode()]
    wrapping.stop()
    assert h5py.h5f.open is first is space["taken"]


def test_nothing_of_the_users_runs_when_a_name_is_asked_for() -> None:
    class Text(str):
        def __str__(self) -> str:
            raise AssertionError

        __contains__ = __getitem__ = __eq__ = __len__ = __iter__ = __bool__ = __str__  # type: ignore[assignment]
        __hash__ = str.__hash__

    class Somewhere:
        def __fspath__(self) -> str:
            raise AssertionError

        __str__ = __repr__ = __bool__ = __eq__ = __fspath__  # type: ignore[assignment]
        __hash__ = object.__hash__

        @property
        def __class__(self) -> type:  # type: ignore[override]
            raise AssertionError

    class Own(PosixPath):
        __fspath__ = __str__ = Somewhere.__fspath__  # type: ignore[assignment]

    class Several(list):  # type: ignore[type-arg]
        __iter__ = __len__ = __getitem__ = __bool__ = Somewhere.__fspath__  # type: ignore[assignment]

    assert (absolute(Text("/a/b")), type(plain(Text("a")))) == ("/a/b", str)
    assert (plain(Path("a")), plain(b"a"), plain(3), plain(None)) == ("a", "a", None, None)
    assert plain(Somewhere()) is plain(Own("/a")) is None
    assert files_in([Somewhere(), Own("/a"), Several(["a"]), Text("/etc")]) == []


def test_lazy_modules_of_any_kind_stay_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy(types.ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    class Proxy:
        __class__ = property(lambda self: Lazy.__getattribute__(self, "class"))  # type: ignore[assignment,arg-type]

    monkeypatch.setitem(sys.modules, "lazy_for_test", Lazy("lazy_for_test"))
    monkeypatch.setitem(sys.modules, "proxy_for_test", Proxy())
    spaces = [space for name in list(sys.modules) if (space := names_in(name)) is not None]
    wraps = {name: [Wrap("anything", print)] for name in ("lazy_for_test", "proxy_for_test")}
    wrapping = Wrapping(wraps | {"h5py.h5f": [Wrap("open", print)]}, lambda: spaces)
    wrapping.start()
    wrapping.stop()


def test_imports_that_are_awaited_fail_and_succeed_as_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[Call]
) -> None:
    (tmp_path / f"{MODULE}.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    wrapping = Wrapping({MODULE: [Wrap("only", calls.append)]})
    wrapping.start()
    with pytest.raises(ZeroDivisionError) as raised:
        __import__(MODULE)
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert not any("record" in frame.filename and "importing" in frame.filename for frame in frames)
    assert Path(frames[-1].filename).name == f"{MODULE}.py"
    kind = type(importlib.util.find_spec(MODULE).loader).__name__  # pytest's own, in a test
    (tmp_path / f"{MODULE}.py").write_text("seen = type(__loader__), vars(__loader__)\n" + SOURCE)
    module = __import__(MODULE)  # the second try
    assert module.only() == 1
    assert (len(calls), module.seen[0].__name__, "exec_module" in module.seen[1]) == (1, kind, False)
    assert sys.meta_path == before or wrapping._imports in sys.meta_path
    wrapping.stop()
    sys.modules.pop(MODULE)
    assert sys.meta_path == before


def test_pools_are_asked_nothing_that_changes_them() -> None:
    """To ask which way processes start by default would settle it."""
    from jupyter_shinecat.record.workers import worker_table

    handed: list[Any] = []
    wrapping = Wrapping(worker_table(lambda worker, values: handed.append(values)))
    assert {"multiprocessing.pool", "concurrent.futures.process"} <= set(worker_table(print))
    wrapping.start()
    try:
        with multiprocessing.pool.ThreadPool(1) as pool:
            drawn = (time.monotonic() and n for n in range(3))
            assert pool.map(abs, drawn) == [0, 1, 2]
        assert handed == []
    finally:
        wrapping.stop()
