"""Errors of handles, shown as the sentence that they are."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from jupyter_shinecat.errors import ShineCatError, printable

_OURS = "jupyter_shinecat."
P = ParamSpec("P")
R = TypeVar("R")


class FileProblem(ShineCatError):
    """A file of a dataset can't be used.

    Attributes
    ----------
    state
        ``missing``, ``moved``, ``truncated``, ``unreadable``, ``unmapped``, ``ambiguous``, ``format``, ``archived``,
        ``differs``, ``exists`` or ``empty``.
    table
        Of `Dataset.verify`: all files with their states.
    """

    state: str = ""
    table: Any = None


class MissingKey(ShineCatError, KeyError):
    """There is nothing of this name."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show it in quotes


class MissingAttribute(ShineCatError, AttributeError):
    """There is nothing of this name."""


def file_problem(state: str, what: str, do: str = "") -> FileProblem:
    """A `FileProblem` in the given state."""
    error = FileProblem(what, do=do)
    error.state = state
    return error


def warn(text: str) -> None:
    """Warn at the line of whoever called us, however deep we are."""
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(_OURS):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(printable(text), UserWarning, stacklevel=depth)


def plainly(function: Callable[P, R]) -> Callable[P, R]:
    """Errors that we raise on purpose appear in a notebook as their sentence, without our inner calls above it.

    For all other means (``except``, ``%tb``, a debugger, plain Python) they are ordinary exceptions.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ShineCatError as error:
            sentence = printable(f"{type(error).__name__}: {error}", keep="\n")
            # IPython asks an exception for its own rendering by this name.
            error._render_traceback_ = lambda: [sentence]  # type: ignore[attr-defined]
            raise

    return wrapped
