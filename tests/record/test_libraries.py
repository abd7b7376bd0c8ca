"""Readers and writers that no audit event tells of, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from record.notebooks import Notebook, files, inputs

SETUP = """
import numpy as np, os, io, shutil, sys
from pathlib import Path
"""

# Write, read, name of the file.
ROUND_TRIPS = {
    "h5py file object": ("f = open('d', 'w+b'); h5py.File(f, 'w').close(); f.close()", "h5py.File('d')['/']", "d"),
    "h5py core driver": (
        "f = h5py.File('d', 'w', driver='core'); f['x'] = 1; f.close()",
        "h5py.File('d', driver='core')['x'][()]",
        "d",
    ),
    "h5py stdio driver": ("h5py.File('d', 'w', driver='stdio').close()", "h5py.File('d', driver='stdio')['/']", "d"),
    "h5py family driver": (
        "h5py.File('d%d', 'w', driver='family', memb_size=100_000).close()",
        "h5py.File('d%d', driver='family', memb_size=100_000)['/']",
        "d0",
    ),
    "h5py file object for reading": (
        "h5py.File('d', 'w').close()",
        "h5py.File(open('d', 'rb'))['/']",
        "d",
    ),
    "numpy mapped": ("np.save('d.npy', [1])", "np.load('d.npy', mmap_mode='r').sum()", "d.npy"),
    "read_hdf": ("pd.DataFrame({'a': [1]}).to_hdf('d', key='k')", "pd.read_hdf('d')", "d"),
    "HDFStore": ("s = pd.HDFStore('d'); s['k'] = pd.Series([1]); s.close()", "pd.read_hdf('d', 'k')", "d"),
    "PyTables": (
        "t = __import__('tables').open_file('d', 'w'); t.create_array('/', 'x', [1]); t.close()",
        "__import__('tables').open_file('d').root.x.read()",
        "d",
    ),
    "pandas parquet": ("pd.DataFrame({'a': [1]}).to_parquet('d')", "pd.read_parquet('d')", "d"),
    "pandas feather": ("pd.DataFrame({'a': [1]}).to_feather('d')", "pd.read_feather('d')", "d"),
    "pandas pickle": ("pd.DataFrame({'a': [1]}).to_pickle('d')", "pd.read_pickle('d')", "d"),
    "pyarrow parquet": ("pq.write_table(pa.table({'a': [1]}), 'd')", "pq.ParquetFile('d').read()", "d"),
    "pyarrow feather": ("feather.write_feather(pa.table({'a': [1]}), 'd')", "feather.read_table('d')", "d"),
    "pyarrow csv": ("pacsv.write_csv(pa.table({'a': [1]}), 'd.csv')", "pacsv.read_csv('d.csv')", "d.csv"),
    "pyarrow data set": (
        "ds.write_dataset(pa.table({'a': [1]}), 'set', format='parquet')",
        "ds.dataset('set/part-0.parquet').to_table()",
        "part-0.parquet",
    ),
    "pyarrow memory map": ("open('d', 'w').write('1')", "pa.memory_map('d').read()", "d"),
    "h5py split driver": (
        "h5py.File('d', 'w', driver='split').close()",
        "h5py.File('d', driver='split')['/']",
        ("d-m.h5", "d-r.h5"),
    ),
    "pyarrow ORC": ("orc.write_table(pa.table({'a': [1]}), 'd')", "orc.read_table('d')", "d"),
    "pyarrow metadata": ("pq.write_table(pa.table({'a': [1]}), 'd')", "pq.read_metadata('d')", "d"),
    "pyarrow IPC": (
        "w = pa.ipc.new_file('d', pa.schema([('a', pa.int64())])); w.close()",
        "pa.ipc.open_file(pa.memory_map('d')).read_all()",
        "d",
    ),
    "pyarrow streams": ("s = pa.output_stream('d'); s.write(b'1'); s.close()", "pa.input_stream('d').read()", "d"),
    "database": (
        "import sqlite3; c = sqlite3.connect('d'); c.execute('create table t (a)'); c.commit(); c.close()",
        "sqlite3.connect('d').execute('select * from t').fetchall()",
        "d",
    ),
    "temporary file beside": (
        "import tempfile; t = tempfile.NamedTemporaryFile(dir='.', prefix='d', delete=False)\n"
        "t.write(b'1'); t.close(); name = os.path.basename(t.name)",
        "open(name).read()",
        None,
    ),
    "netCDF4": ("n = nc.Dataset('d', 'w'); n.createDimension('x', 1); n.close()", "nc.Dataset('d').dimensions", "d"),
    "xarray": ("xr.Dataset({'a': ('x', [1])}).to_netcdf('d.nc')", "xr.open_dataset('d.nc').load()", "d.nc"),
    "xarray through h5netcdf's library": ("h5py.File('d', 'w').close()", "nc.Dataset('d').groups", "d"),
    "savez": ("np.savez('d.npz', a=1)", "dict(np.load('d.npz'))", "d.npz"),
    "memmap": ("m = np.memmap('d', 'u1', 'w+', shape=(3,)); m.flush(); del m", "np.memmap('d', 'u1', 'r').sum()", "d"),
    "tofile": ("np.arange(3).tofile('d')", "np.fromfile('d')", "d"),
    "savetxt": ("np.savetxt('d', [1])", "np.loadtxt('d')", "d"),
    "picture": ("Image.new('L', (2, 2)).save('d.png')", "np.asarray(Image.open('d.png'))", "d.png"),
    "pathlib": ("Path('d').write_bytes(b'1')", "Path('d').open('rb').read()", "d"),
    "pyarrow file": ("f = pa.OSFile('d', 'wb'); f.write(b'1'); f.close()", "pa.OSFile('d', 'rb').read()", "d"),
    "pyarrow file system": (
        "f = fs.LocalFileSystem().open_output_stream('d'); f.write(b'1'); f.close()",
        "fs.LocalFileSystem().open_input_stream('d').read()",
        "d",
    ),
    "pyarrow part of a file system": (
        "s = fs.SubTreeFileSystem('.', fs.LocalFileSystem()); f = s.open_append_stream('d'); f.write(b'1'); f.close()",
        "s.open_input_file('d').read()",
        "d",
    ),
    "pyarrow data set by a file system": (
        "ds.write_dataset(pa.table({'a': [1]}), 'set', format='feather', filesystem=fs.LocalFileSystem())",
        "ds.dataset('set', format='feather').to_table()",
        "part-0.feather",
    ),
    "pyarrow fragment": (
        "pq.write_table(pa.table({'a': [1]}), 'd')",
        "ds.ParquetFileFormat().make_fragment('d', fs.LocalFileSystem()).to_table()",
        "d",
    ),
    "pyarrow through fsspec": (
        "s = fs.PyFileSystem(fs.FSSpecHandler(__import__('fsspec').filesystem('file')))\n"
        "pq.write_table(pa.table({'a': [1]}), os.path.abspath('d'), filesystem=s)",
        "pq.read_table(os.path.abspath('d'), filesystem=s)",
        "d",
    ),
    "h5py's low level": ("h5py.h5f.create(b'd').close()", "h5py.h5f.open(b'd', h5py.h5f.ACC_RDONLY).name", "d"),
    "fsspec": (
        "f = __import__('fsspec').open('d', 'wb').open(); f.write(b'1'); f.close()",
        "__import__('fsspec').filesystem('file').cat('d')",
        "d",
    ),
    "zarr zip": (
        "import zarr; z = zarr.storage.ZipStore('d.zip', mode='w'); zarr.create_array(z, shape=(2,), dtype='i4')[:] = 1"
        "; z.close()",
        "zarr.open_array(zarr.storage.ZipStore('d.zip', mode='r'))[:]",
        "d.zip",
    ),
    "text in a thread": (
        "import threading; t = threading.Thread(target=Path('d').write_text, args=('1',)); t.start(); t.join()",
        "Path('d').read_text()",
        "d",
    ),
}

IMPORTS = """
import h5py, pandas as pd, xarray as xr, netCDF4 as nc
import pyarrow as pa, pyarrow.orc as orc
import pyarrow.parquet as pq, pyarrow.feather as feather, pyarrow.csv as pacsv, pyarrow.dataset as ds, pyarrow.fs as fs
from PIL import Image
import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt
"""


@pytest.fixture
def book(notebook: Notebook) -> Notebook:
    notebook.ok(SETUP + IMPORTS)
    return notebook


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_is_written_and_read_is_seen(book: Notebook, name: str) -> None:
    write, read, file = ROUND_TRIPS[name]
    book.ok(write)
    wrote = {Path(line["path"]).name for line in book.lines("write")}
    made = {file} if isinstance(file, str) else set(file or ()) or {one.name for one in book.folder.glob("d*")}
    assert wrote == made
    book.ok(f"value = {read}")
    assert made <= {Path(line["path"]).name for line in book.lines("read")}
    book.ok("open('results/out', 'w').write(str(value))")
    assert files(book.end()) == dict.fromkeys(made, True)


def test_files_that_pyarrow_copies_moves_and_deletes(book: Notebook) -> None:
    (book.folder / "raw").write_text("1")
    (book.folder / "many").mkdir()
    (book.folder / "many/raw2").write_text("2")
    book.ok("system = fs.LocalFileSystem(); recorder.belongs(os.path.abspath('raw'), 'P/1')")
    book.ok("system.copy_file('raw', 'near'); os.mkdir('also')")
    book.ok("fs.copy_files(os.path.abspath('many'), os.path.abspath('also'))")
    links = {(Path(line["src"]).name, Path(line["dst"]).name) for line in book.lines("link")}
    assert (links, book.lines("write")) == ({("raw", "near"), ("raw2", "raw2")}, [])
    book.ok("open('a', 'w').write('1'); system.move('a', 'results/b'); open('c', 'w').close(); system.delete_file('c')")
    assert [Path(line["dst"]).name for line in book.lines("rename")] == ["b"]
    assert [Path(line["path"]).name for line in book.lines("remove")] == ["c"]
    book.ok("v = open('near').read() + open('also/raw2').read()\nopen('results/out', 'w').write(v)")
    assert (inputs(book.end()), files(book.end())) == ({"P/1": True}, {"raw2": True})


def test_what_is_written_into_a_database_that_is_there(book: Notebook) -> None:
    book.ok("import sqlite3; c = sqlite3.connect('d.db'); c.execute('create table t (a)'); c.commit(); c.close()")
    book.ok("a = data('P/1'); b = data('P/2')")
    book.ok("c = sqlite3.connect('d.db')\nv = c.execute('select * from t').fetchall()")
    assert [line["run"] for line in book.lines("write")] == [2]  # read only
    book.ok("c.execute('insert into t values (?)', a[:1]); c.commit()")
    end = book.end()
    assert ([line["run"] for line in book.lines("write")], end["run"]) == ([2, 5], 5)
    assert set(inputs(end)) == {"P/1"}
    book.ok("w = 1 + 1")
    book.ok("c.close(); import os; os.utime('d.db', (1, 1))")
    book.ok("os.utime('d.db', (2, 2))  # by whoever: it is not open here")
    book.ok("pd.DataFrame({'b': b}).to_sql('s', sqlite3.connect('d.db'))")
    assert ([line["run"] for line in book.lines("write")][2:], "P/2" in inputs(book.end())) == ([7, 9], True)
    book.ok("u = sqlite3.connect('file:d.db?mode=ro', uri=True); m = sqlite3.connect(':memory:'); u.close()")
    assert {line["path"] for line in book.lines("read") if line["run"] == 10} == {str(book.folder / "d.db")}


def test_path_objects_of_the_users_own_are_asked_once(book: Notebook) -> None:
    """By the library, as without us; what it understood is what we note."""
    book.ok(
        "asked = []\nclass Own:\n"
        "    def __fspath__(self): asked.append(1); return 'd'\n"
        "    def __str__(self): asked.append(1); return 'd'\n"
        "nc.Dataset(Own(), 'w').close(); assert len(asked) == 1; nc.Dataset(Own()).close()\n"
        "h5py.File(Own(), 'w').close(); h5py.File(Own()).close()\n"
        "assert len(asked) == 4"
    )
    assert [(Path(line["path"]).name, line["how"]) for line in book.lines("write")] == [("d", "netCDF4"), ("d", "h5py")]
    assert {line["how"] for line in book.lines("read")} == {"netCDF4", "h5py"}


def test_several_files_at_once(book: Notebook) -> None:
    book.ok(
        "for n in 'ab':\n    f = nc.Dataset(f'{n}.nc', 'w', format='NETCDF4_CLASSIC'); f.createDimension('x', None)"
        "; f.createVariable('v', 'f4', ('x',))[:] = [1]; f.close()\n"
        "pq.write_table(pa.table({'a': [1]}), 'p1'); pq.write_table(pa.table({'a': [1]}), 'p2')"
    )
    book.ok("m = nc.MFDataset('*.nc', aggdim='x').variables['v'][:]")
    book.ok("open('results/m', 'w').write(str(m))")
    assert files(book.end()) == {"a.nc": True, "b.nc": True}
    book.ok("t = pq.read_table(['p1', 'p2'])")
    book.ok("open('results/t', 'w').write(str(t))")
    assert files(book.end()) == {"p1": True, "p2": True}


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_store_is_one_input(book: Notebook, version: int) -> None:
    book.ok("import zarr, warnings; warnings.simplefilter('ignore')")
    book.ok(
        f"z = zarr.open('d.zarr', mode='w', shape=(40,), chunks=(10,), dtype='i4', zarr_format={version})\n"
        "z[:] = np.arange(40)"
    )
    assert len(book.lines("rename")) > 4
    book.ok("v = zarr.open('d.zarr', mode='r')[:].sum()")
    book.ok("open('results/out', 'w').write(str(v))")
    assert files(book.end()) == {"d.zarr": True}


def test_figures_through_file_objects(book: Notebook) -> None:
    book.ok("a = data('P/1'); fig, ax = plt.subplots(); ax.plot(a)")
    book.ok("with open('results/f.png', 'wb') as f:\n    fig.savefig(f)\nb = io.BytesIO(); fig.savefig(b)")
    assert [Path(line["path"]).name for line in book.lines("write")] == ["f.png"]
    assert inputs(book.end()) == {"P/1": True}


def test_nothing_looks_other_than_without_the_record(book: Notebook) -> None:
    """What can be asked of doors of each kind, with the record on and off (`test_wrapping.py` asks much more)."""
    book.ok(
        "import inspect, pickle, multiprocessing.pool\n"
        "def look():\n"
        "    n = nc.Dataset('d', 'w'); g = n.createGroup('g'); n.close()\n"
        "    doors = (nc.Dataset, pacsv.read_csv, pa.memory_map, h5py.File, pa.OSFile, ds.dataset, pq.ParquetFile)\n"
        "    said = [(repr(d), pickle.dumps(d), id(d)) for d in doors if d is not pa.memory_map]\n"
        "    said += [repr(pa.memory_map), pickle.loads(pickle.dumps(doors)) == doors, type(n) is nc.Dataset]\n"
        "    said += [type(g) is nc.Group, repr(nc.Dataset.__init__), type(pa.output_stream('o')) is pa.OSFile]\n"
        "    f = multiprocessing.pool.Pool.apply_async\n"
        "    said += [id(f), inspect.getfullargspec(f), f.__defaults__, inspect.getsourcefile(f)]\n"
        "    said += [inspect.getsource(f), inspect.getfullargspec(h5py.File.__init__), type(h5py.File('d'))]\n"
        "    print(said)\n"
    )
    recorded = book.ok("look()")
    assert {"d", "o"} == {Path(line["path"]).name for line in book.lines("write")}
    book.ok("record.off()")
    assert book.ok("look()") == recorded
    book.ok(
        "left = [m for m, s in list(sys.modules.items()) if m.startswith(('h5py', 'netCDF4', 'pyarrow', 'tables'))\n"
        "        for v in list(vars(s).values()) if 'shinecat' in str(type(v).__mro__)]\n"
        "assert not left, left\nassert not any(hasattr(f, 'waiting') for f in sys.meta_path)\n"
        "nc.Dataset('off', 'w').close(); pa.OSFile('off', 'w').close(); h5py.File('off', 'w').close()\nrecord.on()"
    )
    assert "off" not in {Path(line["path"]).name for line in book.lines("write")}


def test_names_taken_before_the_record_began(notebook: Notebook) -> None:
    """By a cell, a module, as a default argument, a base class, in a container: all lead to what is recorded."""
    names = "from h5py import File; from netCDF4 import Dataset; from pyarrow.csv import read_csv, write_csv"
    (notebook.folder / "mine.py").write_text(names.replace("; ", "\n") + "\nfrom pyarrow import memory_map\n")
    notebook.ok(
        f"record.off()\n{names}; import pyarrow as pa, sys; sys.path.insert(0, '.'); import mine; before = Dataset\n"
        "def default(name, writer=Dataset, tables=[pa.OSFile]):\n"
        "    writer(name, 'w').close(); tables[0](name + 'o', 'w').close()\n"
        "class Own(Dataset):\n    pass\n"
        "class OwnFile(File):\n    pass"
    )
    notebook.ok("record.on()")
    notebook.ok("write_csv(pa.table({'a': [1]}), 'a.csv'); Dataset('b.nc', 'w').close(); File('c.h5', 'w').close()")
    notebook.ok("default('d'); Own('e', 'w').close(); OwnFile('f', 'w').close()")
    written = {Path(line["path"]).name for line in notebook.lines("write")}
    assert written == {"a.csv", "b.nc", "c.h5", "d", "do", "e", "f"}
    notebook.ok("value = str([mine.read_csv('a.csv'), mine.Dataset('b.nc').groups, list(mine.File('c.h5'))])")
    notebook.ok("value += str([mine.memory_map('do').size(), type(Own('e')).__mro__])")
    notebook.ok("open('results/out', 'w').write(value)")
    assert files(notebook.end()) == dict.fromkeys(["a.csv", "b.nc", "c.h5", "do", "e"], True)
    notebook.ok("record.off()\nassert Dataset is before is mine.Dataset\nassert mine.memory_map is pa.memory_map")
    notebook.ok("record.on()")


def test_names_that_other_modules_took_lead_to_the_originals_again(notebook: Notebook) -> None:
    """Of functions of C, which alone have a stand-in."""
    folder = notebook.folder / "site-packages"  # a library, not a module of the user's
    folder.mkdir()
    (folder / "taker.py").write_text("from pyarrow import memory_map\nfrom h5py.h5f import create\n")
    notebook.ok("record.off()\nimport sys, h5py, pyarrow as pa; sys.path.insert(0, 'site-packages')")
    notebook.ok("plain = (pa.memory_map, h5py.h5f.create)\nimport taker\nrecord.on()")
    notebook.ok("taker.create(b'a').close(); v = taker.memory_map('a').size()")
    assert {Path(line["path"]).name for kind in ("write", "read") for line in notebook.lines(kind)} == {"a"}
    notebook.ok("del sys.modules['taker']; import taker as again\nrecord.off()")
    notebook.ok(
        "assert all(a is b is c for a, b, c in zip(plain, *((t.memory_map, t.create) for t in (taker, again))))"
    )
    notebook.ok("record.on()")


def test_lazy_modules_stay_lazy(notebook: Notebook) -> None:
    (notebook.folder / "mine_later.py").write_text("open('loaded', 'w').close()\n")
    notebook.ok(
        "record.off()\nimport importlib.util, os, sys, netCDF4\n"
        "spec = importlib.util.spec_from_file_location('mine_later', os.path.abspath('mine_later.py'))\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "later = importlib.util.module_from_spec(spec); sys.modules['mine_later'] = later\n"
        "spec.loader.exec_module(later)"
    )
    notebook.ok("record.on()\nassert not os.path.exists('loaded')")
    notebook.ok("later.anything = 1; later.anything\nassert os.path.exists('loaded')")


FAULTY = [
    "nc.Dataset('/nowhere/at all')",
    "nc.Dataset(3)",
    "pd.read_hdf('/nowhere/at all')",
    "pd.read_parquet('/nowhere/at all')",
    "pq.ParquetFile()",
    "feather.read_table('plain.txt')",
    "shutil.copy('/nowhere/at all', 'x')",
]


def test_errors_of_libraries_stay_as_they_are(book: Notebook) -> None:
    (book.folder / "plain.txt").write_text("nothing of the kind" * 20)
    book.ok(
        "import traceback\n"
        "def show(code):\n"
        "    try:\n        exec(code)\n"
        "    except BaseException as error:\n"
        "        frames = [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)]\n"
        "        print(type(error).__name__, error, frames)"
    )
    for code in FAULTY:
        recorded = book.ok(f"show({code!r})")
        book.ok("record.off()")
        plain = book.ok(f"show({code!r})")
        book.ok("record.on()")
        assert plain
        assert recorded == plain


def test_copy_of_an_input_is_no_result(book: Notebook) -> None:
    (book.folder / "raw").write_text("1")
    book.ok("shutil.copy('raw', 'results/copy')")
    assert book.lines("write") == []
    [link] = book.lines("link")
    assert (Path(link["src"]).name, Path(link["dst"]).name) == ("raw", "copy")
    book.ok("v = open('results/copy').read()\nopen('results/out', 'w').write(v)")
    assert files(book.end()) == {"copy": True}


def test_copy_of_a_dataset_file_is_the_dataset(book: Notebook) -> None:
    (book.folder / "raw").write_text("1")
    book.ok("recorder.belongs(os.path.abspath('raw'), 'P/7')\nshutil.copy2('raw', 'near'); os.symlink('raw', 'other')")
    book.ok("shutil.move('near', 'nearer')\nv = open('nearer').read() + open('other').read()")
    book.ok("open('results/out', 'w').write(v)")
    assert inputs(book.end()) == {"P/7": True}
    assert files(book.end()) == {}


def test_copy_of_a_result_is_a_result(book: Notebook) -> None:
    book.ok("a = data('P/1')\nopen('scratch', 'w').write(str(a))")
    book.ok("shutil.copy('scratch', 'results/final')")
    assert book.lines("link") == []
    assert (book.end()["run"], files(book.end())) == (3, {"scratch": True})
    book.ok("shutil.move('scratch', 'results/moved')")
    assert [Path(line["dst"]).name for line in book.lines("rename")] == ["moved"]


def test_run_of_a_script(book: Notebook) -> None:
    (book.folder / "raw").write_text("1")
    (book.folder / "script.py").write_text("v = open('raw').read()\nopen('results/out', 'w').write(v)\n")
    book.ok("%run script.py")
    assert files(book.end()) == {"raw": True}


def test_arguments_of_other_programs_are_uncertain_inputs(book: Notebook) -> None:
    (book.folder / "raw").write_text("1")
    (book.folder / "other").write_text("1")
    book.ok("import subprocess")
    book.ok("subprocess.run(['cp', 'raw', 'results/copy'])")
    end = book.end()
    assert (files(end), end["unseen"]) == ({"raw": False}, ["process: cp"])
    book.ok("!cat other > results/third")
    assert (files(book.end()), book.end()["unseen"]) == ({"other": False}, ["process: shell command"])
    book.ok("subprocess.run('cat raw > fourth', shell=True, cwd='results')")
    assert book.end()["unseen"] == ["process: sh"]


def test_workers_that_are_no_forks(book: Notebook) -> None:
    for name in "abc":
        (book.folder / name).write_text(name)
    (book.folder / "tasks.py").write_text("def load(name):\n    return open(name).read()\n")
    book.ok("import sys; sys.path.insert(0, os.getcwd()); import tasks, joblib, multiprocessing; __spec__ = None")
    book.ok("v = joblib.Parallel(n_jobs=2)(joblib.delayed(tasks.load)(n) for n in ['a', 'b'])")
    book.ok("open('results/j', 'w').write(str(v))")
    end = book.end()
    assert (files(end), end["capture"], end["unseen"]) == ({"a": False, "b": False}, "partial", ["process: joblib"])
    book.ok("with multiprocessing.get_context('spawn').Pool(1) as pool:\n    w = pool.map(tasks.load, ['c'])")
    book.ok("open('results/s', 'w').write(str(w))")
    assert (files(book.end()), book.end()["unseen"]) == ({"c": False}, ["process: multiprocessing"])
    book.ok("x = joblib.Parallel(n_jobs=2, prefer='threads')(joblib.delayed(tasks.load)(n) for n in ['a'])")
    book.ok("open('results/t', 'w').write(str(x))")
    assert (files(book.end()), book.end()["unseen"]) == ({"a": True}, [])
