"""Which files make one dataset: one file each, with what lies beside it under its name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .policy import BESIDE, MAIN, expected_format, policy
from .walk import File

_MASTER = re.compile(r"^(?P<stem>.+)_master\.h5$", re.I)
_PART = re.compile(r"^(?P<stem>.+?)_(?:data_\d{4,}|\d{6}|meta)\.h5$", re.I)


@dataclass(slots=True)
class Group:
    """The files of one dataset."""

    main: File
    beside: list[File] = field(default_factory=list)

    @property
    def files(self) -> list[File]:
        return [self.main, *self.beside]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Changes when a file of the group is written, comes or goes."""
        return "\n".join(f"{file.path}\0{file.size_bytes}\0{file.mtime_ns}" for file in self.files)


def group(files: Iterable[File]) -> list[Group]:
    """Groups in the order in which they shall be catalogued: data of runs first.

    A detector's ``X_master.h5`` takes its ``X_data_000001.h5`` and ``X_meta.h5``; a data file takes notes and pictures
    of the same name (``run17.h5``: ``run17.txt``, ``run17.h5.json``).
    """
    folders: dict[str, list[File]] = {}
    for file in files:
        folders.setdefault(file.folder, []).append(file)
    groups: list[Group] = []
    for members in folders.values():
        groups.extend(_in_folder(members))
    groups.sort(key=lambda g: policy(expected_format(g.main.name)).priority)  # stable: folders stay together
    return groups


def _in_folder(files: list[File]) -> list[Group]:
    masters = {match["stem"]: Group(file) for file in files if (match := _MASTER.match(file.name))}
    groups: dict[str, Group] = {g.main.path: g for g in masters.values()}
    rest = []
    for file in files:
        part = _PART.match(file.name)
        if file.path in groups:
            continue
        if part and part["stem"] in masters:
            masters[part["stem"]].beside.append(file)
        else:
            rest.append(file)
    mains: dict[str, Group] = {}
    for file in rest:
        if expected_format(file.name) in MAIN:
            groups[file.path] = Group(file)
    for made in sorted(groups.values(), key=lambda g: (policy(expected_format(g.main.name)).priority, g.main.path)):
        mains.setdefault(made.main.name, made)
        mains.setdefault(os.path.splitext(made.main.name)[0], made)
    for file in rest:
        if file.path in groups:
            continue
        stem, extension = os.path.splitext(file.name)
        owner = mains.get(stem) if extension.lower() in BESIDE else None
        if owner is not None:
            owner.beside.append(file)
        else:
            groups[file.path] = Group(file)
    order = {file.path: number for number, file in enumerate(files)}
    return sorted(groups.values(), key=lambda g: order[g.main.path])
