"""Files that pyarrow opens: its own files, memory maps, file systems of this machine, and data sets.

Parquet, Feather, ORC, CSV, JSON and IPC come by one of these doors.
"""

from __future__ import annotations

import os
from typing import Any

from .audit import Sink
from .flow import names_in
from .paths import plain
from .wrapping import Call, Wrap

_HOW = "pyarrow"
_MOST = 10_000  # files of one data set
_CLOCK_S = 0.02  # file systems stamp with the last tick of the clock


def arrow_table(sink: Sink) -> dict[str, list[Wrap]]:
    """What to wrap of pyarrow."""

    def opened(name: object, mode: str) -> None:
        if mode:
            reads, writes = mode in ("r", "r+"), mode != "r"
            sink.opened(name, reads=reads, writes=writes, fresh=mode == "w", how=_HOW)

    def file(call: Call) -> None:
        opened(call.value(1, "path"), (plain(call.value(2, "mode")) or "r").replace("b", ""))

    def memory_map(call: Call) -> None:
        mode = (plain(call.value(1, "mode")) or "r").replace("b", "")
        opened(call.value(0, "path"), "r+" if mode == "w" else mode)  # it changes what is there

    def stream(mode: str, position: int = 1, name: str = "path") -> Any:
        def note(call: Call) -> None:
            path = _local(call.args[0], call.value(position, name))
            if path is not None:
                opened(path, mode)

        return note

    def written(name: str, position: int) -> Any:
        return lambda call: opened(call.value(position, name), "w")

    def move(call: Call) -> None:
        source, target = (_local(call.args[0], call.value(n, name)) for n, name in ((1, "src"), (2, "dest")))
        if source is not None and target is not None:
            sink.renamed(source, target)

    def copy(source: str | None, target: str | None) -> None:
        if source is not None and target is not None:
            sink.copied(source, target)
        if source is not None:
            opened(source, "r")
        if target is not None:
            opened(target, "w")

    def copy_file(call: Call) -> None:
        copy(_local(call.args[0], call.value(1, "src")), _local(call.args[0], call.value(2, "dest")))

    def copy_files(call: Call) -> None:
        copy(_local(call.args[0], call.args[1]), _local(call.args[2], call.args[3]))

    def copy_folder(call: Call) -> None:
        folder = plain(call.args[1].base_dir) if _is_a("pyarrow._fs", "FileSelector", call.args[1]) else None
        source, target = _local(call.args[0], folder), _local(call.args[2], call.args[3])
        for path in _written_since(os.path.abspath(target), call.began) if target else ():
            part = os.path.relpath(path, os.path.abspath(target or ""))
            copy(os.path.join(source, part) if source else None, path)

    def removed(*, tree: bool) -> Any:
        def note(call: Call) -> None:
            path = _local(call.args[0], call.value(1, "path"))
            if path is not None:
                sink.removed(path, tree=tree)

        return note

    def data_set(call: Call) -> None:
        if _is_a("pyarrow._dataset", "FileSystemDataset", call.given):
            for path in call.given.files[:_MOST]:
                name = _local(call.given.filesystem, path)
                if name is not None:
                    opened(name, "r")

    def fragment(call: Call) -> None:
        path = _local(call.value(2, "filesystem"), call.value(1, "file"))
        if path is not None:
            opened(path, "r")

    def write_data_set(call: Call) -> None:
        folder = _local(call.value(3, "filesystem"), call.value(1, "base_dir"))
        for path in _written_since(os.path.abspath(folder), call.began) if folder else ():
            opened(path, "w")

    return {
        "pyarrow.lib": [
            Wrap("OSFile.__init__", file),
            Wrap("memory_map", memory_map),
            Wrap("create_memory_map", written("path", 0)),
        ],
        "pyarrow._fs": [
            Wrap("FileSystem.open_input_file", stream("r")),
            Wrap("FileSystem.open_input_stream", stream("r")),
            Wrap("FileSystem.open_output_stream", stream("w")),
            Wrap("FileSystem.open_append_stream", stream("a")),
            Wrap("FileSystem.move", move),
            Wrap("FileSystem.copy_file", copy_file),
            Wrap("FileSystem.delete_file", removed(tree=False)),
            Wrap("FileSystem.delete_dir", removed(tree=True)),
            Wrap("FileSystem.delete_dir_contents", removed(tree=True)),
            Wrap("_copy_files", copy_files),
            Wrap("_copy_files_selector", copy_folder),
        ],
        "pyarrow._dataset": [
            Wrap("DatasetFactory.finish", data_set),
            Wrap("FileFormat.make_fragment", fragment),
            Wrap("_filesystemdataset_write", write_data_set),
        ],
        "pyarrow._dataset_parquet": [Wrap("ParquetFileFormat.make_fragment", fragment)],
        # These two hand the name to C++ themselves.
        "pyarrow._orc": [Wrap("ORCWriter.open", written("where", 1))],
        "pyarrow._parquet": [Wrap("FileMetaData.write_metadata_file", written("where", 1))],
    }


def _is_a(module: str, name: str, value: object) -> bool:
    """Whether something is made by a class of pyarrow's; asks nothing of it."""
    cls = (names_in(module) or {}).get(name)
    return cls is not None and issubclass(type(value), cls)


def _local(system: Any, path: object) -> str | None:
    """The name on this machine's disk of a path in a file system; None when it is none of this machine's."""
    name = plain(path)
    if name is None or _is_a("pyarrow._fs", "LocalFileSystem", system):
        return name
    if _is_a("pyarrow._fs", "SubTreeFileSystem", system):
        return _local(system.base_fs, f"{system.base_path.rstrip('/')}/{name}")
    return None  # on another machine; or made of Python's own files, which are seen


def _written_since(folder: str, began: float) -> list[str]:
    """Files that were just written into a folder, which may have held others before."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.stat(path).st_mtime >= began - _CLOCK_S:
                found.append(path)
        if len(found) >= _MOST:
            break
    return found[:_MOST]
