"""A walk over an HDF5 file on the low-level interface: hard links only, each object once, within budgets.

Runs only in a child process of the sandbox. About 100 us per object; one bad object costs only itself
(``visititems`` gives up the whole file).
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from h5py import h5f, h5g, h5l, h5o, h5p, h5s

from . import hdf5_values as values
from .model import Unreadable

# Classes whose lists of numbers describe the experiment (one value per pulse, a log), not its signal.
_SUMMARISED_CLASSES = frozenset(
    ("NXbeam", "NXsource", "NXlog", "NXsensor", "NXmonitor", "NXpositioner", "NXattenuator", "NXmonochromator",
     "NXenvironment", "NXsample", "NXtransformations")
)  # fmt: skip
_SUMMARISED_WORDS = ("energy", "wavelength", "temperature", "pressure", "current", "delay", "intensity")


@dataclass(slots=True)
class Budget:
    """How far a walk goes before it stops and says so."""

    objects: int = 20_000
    attributes: int = 20_000
    seconds: float = 15.0
    summaries: int = 64


@dataclass(slots=True)
class Node:
    """One object of a file. ``shape`` is None for groups and for datasets without elements."""

    path: str
    is_group: bool
    attributes: dict[str, Any]
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    value: Any = None
    numbers: dict[str, Any] | None = None
    nexus_class: str = ""


@dataclass(slots=True)
class Walk:
    """Nodes, shallow ones first; files pointed to; what was left out."""

    nodes: list[Node] = field(default_factory=list)
    externals: list[str] = field(default_factory=list)
    soft_links: int = 0
    damaged: int = 0
    stopped: bool = False


def open_file(path: str) -> Any:
    """Open an HDF5 file to read, without locks; raises :class:`Unreadable` with the reason."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_file_locking(False, True)
    name = os.fsencode(path)
    try:
        return h5f.open(name, h5f.ACC_RDONLY, fapl=access)
    except PermissionError as error:
        raise Unreadable("permission") from error
    except FileNotFoundError as error:
        raise Unreadable("gone") from error
    except Exception as error:
        words = str(error)
        if "already open for" in words or "consistency flags" in words:
            try:
                return h5f.open(name, h5f.ACC_RDONLY | h5f.ACC_SWMR_READ, fapl=access)
            except Exception:
                raise Unreadable("being-written") from error
        if "truncated file" in words:
            raise Unreadable("truncated") from error
        raise Unreadable("corrupt", short(words)) from error


def short(words: str) -> str:
    """The part in brackets of an HDF5 error, which says what was wrong."""
    inner = words[words.find("(") + 1 : words.rfind(")")] if "(" in words else words
    return inner[:120]


def walk(path: str, budget: Budget | None = None) -> Walk:
    """All objects of a file that hard links reach.

    Parameters
    ----------
    path
        File on this machine.
    budget
        Limits; a walk that meets one is marked ``stopped``.

    Raises
    ------
    Unreadable
        The file can't be opened, or its root can't.
    """
    budget = budget or Budget()
    result = Walk()
    file = open_file(path)
    try:
        try:
            root = h5g.open(file, b"/")
        except Exception as error:
            raise Unreadable("corrupt", short(str(error))) from error
        _Walker(budget, result).run(root)
    finally:
        try:
            file.close()
        except Exception:
            result.damaged += 1
    return result


class _Walker:
    def __init__(self, budget: Budget, result: Walk) -> None:
        self.budget = budget
        self.result = result
        self.deadline = time.monotonic() + budget.seconds
        self.attributes_left = budget.attributes
        self.summaries_left = budget.summaries
        self.seen: set[int] = set()

    def run(self, root: Any) -> None:
        with contextlib.suppress(Exception):  # only saves reading the root twice where something links back to it
            self.seen.add(h5o.get_info(root).addr)
        queue: deque[tuple[str, Any]] = deque([("", root)])
        while queue:
            path, group = queue.popleft()
            node = Node(path or "/", True, self._attributes(group))
            node.nexus_class = nexus_class(node.attributes)
            self.result.nodes.append(node)
            for name in self._hard_links(path, group):
                if len(self.result.nodes) + len(queue) >= self.budget.objects or time.monotonic() > self.deadline:
                    self.result.stopped = True
                    return
                below = f"{path}/{name.decode('utf-8', 'replace')}"
                try:
                    item = values.open_item(group, name)
                    if isinstance(item, h5g.GroupID):
                        queue.append((below, item))
                    elif values.is_dataset(item):
                        self.result.nodes.append(self._dataset(below, item, node.nexus_class))
                except Exception:
                    self.result.damaged += 1

    def _hard_links(self, path: str, group: Any) -> list[bytes]:
        names: list[bytes] = []

        def note(name: bytes, info: Any) -> bool | None:
            if info.type == h5l.TYPE_HARD:
                if info.u not in self.seen:  # the address of what it points to: cycles and second names end here
                    self.seen.add(info.u)
                    names.append(name)
            elif info.type == h5l.TYPE_EXTERNAL:
                try:
                    target, inside = group.links.get_val(name)
                    self._external(f"{target.decode('utf-8', 'replace')}::{inside.decode('utf-8', 'replace')}")
                except Exception:
                    self.result.damaged += 1
            else:
                self.result.soft_links += 1
            return True if len(names) > self.budget.objects else None

        try:
            group.links.iterate(note, info=True)
        except Exception:
            self.result.damaged += 1
        return names

    def _external(self, name: str) -> None:
        if len(self.result.externals) < 200 and name not in self.result.externals:
            self.result.externals.append(name)

    def _attributes(self, item: Any) -> dict[str, Any]:
        if self.attributes_left <= 0:
            return {}
        found, count = values.attributes(item, min(self.attributes_left, 256))
        self.attributes_left -= count
        return found

    def _dataset(self, path: str, dataset: Any, parent_class: str) -> Node:
        kind = dataset.get_type()
        space = dataset.get_space()
        extent = space.get_simple_extent_type()
        shape: tuple[int, ...] | None = None
        if extent == h5s.SCALAR:
            shape = ()
        elif extent == h5s.SIMPLE:
            shape = tuple(space.get_simple_extent_dims())
        node = Node(path, False, self._attributes(dataset), shape, values.type_text(kind))
        if shape is None:
            return node
        count = math.prod(shape)
        if values.is_numeric(kind) and self._worth_summary(path, shape, count, parent_class):
            self.summaries_left -= 1
            node.numbers = values.summary(dataset, kind, shape)
        if 1 <= count <= values.MAX_ELEMENTS and node.numbers is None:
            node.value = values.small_value(dataset, kind, space)
        if node.value is None and node.numbers is None:
            for name in values.outside_files(dataset):
                self._external(name)
        return node

    def _worth_summary(self, path: str, shape: tuple[int, ...], count: int, parent_class: str) -> bool:
        if len(shape) != 1 or not values.MIN_SUMMARY <= count <= values.MAX_SUMMARY or self.summaries_left <= 0:
            return False
        name = path.rpartition("/")[2].lower()
        return parent_class in _SUMMARISED_CLASSES or any(word in name for word in _SUMMARISED_WORDS)


def nexus_class(attributes: dict[str, Any]) -> str:
    """``NX_class`` of a group as text; empty when it has none."""
    value = attributes.get("NX_class", "")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
