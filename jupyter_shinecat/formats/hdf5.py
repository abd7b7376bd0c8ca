"""Metadata of an HDF5 file of any flavour (CXI, NeXus, NetCDF 4, MAT 7.3, plain). Runs only in a child process."""

from __future__ import annotations

import math
from typing import Any

from . import layers
from .hdf5_walk import Budget, Node, Walk, walk
from .model import Data, Extract
from .safe import MAX_ELEMENTS_KEPT, MAX_KEY, Tree, clean, pair, text

_MAX_DATA = 200
# bookkeeping of writers, of no use to a reader
_SKIPPED_NAMES = """
NX_class CLASS NAME VERSION TITLE DIMENSION_LIST REFERENCE_LIST _Netcdf4Dimid _NCProperties
_Netcdf4Coordinates _nc3_strict MATLAB_class MATLAB_int_decode MATLAB_empty H5PATH FLAVOR
PYTABLES_FORMAT_VERSION _FillValue DIMENSION_LABELS namespace neurodata_type object_id units unit Units Unit
NX_units signal axes target default depends_on vector transformation_type offset encoding-type
encoding-version
"""
_SKIPPED = frozenset(_SKIPPED_NAMES.split())


def extract_hdf5(path: str, budget: Budget | None = None) -> Extract:
    """Metadata, arrays and pointers to other files.

    Raises
    ------
    Unreadable
        The file can't be opened.
    """
    found = walk(path, budget)
    nodes = found.nodes
    flavour = "cxi" if layers.is_cxi(nodes) else "nexus" if layers.is_nexus(nodes) else "hdf5"
    extract = Extract(format=flavour, externals=[text(name, 300) for name in found.externals])
    tree = Tree()
    layers.apply(nodes, extract, tree.put)
    _fill(tree, nodes, extract)
    extract.metadata = tree.root
    extract.data = _data(nodes)
    extract.facts = _facts(found, tree)
    _warn(found, tree, extract)
    return extract


def _fill(tree: Tree, nodes: list[Node], extract: Extract) -> None:
    """The file's own tree below the well-known names: small values first, then attributes while there is room."""
    for node in nodes:
        if not node.is_group:
            _put(tree, node.path.strip("/").split("/"), layers.physical(node), extract)
    for node in nodes:
        if not node.attributes:
            continue
        where = [part for part in node.path.split("/") if part]
        has_value = not node.is_group and (node.value is not None or node.numbers is not None)
        for name, value in node.attributes.items():
            if name in _SKIPPED or has_value or name.endswith(("_indices", "_units", "_unit")):
                continue
            unit = node.attributes.get(f"{name}_units", node.attributes.get(f"{name}_unit"))
            known_unit = unit if isinstance(unit, str | bytes) else None
            _put(tree, [*where, name], pair(value, text(known_unit) if known_unit else None), extract)


def _put(tree: Tree, where: list[str], value: Any, extract: Extract) -> None:
    if isinstance(value, list) and len(value) > MAX_ELEMENTS_KEPT:
        return
    if tree.put(where, value):
        extract.sources.setdefault(text(where[0], MAX_KEY), extract.format)


def _data(nodes: list[Node]) -> list[Data]:
    """Arrays worth opening, the one that the file marks as its signal first, then the largest."""
    signals = _signals(nodes)
    arrays = [node for node in nodes if node.shape and math.prod(node.shape) > 1]
    arrays.sort(
        key=lambda n: (n.path not in signals, not n.dtype.startswith(("<", ">", "|")), -math.prod(n.shape or ()))
    )
    return [
        Data(
            path=node.path.encode("utf-8", "replace").decode(),
            shape=list(node.shape or ()),
            dtype=node.dtype,
            unit=layers.unit_of(node),
            signal=node.path in signals,
        )
        for node in arrays[:_MAX_DATA]
    ]


def _signals(nodes: list[Node]) -> set[str]:
    paths = set()
    for node in nodes:
        name = node.attributes.get("signal")
        if node.is_group and node.nexus_class == "NXdata" and isinstance(name, str | bytes):
            paths.add(f"{node.path.rstrip('/')}/{text(name)}")
        elif not node.is_group and str(clean(name)) == "1":
            paths.add(node.path)
        elif not node.is_group and "/data_" in node.path and node.path.endswith("/data") and len(node.shape or ()) > 1:
            paths.add(node.path)  # CXI: entry_1/data_1/data
    return paths


def _facts(found: Walk, tree: Tree) -> dict[str, Any]:
    arrays = [node for node in found.nodes if node.shape is not None]
    facts: dict[str, Any] = {
        "groups": sum(node.is_group for node in found.nodes),
        "datasets": len(arrays),
        "elements": min(sum(math.prod(node.shape or ()) for node in arrays), 1 << 53),
    }
    if found.soft_links:
        facts["soft_links"] = found.soft_links
    if tree.left_out:
        facts["keys_left_out"] = tree.left_out
    return facts


def _warn(found: Walk, tree: Tree, extract: Extract) -> None:
    if found.stopped:
        extract.warnings.append(f"only the first {len(found.nodes)} objects were looked at")
    if found.damaged:
        extract.warnings.append(f"{found.damaged} damaged objects were left out")
    if tree.left_out:
        extract.warnings.append(f"{tree.left_out} values were left out: too many to keep")
    if extract.externals:
        extract.warnings.append(f"points to {len(extract.externals)} other files, which were not followed")
