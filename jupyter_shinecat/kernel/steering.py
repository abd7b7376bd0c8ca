"""Steering the record: leave something out, name a parameter, record a plain script."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, overload

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
@overload
def param(name: str, value: T, /) -> T: ...
@overload
def param(**values: Any) -> Any: ...
def param(*named: Any, **values: Any) -> Any:
    """Name values that the analysis is run with; they stand among the parameters of the results that follow.

    Parameters
    ----------
    named
        A name and its value: ``threshold = sc.param("threshold", 3.5)``.
    values
        The same, any number of them: ``sc.param(threshold=3.5, detector="AGIPD")``. A value is a number, a text, or
        lists and dictionaries of them; of anything else its text is kept. Said again, the latest value counts.

    Returns
    -------
    :
        The value itself; of several a dictionary.

    Raises
    ------
    ShineCatError
        A name is empty or no text, or its value is missing.

    Examples
    --------
    >>> threshold = param("threshold", 3.5)
    >>> threshold
    3.5
    >>> param(low=1, high=2)
    {'low': 1, 'high': 2}
    """
    told = dict(values)
    if named or not told:
        if len(named) != 2 or not isinstance(named[0], str) or not named[0].strip():
            raise ParameterError(
                tr("A parameter needs a name and a value."), do=tr('Write sc.param("threshold", 3.5), say.')
            )
        told = {named[0].strip(): named[1], **told}
    recorder = record.current()
    if recorder is not None:
        for name, value in told.items():
            recorder.param(name, plain(value))
    return next(iter(told.values())) if len(told) == 1 else told


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
