"""One golden table decides what a unit means; the first block is what a real SciCat 5 server answered."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_shinecat.units import UnitError, canonical, convert, si_pair

RECORDED = [
    (2, "mg", 2e-06, "kg"),
    (12.4, "keV", 1.9866989406e-15, "(kg m^2) / s^2"),
    (12400, "eV", 1.9866989406e-15, "(kg m^2) / s^2"),
    (9000, "eV", 1.4419589085e-15, "(kg m^2) / s^2"),
    (13, "keV", 2.0828295345e-15, "(kg m^2) / s^2"),
    (25, "degC", 298.15, "K"),
    (500, "ms", 0.5, "s"),
    (1, "cm", 0.01, "m"),
    (5, "mm", 0.005, "m"),
    (1.5, "Å", 1.5e-10, "m"),
    (2.03, "angstrom", 2.03e-10, "m"),
]

GOLDEN = [
    (25, "C", 298.15, "K"),
    (77, "K", 77, "K"),
    (32, "F", 273.15, "K"),
    (2, "A^-1", 2e10, "m^-1"),
    (2, "1/A", 2e10, "m^-1"),
    (2, "Å⁻¹", 2e10, "m^-1"),
    (3, "A", 3, "A"),
    (1, "Angstrom", 1e-10, "m"),
    (1, "Ångström", 1e-10, "m"),
    (760, "Torr", 101325, "kg / (m s^2)"),
    (1, "mbar", 100, "kg / (m s^2)"),
    (50, "hz", 50, "s^-1"),
    (50, "Hz", 50, "s^-1"),
    (50, "s-1", 50, "s^-1"),
    (1e12, "photons/s", 1e12, "s^-1"),
    (1e12, "ph/s", 1e12, "s^-1"),
    (180, "deg", 3.14159265358979, "rad"),
    (7, "µm", 7e-6, "m"),
    (7, "μm", 7e-6, "m"),
    (7, "um", 7e-6, "m"),
    (7, "micron", 7e-6, "m"),
    (40, "fs", 4e-14, "s"),
    (250, "uJ", 2.5e-4, "(kg m^2) / s^2"),
    (50, "%", 0.5, "1"),
    (1, "m/s", 1, "m / s"),
    (1, "m/s^2", 1, "m / s^2"),
    (1, "m s-2", 1, "m / s^2"),
    (6, "degC/min", 0.1, "K / s"),
    (1, "mJ/cm^2", 10, "kg / s^2"),
    (1, "kV", 1000, "(kg m^2) / (s^3 A)"),
    (1, "mT", 1e-3, "kg / (s^2 A)"),
    (1, "mrad", 1e-3, "rad"),
]

UNKNOWN = (
    *("foobars", "a.u.", "unitless", "", "arb. units", "ADU", "pixels", "smoot", "<script>", "phs"),
    *("m**m", "9**9**9**9", "m^999999999", "m**9**9**9", "(m**9)**9**9", "((m^9)^9)^9", "\x00", "m" * 500, "1e-3 m"),
)


@pytest.mark.parametrize(("value", "unit", "si", "text"), RECORDED + GOLDEN)
def test_si_pair_follows_the_golden_table(value: float, unit: str, si: float, text: str) -> None:
    pair = si_pair(value, unit)
    assert pair is not None
    assert pair[0] == pytest.approx(si, rel=1e-12)
    assert pair[1] == text


@pytest.mark.parametrize("unit", UNKNOWN)
def test_what_is_no_unit_gets_no_pair(unit: str) -> None:
    assert si_pair(3, unit) is None


def test_a_number_that_is_not_finite_gets_no_pair() -> None:
    assert si_pair(float("nan"), "mm") is None
    assert si_pair(1e308, "km") is None


def test_convert_between_units_of_one_quantity() -> None:
    assert convert(12.4, "keV", "eV") == 12400
    assert convert(25, "C", "F") == pytest.approx(77)
    assert convert(1, "Angstrom", "nm") == pytest.approx(0.1)
    assert convert(1, "eV", "J") == pytest.approx(1.602176634e-19, rel=1e-12)
    assert convert(3, "foobars", "foobars") == 3


@pytest.mark.parametrize(("source", "target"), [("keV", "m"), ("foobars", "m"), ("m", "foobars")])
def test_convert_refuses_what_makes_no_sense_and_names_it(source: str, target: str) -> None:
    with pytest.raises(UnitError) as caught:
        convert(1, source, target)
    assert "foobars" in str(caught.value) or "keV" in str(caught.value)


def test_canonical_gives_one_spelling() -> None:
    assert {canonical(u) for u in ("Å", "Angstrom", "ångström", "Ang")} == {"Å"}
    assert canonical("  foobars ") == "foobars"
    assert canonical("a.u.") == "a.u."


@given(st.text(max_size=30), st.floats(allow_nan=True, allow_infinity=True))
def test_any_text_is_survived(unit: str, value: float) -> None:
    pair = si_pair(value, unit)
    assert pair is None or isinstance(pair[1], str)
    canonical(unit)


def test_pint_is_loaded_only_when_a_unit_is_met() -> None:
    code = """
import sys, jupyter_shinecat.units as units
assert "pint" not in sys.modules
units.si_pair(1, "mm")
assert "pint" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
