"""Whole files of a dataset: checked against the catalog's checksums, and copied from where they are not mounted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.files import locate
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile

from . import remote, session
from .checking import blocks_of, digest_in, fits, known
from .dataset_files import DatasetFiles
from .errors import FileProblem, file_problem, plainly
from .progress import Progress

if TYPE_CHECKING:
    import pandas as pd

_NAMED_AT_MOST = 8


class DatasetCopies(DatasetFiles):
    """What a handle does with whole files."""

    @plainly
    def verify(self, file: str | None = None) -> pd.DataFrame:
        """Compare files with the checksums that the catalog keeps; reads all of them, with a line of progress.

        Stop it as any cell; nothing is left behind.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one; None for all files.

        Returns
        -------
        pandas.DataFrame
            ``path``, ``size``, ``algorithm`` and ``state`` of each: ``ok``; ``no checksum`` where the catalog has none;
            ``unknown algorithm`` or ``unknown form`` where what it has can't be compared.

        Raises
        ------
        FileProblem
            A file differs, or can't be read; the message names them, and ``.table`` has all states.
        """
        import pandas as pd

        chosen = self._list() if file is None else [self._choose(file, (), "verify")]
        progress = Progress(tr("Checking {name}", name=self._record.name), sum(one.size_bytes for one in chosen))
        states, reasons = [], []
        try:
            with record.quiet():
                for one in chosen:
                    state, reason = self._checked(one, progress)
                    states.append(state)
                    reasons += [reason] if reason else []
        finally:
            progress.close()
        table = pd.DataFrame(
            {
                "path": [one.path for one in chosen],
                "size": [one.size_bytes for one in chosen],
                "algorithm": [one.checksum_algorithm for one in chosen],
                "state": states,
            }
        )
        if reasons:
            more = len(reasons) - _NAMED_AT_MOST
            said = " ".join(reasons[:_NAMED_AT_MOST]) + (" " + tr("And {count} more.", count=more) if more > 0 else "")
            problem = file_problem(
                "differs" if "differs" in states else "unreadable",
                said,
                tr("Ask the owner group {group} which of the two is right.", group=self._record.owner_group),
            )
            problem.table = table
            raise problem
        return table

    @plainly
    def fetch(self, file: str | None = None, to: str | os.PathLike[str] = ".") -> Path:
        """Copy a file from the file service to this machine, for programs that need a path.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one; not needed when there is one file only.
        to
            A folder, or the name of the new file.

        Returns
        -------
        pathlib.Path
            The copy. Where the file can be read here already, its own path, and nothing is copied.

        Raises
        ------
        FileProblem
            It can't be had, or there is another file of this name.
        """
        wanted = self._choose(file, (), "fetch")
        place = self._place(wanted)
        if place.state not in remote.STATES:
            return self.path(wanted.path)
        target = Path(os.path.abspath(os.path.expanduser(os.fspath(to))))
        if os.path.isdir(target):  # pathlib's own raises at names that no disk takes
            target = target / os.path.basename(wanted.path)
        if os.path.lexists(target):
            raise file_problem(
                "exists",
                tr("{path} is there already; nothing was copied.", path=str(target)),
                tr("Remove it, or give another name: ds.fetch(to=...)."),
            )
        if not os.path.isdir(target.parent):
            raise file_problem(
                "missing",
                tr("There is no folder {folder}; nothing was copied.", folder=str(target.parent)),
                tr("Make it first, or give a folder that is there: ds.fetch(to=...)."),
            )
        copied = self._remote(place, lambda client: self._copy(client, wanted, target))
        if copied is None:
            return self._here(place)  # says why there is none
        recorder = record.current()
        if recorder is not None:
            recorder.belongs(str(target), self._record.pid)
        self._note("path", target)
        return target

    def _copy(self, client: Any, file: DataFile, target: Path) -> bool:
        progress = Progress(tr("Copying {name}", name=file.path), file.size_bytes)
        descriptor, partial = -1, ""
        try:
            with record.quiet(), contextlib.closing(remote.open_range(client, self._record.pid, file)) as source:
                descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
                with os.fdopen(descriptor, "wb") as out:
                    for block in blocks_of(source, progress.add):
                        out.write(block)
                _named(partial, target)
        except FileExistsError:
            raise file_problem("exists", tr("{path} is there already; nothing was copied.", path=str(target))) from None
        except ShineCatError:
            raise
        except OSError as cause:
            raise file_problem(
                "unreadable",
                tr("{path} can't be written: {cause}.", path=str(target), cause=cause.strerror or str(cause)),
                tr("Free some space there, or give another place: ds.fetch(to=...)."),
            ) from cause
        finally:
            progress.close()
            if partial:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(partial)
        return True

    def _checked(self, file: DataFile, progress: Progress) -> tuple[str, str]:
        """State of one file, and what is wrong."""
        if not file.checksum:
            return "no checksum", ""
        if not known(file.checksum_algorithm):
            return "unknown algorithm", ""
        wanted = digest_in(file.checksum_algorithm, file.checksum)
        if wanted is None:
            return "unknown form", ""
        try:
            with self._content(file) as content:
                same = fits(file.checksum_algorithm, wanted, blocks_of(content, progress.add))
        except FileProblem as problem:
            return problem.state, problem.what
        except OSError as cause:
            return "unreadable", tr(
                "{path} can't be read: {cause}.", path=file.path, cause=cause.strerror or str(cause)
            )
        if same:
            return "ok", ""
        return "differs", tr("{path} is not what was catalogued: its checksum differs.", path=file.path)

    @contextlib.contextmanager
    def _content(self, file: DataFile) -> Iterator[BinaryIO]:
        place = locate(self._record, file, session.path_maps())
        if place.state == "changed":  # larger than catalogued: no need to read it
            raise file_problem(place.state, place.reason)
        far = self._remote(place, lambda client: remote.open_range(client, self._record.pid, file))
        if far is not None:
            with contextlib.closing(far):
                yield far
            return
        with open(self._here(place), "rb") as local:
            yield local


def _named(partial: str, target: Path) -> None:
    """Give the copy its name, never over a file that has come meanwhile."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise
    except OSError:  # no second names on this file system
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.replace(partial, target)
