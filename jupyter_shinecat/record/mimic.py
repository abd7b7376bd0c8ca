"""Objects that stand where a function of C stood, and can't be told from it by what they say of themselves."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from types import FrameType, FunctionType, MethodType
from typing import Any

# Called with the arguments of a call (with ``self``), what it gave, and when it began (Unix seconds).
Told = Callable[[tuple[Any, ...], dict[str, Any], Any, float], None]


class Mimic:
    """What is common to all of them: nothing but to be known by us."""

    __slots__ = ()


def is_ours(value: object) -> bool:
    """Whether something is a `Mimic`; asks nothing of it itself."""
    return issubclass(type(value), Mimic)


def mimic(original: Any, told: Told, run: Callable[..., Any] | None = None, *, warns: bool = False) -> Any:
    """Something that is called as ``original`` is and says of itself what that says.

    Parameters
    ----------
    original
        A function, method or slot of C.
    told
        Told of each call that succeeded.
    run
        What a call does, when that is something else than ``original``.
    warns
        It may warn of a call, which then is to be named as the place of the warning.
    """
    run_it: Any = run or original

    class Ours(Mimic):
        __slots__ = ("__weakref__",)

        def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
            began = time.time()
            try:
                given = _as_caller(sys._getframe(1), run_it, args, kwargs) if warns else run_it(*args, **kwargs)
            except BaseException as error:
                _without_ours(error)
                raise
            told(args, kwargs, given, began)
            return given

        def __getattribute__(self, name: str) -> Any:
            if name in ("__call__", "__get__") and hasattr(original, name):
                return object.__getattribute__(self, name)
            try:
                return getattr(original, name)
            except BaseException as error:
                _without_ours(error)
                raise

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(original, name, value)

        def __delattr__(self, name: str) -> None:
            delattr(original, name)

        def __dir__(self) -> list[str]:
            return dir(original)

        def __repr__(self) -> str:
            return repr(original)

        def __eq__(self, other: object) -> bool:
            return other is self or bool(original == other)

        def __hash__(self) -> int:
            return hash(original)

    kind: Any = type(original)
    # `pydoc` asks for it past `__getattribute__`, and shows none that is a text of the class.
    Ours.__doc__ = property(lambda self: original.__doc__)  # type: ignore[assignment]  # not a text
    Ours.__name__, Ours.__qualname__, Ours.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    if hasattr(kind, "__get__"):  # plain functions of C are no methods of the class that holds them

        def bind(self: Any, made: Any, owner: Any = None) -> Any:
            return self if made is None else MethodType(self, made)

        Ours.__get__ = bind  # type: ignore[attr-defined]  # of some only
    return Ours()


def constructor(original: Any, told: Told) -> Any:
    """An ``__init__`` for a class of C that has none of its own because ``__new__`` does all.

    Parameters
    ----------
    original
        The ``__init__`` that it inherits from `object`.
    told
        Told of each object that was made.
    """
    ours: Any = None

    def run(made: Any, /, *args: Any, **kwargs: Any) -> None:
        # `object` forgives arguments to a class without an `__init__`. To a subclass that has one, it doesn't.
        own = next((one.__dict__["__init__"] for one in type(made).__mro__ if "__init__" in one.__dict__), None)
        if own is not ours:
            try:
                original(made, *args, **kwargs)
            except BaseException as error:
                _without_ours(error)
                raise

    ours = mimic(original, told, run)
    return ours


def _without_ours(error: BaseException) -> None:
    """The frame that caught it is no news to the reader of a traceback: take it out of it."""
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next


# All of it on one line, which can then be any line.
_CALLING = (lambda run, args, kwargs: run(*args, **kwargs)).__code__


def _as_caller(frame: FrameType, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call ``run`` from what looks like the place where ``frame`` is: warnings of C name the innermost Python code."""
    code = _CALLING
    with contextlib.suppress(Exception):
        code = code.replace(co_filename=frame.f_code.co_filename, co_firstlineno=frame.f_lineno)
    try:
        return FunctionType(code, frame.f_globals)(run, args, kwargs)
    except BaseException as error:
        _without_ours(error)
        _without_ours(error)
        raise
