"""Arrays, quick looks, images and list-mode headers of a handle; what Tab offers."""

from __future__ import annotations

import contextlib
import struct
import warnings
import zlib
from pathlib import Path

import h5py
import matplotlib as mpl
import numpy as np
import PIL.Image
import pytest
import tifffile
from kernel.samples import list_mode
from matplotlib import font_manager

import jupyter_shinecat as sc
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.kernel.images import png

mpl.use("Agg")


@pytest.fixture(scope="module")
def looks(facility) -> dict[str, str]:
    """Files of several conventions."""

    def make(key: str) -> h5py.File:
        (facility.folder / key).mkdir()
        return h5py.File(facility.folder / key / "a.h5", "w")

    with make("map") as file:
        group = file.create_group("entry/map")
        file.attrs["default"], file["entry"].attrs["default"] = "entry", "map"
        group.attrs.update({"NX_class": "NXdata", "signal": "heat", "axes": ["y", "x"]})
        group["heat"] = np.arange(12.0).reshape(3, 4)
        group["heat"].attrs["units"] = "K"
        group["x"], group["y"] = np.arange(4) * 2.0, [5.0, 6.0, 7.0]
        group["x"].attrs["units"] = np.bytes_("mm")
    with make("old nexus") as file:
        group = file.create_group("entry/data")
        group.attrs["NX_class"] = np.bytes_("NXdata")
        group["counts"] = [1, 4, 9]
        group["counts"].attrs.update({"signal": 1, "axes": "angle"})
        group["angle"] = [0.1, 0.2, 0.3]
        group["counts_errors"] = [1.0, 2.0, 3.0]
    with make("stack of images") as file:
        file["frames"] = np.arange(2 * 3 * 4 * 5, dtype="u2").reshape(2, 3, 4, 5)
        file["few"] = np.arange(10.0)
        file["nothing"] = np.zeros((0, 3))
        file["text"] = "no numbers"
    with make("virtual") as file:
        layout = h5py.VirtualLayout(shape=(2, 3), dtype="i4")
        for number, name in enumerate(("a.h5", "gone.h5")):
            layout[number] = h5py.VirtualSource("." if name == "a.h5" else name, "own", shape=(3,))
        file["own"] = np.array([1, 2, 3], dtype="i4")
        file.create_virtual_dataset("all", layout, fillvalue=-1)
        for number in range(2):
            with h5py.File(facility.folder / "virtual" / f"part-{number}.dat", "w") as part:
                part["d"] = [[number] * 3]
        for name, pattern in (("counted", b"part-%b.dat"), ("not there", b"none-%b.h5")):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            space = h5py.h5s.create_simple((2, 3), (h5py.h5s.UNLIMITED, 3))
            space.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), (1, 1), (1, 3))
            plist.set_virtual(space, pattern, b"d", h5py.h5s.create_simple((1, 3)))
            shape = h5py.h5s.create_simple((2, 3), (h5py.h5s.UNLIMITED, 3))
            h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_INT64, shape, plist)
    with make("odd nexus") as file:
        oldest = file.create_group("oldest")
        oldest.attrs["NX_class"] = "NXdata"
        oldest["counts"], oldest["x"], oldest["y"] = np.arange(6).reshape(2, 3), [1.0, 2.0, 3.0], [5.0, np.nan]
        oldest["counts"].attrs.update({"signal": 1, "long_name": r"$\bad{ $ \x1b[31m"})
        oldest["x"].attrs["axis"], oldest["y"].attrs["axis"] = 2, 1
        errors = file.create_group("errors")
        errors.attrs.update({"NX_class": "NXdata", "signal": "d", "axes": "at"})
        errors["d"], errors["d_errors"], errors["at"] = [1.0, 2.0], [-1.0, 1.0], 5.0
        file["none"], file["flat"] = h5py.Empty("f8"), np.zeros((3, 0, 4))
        layout = h5py.VirtualLayout(shape=(10**6, 10**6, 10), dtype="f8")
        file.create_virtual_dataset("huge", layout)
        broken = file.create_dataset("broken", (4,), chunks=(4,), dtype="i4", compression="gzip")
        broken.id.write_direct_chunk((0,), b"not packed so")
        packed = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        packed.set_chunk((4,))
        packed.set_filter(65_000, h5py.h5z.FLAG_OPTIONAL)  # nobody has it
        space = h5py.h5s.create_simple((4,))
        strange = h5py.h5d.create(file.id, b"strange", h5py.h5t.NATIVE_INT32, space, packed)
        strange.write_direct_chunk((0,), bytes(16))
    with make("odd tables") as file:
        inner = np.dtype([("x", ">f4"), ("y", [("z", "i2")])])
        nested = np.zeros(3, dtype=[("run", ">i8"), ("at", inner)])
        nested["run"], nested["at"]["x"], nested["at"]["y"]["z"] = [1, 2, 3], [0.5, 1.5, 2.5], [7, 8, 9]
        file["nested"], file["type"] = nested, inner
        file["big"], file["wide"] = np.arange(3, dtype=">f8"), np.arange(6, dtype=">i4").reshape(3, 2)
        file["opaque"] = np.array([b"ab", b"cd"], dtype="V2")
    with make("texts only") as file:
        file["text"] = "no numbers"
    for key in ("map", "old nexus", "odd nexus", "stack of images", "virtual", "odd tables", "texts only"):
        facility.add(key)
    return facility.pids


def test_array_is_the_signal_or_what_is_named(here, looks) -> None:
    good = sc.open(looks["good"])
    assert good.array().tolist() == [0, 1, 4, 9, 16], "the default plot's signal"
    assert good.array("/entry/data/data").shape == (6, 10, 10)
    assert good.array("/entry/plot").tolist() == [0, 1, 4, 9, 16]
    assert sc.open(looks["old nexus"]).array().tolist() == [1, 4, 9]
    assert sc.open(looks["stack of images"]).array().shape == (2, 3, 4, 5), "the largest without NeXus"
    assert sc.open(looks["mixed"]).array(file="b.h5").tolist() == [1, 2, 3]
    with pytest.raises(FileProblem, match=r"no object /entry/matrx.*/entry/matrix"):
        good.array("/entry/matrx")
    with pytest.raises(FileProblem, match="a group without a signal"):
        good.array("/entry/columns")
    with pytest.raises(FileProblem, match="no object /entry/outside"):
        good.array("/entry/outside")
    with pytest.raises(FileProblem, match="no array of numbers"):
        sc.open(looks["texts only"]).array()


def test_plot_follows_signal_and_axes(here, looks) -> None:
    steps = sc.open(looks["good"]).plot()
    assert (steps.get_xlabel(), steps.get_ylabel()) == ("energy", "counts")
    assert steps.patches[0].get_data().edges.tolist() == pytest.approx(np.linspace(9.0, 9.5, 6))
    image = sc.open(looks["map"]).plot()
    assert (image.get_xlabel(), image.get_ylabel()) == ("x (mm)", "y")
    mesh = image.collections[0]
    assert mesh.get_array().tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert mesh.get_coordinates()[0, :, 0].tolist() == [-1, 1, 3, 5, 7]
    assert mesh.colorbar.ax.get_ylabel() == "heat (K)"
    line = sc.open(looks["old nexus"]).plot()
    assert line.lines[0].get_xydata().tolist() == [[0.1, 1], [0.2, 4], [0.3, 9]]
    assert line.get_xlabel() == "angle"


def test_what_files_hold_beside_the_rule(here, looks) -> None:
    from matplotlib import pyplot

    ds = sc.open(looks["odd nexus"])
    image = ds.plot("/oldest")
    assert (image.get_xlabel(), image.get_ylabel()) == ("x", "y"), "axes that say of which dimension they are"
    assert ds.plot("/errors").lines[0].get_ydata().tolist() == [1, 2]
    image.figure.canvas.draw()  # labels of a file are no formulas
    assert "\x1b" not in image.collections[0].colorbar.ax.get_ylabel()
    assert ds.table(path="/oldest").columns.tolist() == ["y", "counts_0", "counts_1", "counts_2"]
    assert ds.table(path="/errors").columns.tolist() == ["d", "d_errors"]
    pyplot.close("all")
    for wrong in (lambda: ds.image(0, "/none"), lambda: ds.image(0, "/flat")):
        with pytest.raises(FileProblem, match="is no image"):
            wrong()
    with pytest.raises(FileProblem, match=r"more than this machine's memory.*ds\[path\]"):
        ds.array("/huge")
    with pytest.raises(FileProblem, match=r"a\.h5 can't be read: .*pip install hdf5plugin") as caught:
        ds.array("/strange")
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(FileProblem, match=r"a\.h5 can't be read: .*It may be damaged"):
        ds.array("/broken")
    with pytest.raises(KeyError, match="brokn; near it are: /broken"):
        ds["/brokn"]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("hdf5_1.10.8+repack1/bad_offset.h5", "table"),
        ("hdf5_1.10.8+repack1/corrupt_stab_msg.h5", "array"),
        ("hdf5_1.10.8+repack1/bounds_ref_latest_latest.h5", "plot"),
        ("hdf5_1.10.8+repack1/tudlink.h5", "image"),
        ("tables-3.11.1/Tables_lzo1.h5", "table"),
        ("tables-3.11.1/times-nested-be.h5", "array"),
    ],
)
def test_damaged_and_odd_files_have_a_sentence(here, corpus: Path, name: str, how: str) -> None:
    file = corpus / name
    key = f"corpus {file.name}"
    pid = here.add(key, {file.name: file.stat().st_size}, sourceFolder=str(file.parent))
    ds = sc.open(pid)
    with contextlib.suppress(FileProblem):  # no other error; some have an object that is whole
        getattr(ds, how)()
    assert isinstance(ds._ipython_key_completions_(), list)


def test_plot_without_nexus(here, looks) -> None:
    from matplotlib import pyplot

    ds = sc.open(looks["stack of images"])
    _, own = pyplot.subplots()
    bars = ds.plot("/few", ax=own)
    assert bars is own
    assert sum(bar.get_height() for bar in bars.patches) == 10, "a histogram counts each value once"
    picture = ds.plot()
    assert picture.images[0].get_array().tolist() == np.arange(20).reshape(4, 5).tolist()
    assert "image 0 of 6" in picture.get_title()
    for path in ("/text", "/nothing"):
        with pytest.raises(FileProblem, match="can't be drawn"):
            ds.plot(path)
    pyplot.close("all")


def test_plot_without_matplotlib_says_what_to_install(here, looks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(FileProblem, match="needs matplotlib"):
        sc.open(looks["map"]).plot()


def test_images_are_counted_over_all_leading_axes(here, looks) -> None:
    ds = sc.open(looks["stack of images"])
    whole = np.arange(120, dtype="u2").reshape(6, 4, 5)
    for number in (0, 4, 5, -1):
        assert np.array_equal(ds.image(number, "/frames"), whole[number])
    shown = ds.image(4)
    assert (shown.shape, shown.array.dtype) == ((4, 5), np.dtype("u2"))
    assert "[1, 1]" in repr(shown)
    assert shown._repr_png_().startswith(b"\x89PNG")
    assert np.array_equal(sc.open(looks["map"]).image(), np.arange(12.0).reshape(3, 4))
    for number in (6, -7):
        with pytest.raises(FileProblem, match=f"has 6 images; there is no image {number}"):
            ds.image(number)
    with pytest.raises(FileProblem, match="is no image"):
        ds.image(0, "/few")


@pytest.mark.parametrize(
    "values",
    [np.arange(12.0).reshape(3, 4), np.full((3, 3), 7), np.array([[np.nan, np.inf], [1, 2]]), np.full((2, 2), np.nan),
     np.zeros((3000, 2), dtype=bool)],
)  # fmt: skip
def test_png_is_whole(values) -> None:
    data = png(values)
    width, height = struct.unpack(">II", data[16:24])
    at = data.index(b"IDAT")
    length = struct.unpack(">I", data[at - 4 : at])[0]
    pixels = zlib.decompress(data[at + 4 : at + 4 + length])
    assert len(pixels) == height * (width + 1)
    assert max(width, height) <= 1024


def test_tables_of_any_numbers_can_be_shown(here, looks) -> None:
    ds = sc.open(looks["odd tables"])
    nested = ds.table()
    assert list(nested.columns) == ["run", "at.x", "at.y.z"]
    assert nested.iloc[1].tolist() == [2, 1.5, 8]
    for path in ("nested", "big", "wide", "opaque"):
        shown = ds.table(path=path)
        assert shown._repr_html_().count("<tr") == len(shown) + 1
        assert all(getattr(kind, "isnative", True) for kind in shown.dtypes), "pandas takes no other byte order"
    with pytest.raises(FileProblem, match="There is no table"):
        ds.table(path="type")


def test_virtual_dataset_with_a_missing_source_warns_and_names_it(here, looks) -> None:
    ds = sc.open(looks["virtual"])
    with pytest.warns(UserWarning, match=r"can't be read here: gone\.h5"):
        values = ds.array("/all")
    assert values.tolist() == [[1, 2, 3], [-1, -1, -1]]
    with pytest.warns(UserWarning, match=r"gone\.h5"):
        assert ds["/all"].shape == (2, 3)
    with pytest.warns(UserWarning, match=r"is put together .* can't be read here") as told, ds.h5("a.h5") as file:
        assert type(file) is h5py.File
    assert [str(one.message).partition(" ")[0] for one in told] == ["/all", "/not"]
    assert {one.filename for one in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ds.array("/counted", file="a.h5").tolist() == [[0, 0, 0], [1, 1, 1]]
    with pytest.warns(UserWarning, match=r"none-%b\.h5"):
        ds.array("/not there", file="a.h5")


@pytest.fixture(scope="module")
def pictures(facility) -> str:
    folder = facility.folder / "pictures"
    folder.mkdir()
    tifffile.imwrite(folder / "pages.tif", np.arange(24, dtype="u2").reshape(2, 3, 4))
    tifffile.imwrite(folder / "many.tif", np.array([[[0, 1], [2, 3]], [[3, 4], [5, 6]]], dtype="u2"))
    PIL.Image.fromarray(np.array([[[255, 0, 0], [0, 0, 90]]], dtype="u1")).save(folder / "colour.png")
    (folder / "scan.csv").write_text("角度,counts,note\n0,5,a\n1,7,b\n2,6,c\n", encoding="utf-8")
    (folder / "words.csv").write_text("a,b\nx,y\n")
    (folder / "torn.tif").write_bytes((folder / "pages.tif").read_bytes()[:20])
    return str(facility.add("pictures", datasetName="光斑 spot"))


def test_pictures_in_files_of_their_own(here, pictures: str) -> None:
    ds = sc.open(pictures)
    assert ds.array(file="pages.tif").shape == (2, 3, 4)
    page = ds.image(1, file="pages.tif")
    assert np.asarray(page).tolist() == np.arange(12, 24).reshape(3, 4).tolist()
    assert page._repr_png_().startswith(b"\x89PNG")
    assert ds.image(-1, file="pages.tif").array[0, 0] == 12
    assert ds.array(file="colour.png").shape == (1, 2, 3)
    assert ds.image(file="colour.png").array.tolist() == [[85, 30]]
    with pytest.raises(FileProblem, match="has 2 images; there is no image 2"):
        ds.image(2, file="pages.tif")
    for take in (ds.array, ds.plot):
        with pytest.raises(FileProblem, match=r"torn\.tif is no picture that can be read"):
            take(file="torn.tif")
    axes = ds.plot(file="pages.tif")
    assert axes.images[0].get_array().shape == (3, 4)


def test_one_page_of_many_is_read_alone(here, pictures: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tifffile, "imread")
    assert sc.open(pictures).image(1, file="many.tif").array.tolist() == [[3, 4], [5, 6]]


def test_plot_of_a_table(here, pictures: str) -> None:
    axes = sc.open(pictures).plot(file="scan.csv")
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("角度", "counts", "scan.csv")
    assert axes.lines[0].get_xydata().tolist() == [[0, 5], [1, 7], [2, 6]]
    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = axes.xaxis.label.get_fontfamily()
    assert families[0] in installed
    assert any("CJK" in name for name in families) == any(name.endswith(("CJK SC", "CJK JP")) for name in installed)
    assert axes.title.get_fontfamily() != families
    with pytest.raises(FileProblem, match=r"words\.csv has no column of numbers"):
        sc.open(pictures).plot(file="words.csv")


def test_list_mode_header(here) -> None:
    (here.folder / "lmf").mkdir(exist_ok=True)
    (here.folder / "lmf" / "run.lmf").write_bytes(list_mode("水 jet".encode()))
    (here.folder / "lmf" / "cut.lmf").write_bytes(list_mode(b"x")[:20])
    (here.folder / "lmf" / "note.txt").write_text("no header")
    ds = sc.open(here.add("lmf"))
    facts = ds.lmf("run.lmf")
    assert facts.comment == "水 jet" or facts.comment.value == "水 jet"
    assert (facts.coordinates, facts.events) == (3, 2)
    assert facts.duration.to("min").value == 1
    assert facts.start_time.startswith("2020-09-13T12:26:40")
    assert "lmf/generation" in facts._ipython_key_completions_()
    with pytest.raises(FileProblem, match=r"cut\.lmf has no list-mode header"):
        ds.lmf("cut.lmf")
    with pytest.raises(FileProblem, match=r"note\.txt has no list-mode header"):
        ds.lmf("note.txt")
    with pytest.raises(FileProblem, match="several files"):
        ds.lmf()
    with pytest.raises(FileProblem, match=r"No file of .* has an ending that ds\.lmf\(\) knows\. .* a\.h5, b\.h5"):
        sc.open(here.pids["mixed"]).lmf()


def test_tab_in_a_real_kernel(kernel, looks) -> None:
    kernel.run(f"ds = sc.open({looks['good']!r})")

    def offered(code: str) -> set[str]:
        reply = kernel.client.complete(code, reply=True, timeout=60)
        return {match.strip("\"'[]") for match in reply["content"]["matches"]}

    assert "/entry/data/data" in offered('ds["/entry/d')
    assert "detector/distance" in offered('ds.metadata["det')
    assert any("photon_energy" in match for match in offered("ds.metadata.pho"))
    assert any(match.endswith("lmf") for match in offered("ds.lm"))


def test_units_as_pint_quantities(here) -> None:
    from jupyter_shinecat.kernel.values import Value

    for unit, other in (
        ("Å", "nm"),
        ("°C", "K"),
        ("µm", "m"),
        ("mbar", "Pa"),
        ("", "dimensionless"),
        ("m-2", "1/m**2"),
    ):
        assert Value(2.0, unit).pint.to(other).magnitude
    assert Value([1, 2], "keV").pint.to("eV").magnitude == pytest.approx([1000, 2000])
