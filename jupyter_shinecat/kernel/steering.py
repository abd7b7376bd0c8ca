"""Steering the record: leave something out, name a parameter, record a plain script."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .errors import plainly
from .result_files import plain

__all__ = ["param", "session", "untracked"]

T = TypeVar("T")


class ParameterError(ShineCatError):
    """A parameter has no name."""


def untracked() -> AbstractContextManager[None]:
    """What this thread reads and writes inside the ``with`` block is not recorded.

    Files read inside are no inputs, files written inside no results.

    Examples
    --------
    >>> with untracked():
    ...     notes = "read what you like here"
    """
    return _untracked()


@contextlib.contextmanager
def _untracked() -> Iterator[None]:
    with record.quiet():
        yield


@plainly
def param(name: str, value: T) -> T:
    """Name a value that the analysis is run with; it stands among the parameters of the results that follow.

    Parameters
    ----------
    name
        Its name; said again, the latest value counts.
    value
        A number, a text, or lists and dictionaries of them; of anything else its text is kept.

    Returns
    -------
    :
        ``value`` itself: ``threshold = sc.param("threshold", 3.5)``.

    Raises
    ------
    ShineCatError
        The name is empty or no text.

    Examples
    --------
    >>> threshold = param("threshold", 3.5)
    >>> threshold
    3.5
    """
    if not isinstance(name, str) or not name.strip():
        raise ParameterError(tr("A parameter needs a name."), do=tr('Write sc.param("threshold", 3.5), say.'))
    recorder = record.current()
    if recorder is not None:
        recorder.param(name.strip(), plain(value))
    return value


def session() -> AbstractContextManager[None]:
    """Record a plain script, or a part of it: what is written inside is a result of what is read inside.

    In a notebook the cells are recorded already, and this changes nothing. Results wait in the outbox until the
    person's server runs next, or ``shinecat outbox flush``.

    Examples
    --------
    >>> with session():  # doctest: +SKIP
    ...     analyse("run17.h5").to_csv(sc.results("peaks.csv"))
    """
    return _session()


@contextlib.contextmanager
def _session() -> Iterator[None]:
    if os.environ.get("SHINECAT_WRITE_BACK", "auto") == "off":
        yield
        return
    with record.here():
        yield
