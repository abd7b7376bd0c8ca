"""What the conventions of the field say about the objects of an HDF5 file: CXI before NeXus before plain HDF5.

Well-known quantities get one name at the top of the metadata whatever the file calls them, because a real SciCat
can't search nested keys. Each layer only fills what the ones before it left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .hdf5_walk import Node
from .model import Extract
from .safe import iso_time, pair, text

# name at the top: where NeXus keeps it, as (class of the group, name of the dataset), best first
_NEXUS: dict[str, tuple[tuple[str, str], ...]] = {
    "photon_energy": (("NXbeam", "incident_energy"), ("NXmonochromator", "energy"), ("NXbeam", "photon_energy")),
    "wavelength": (("NXbeam", "incident_wavelength"), ("NXmonochromator", "wavelength"), ("NXbeam", "wavelength")),
    "pulse_energy": (("NXbeam", "pulse_energy"), ("NXsource", "pulse_energy")),
    "pulse_duration": (("NXbeam", "pulse_duration"), ("NXsource", "pulse_width")),
    "repetition_rate": (("NXsource", "frequency"),),
    "detector_distance": (("NXdetector", "distance"), ("NXdetector", "detector_distance")),
    "exposure_time": (("NXdetector", "count_time"), ("NXdetector", "exposure_time"), ("NXdetector", "frame_time")),
    "pixel_size": (("NXdetector", "x_pixel_size"),),
    "sample_temperature": (("NXsample", "temperature"),),
    "sample_pressure": (("NXsample", "pressure"),),
    "run_number": (("NXentry", "run_number"), ("NXentry", "run")),
    "facility": (("NXsource", "name"),),
}
_CXI: dict[str, tuple[tuple[str, str], ...]] = {
    "photon_energy": (("source_", "energy"),),
    "wavelength": (("source_", "wavelength"),),
    "pulse_energy": (("source_", "pulse_energy"),),
    "pulse_duration": (("source_", "pulse_width"),),
    "detector_distance": (("detector_", "distance"),),
    "pixel_size": (("detector_", "x_pixel_size"),),
    "sample_temperature": (("sample_", "temperature"),),
    "sample_concentration": (("sample_", "concentration"),),
    "run_number": (("entry_", "run_number"),),
    "facility": (("source_", "name"),),
}
# CXI says that a number without a unit is in SI; energies in eV are met all the same, so only X-rays' values count
_CXI_SI: dict[str, tuple[str, float]] = {
    "photon_energy": ("J", 1e-12),
    "wavelength": ("m", 1e-6),
    "detector_distance": ("m", 100.0),
    "pixel_size": ("m", 0.01),
    "pulse_duration": ("s", 1e-6),
    "sample_temperature": ("K", 5000.0),
}
_SAID = ("title", "sample", "instrument", "detector", "proposal", "operator")
_NEXUS_SAID: dict[str, tuple[tuple[str, str], ...]] = {
    "title": (("NXentry", "title"),),
    "sample": (("NXsample", "name"), ("NXsample", "sample_name")),
    "instrument": (("NXinstrument", "name"),),
    "detector": (("NXdetector", "description"), ("NXdetector", "local_name"), ("NXdetector", "type")),
    "proposal": (("NXentry", "experiment_identifier"), ("NXentry", "proposal_id"), ("NXentry", "proposal")),
    "operator": (("NXuser", "name"),),
}
_CXI_SAID: dict[str, tuple[tuple[str, str], ...]] = {
    "title": (("entry_", "title"),),
    "sample": (("sample_", "name"),),
    "instrument": (("instrument_", "name"),),
    "detector": (("detector_", "description"), ("detector_", "name")),
    "proposal": (("entry_", "experiment_identifier"), ("entry_", "proposal_id"), ("entry_", "proposal")),
    "operator": (("entry_", "operator"), ("user_", "name"), ("entry_", "author")),
}
# plain HDF5 of a beamline: these names at the top of the file, or as attributes of its root
_PLAIN_SAID: dict[str, tuple[str, ...]] = {
    "title": ("title", "experiment_title"),
    "sample": ("sample", "sample_name"),
    "instrument": ("instrument", "instrument_name", "beamline", "station", "endstation"),
    "detector": ("detector", "detector_name"),
    "proposal": ("proposal", "proposal_id", "proposal_number", "experiment_identifier"),
    "operator": ("operator", "user", "experimenter"),
}
_NOTHING = ("", "unknown", "none", "n/a", "undefined", "null")
_START = ("start_time", "start", "file_time", "date", "start_date", "acquisition_time", "timestamp_reference_time")
_END = ("end_time", "stop_time", "end_date")


def unit_of(node: Node) -> str | None:
    """Unit of a dataset, under any of the names that facilities give the attribute."""
    for name in ("units", "unit", "Units", "Unit", "NX_units"):
        value = node.attributes.get(name)
        if isinstance(value, str | bytes) and value:
            return text(value, 60) or None
    return None


def is_cxi(nodes: list[Node]) -> bool:
    """The file carries ``cxi_version`` at its top."""
    return any(
        node.path == "/cxi_version" or "cxi_version" in node.attributes for node in nodes[:200] if depth(node) < 2
    )


def is_nexus(nodes: list[Node]) -> bool:
    """Some group has a NeXus class."""
    return any(node.nexus_class.startswith("NX") for node in nodes)


def depth(node: Node) -> int:
    """How many groups lie between the root and this object."""
    return 0 if node.path == "/" else node.path.count("/")


def physical(node: Node) -> Any:
    """Value of a dataset for metadata: a pair with its unit; mean and limits where it is a short list of numbers."""
    unit = unit_of(node)
    if node.numbers is not None:
        numbers = dict(node.numbers)
        return {"value": numbers.pop("value"), "unit": unit or "", **numbers}
    return pair(node.value, unit)


def apply(nodes: list[Node], extract: Extract, put: Callable[[list[str], Any], bool]) -> None:
    """Fill the well-known names of ``extract`` from all layers that fit.

    Parameters
    ----------
    nodes
        Objects of the file, shallow ones first.
    extract
        Filled in place; its ``format`` decides which layers apply.
    put
        Takes a path in the metadata tree and a value; False when it could not be put.
    """
    by_place = {node.path: node for node in nodes}
    groups = [node for node in nodes if node.is_group]
    if extract.format == "cxi":
        _layer(groups, by_place, extract, put, "cxi", _named, _CXI, _CXI_SAID)
    if is_nexus(nodes):
        _layer(groups, by_place, extract, put, "nexus", _classed, _NEXUS, _NEXUS_SAID)
        _definition(nodes, by_place, extract, put)
    _plain(nodes, by_place, extract)


def _classed(group: Node, wanted: str) -> bool:
    return group.nexus_class == wanted


def _named(group: Node, wanted: str) -> bool:
    name = group.path.rpartition("/")[2]
    return name.startswith(wanted) and name[len(wanted) :].isdigit()


def _layer(
    groups: list[Node],
    by_place: dict[str, Node],
    extract: Extract,
    put: Callable[[list[str], Any], bool],
    layer: str,
    belongs: Callable[[Node, str], bool],
    quantities: dict[str, tuple[tuple[str, str], ...]],
    said: dict[str, tuple[tuple[str, str], ...]],
) -> None:
    members: dict[str, list[Node]] = {}
    for wanted in {place[0] for table in (quantities, said) for places in table.values() for place in places}:
        members[wanted] = [group for group in groups if belongs(group, wanted)]

    def found(places: Iterable[tuple[str, str]]) -> Iterable[Node]:
        for wanted, name in places:
            for group in members[wanted]:
                node = by_place.get(f"{group.path.rstrip('/')}/{name}")
                if node is not None and not node.is_group and (node.value is not None or node.numbers is not None):
                    yield node

    for name, places in quantities.items():
        for node in found(places):
            value = physical(node)
            if layer == "cxi":
                value = _si_by_rule(name, value)
            if value is not None and str(value).lower() not in _NOTHING and put([name], value):
                extract.sources[name] = f"{layer}:{node.path}"
                break
    for name, places in said.items():
        if getattr(extract, name) is None:
            words = next((w for w in (_words(node.value) for node in found(places)) if w), None)
            setattr(extract, name, words)
    for field, names in (("start_time", _START), ("end_time", _END)):
        if getattr(extract, field) is None:
            entry = "entry_" if layer == "cxi" else "NXentry"
            moments = (
                iso_time(node.value)
                for node in found((entry, name) for name in names)
                if not isinstance(node.value, int | float)
            )
            setattr(extract, field, next((moment for moment in moments if moment), None))


def _si_by_rule(name: str, value: Any) -> Any:
    number = value.get("value") if isinstance(value, dict) else value
    if name not in _CXI_SI or isinstance(number, bool | str) or not isinstance(number, int | float):
        return value
    if isinstance(value, dict) and value.get("unit"):
        return value
    unit, largest = _CXI_SI[name]
    if not 0 < number <= largest:
        return value
    return {**value, "unit": unit} if isinstance(value, dict) else {"value": value, "unit": unit}


def _definition(
    nodes: list[Node], by_place: dict[str, Node], extract: Extract, put: Callable[[list[str], Any], bool]
) -> None:
    for node in nodes:
        if node.nexus_class in ("NXentry", "NXsubentry"):
            definition = by_place.get(f"{node.path.rstrip('/')}/definition")
            words = _words(definition.value) if definition is not None else None
            if words and put(["nexus_definition"], words):
                extract.sources["nexus_definition"] = f"nexus:{node.path}/definition"
                return


def _plain(nodes: list[Node], by_place: dict[str, Node], extract: Extract) -> None:
    """Names at the top of the file, in its first groups, and attributes of its root."""
    top = {key.lower(): value for key, value in (nodes[0].attributes if nodes else {}).items()}
    for node in by_place.values():
        if not node.is_group and node.value is not None and depth(node) <= 2:
            top.setdefault(node.path.rpartition("/")[2].lower(), node.value)
    for name in _SAID:
        if getattr(extract, name) is None:
            words = (_words(top[key]) for key in _PLAIN_SAID[name] if key in top)
            setattr(extract, name, next((word for word in words if word), None))
    for field, names in (("start_time", _START), ("end_time", _END)):
        if getattr(extract, field) is None:
            moments = (iso_time(top[key]) for key in names if isinstance(top.get(key), str | bytes))
            setattr(extract, field, next((moment for moment in moments if moment), None))


def _words(value: Any) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | bytes | int):
        return None
    words = text(value, 300)
    return None if words.lower() in _NOTHING else words
