"""Python functions that tell of their calls and stay the same objects.

Only the code of the function is exchanged, for one that takes the same arguments and goes on to the first: names,
defaults, signature, source and identity are untouched, wherever the function is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

_VARARGS, _VARKEYWORDS = 0x04, 0x08
_OTHER = 0x20 | 0x80 | 0x100 | 0x200  # generators, coroutines and the like begin when they are called, and run later

# The placeholders are constants of the code, and become what they stand for: a function of another module can't be
# given a name of ours to look up. A walrus, because the compiler warns of a constant that is called.
_TEXT = """
def outer():
    {shared}
    def inner({parameters}):
        (shinecat_ := "*told*")(({positional}), {{{keywords}}})
        try:
            return (shinecat_ := "*body*")({positional} {named})
        except:
            (shinecat_ := "*cut*")()
            raise
        {uses}
"""


def trampoline(function: FunctionType, told: Callable[[tuple[Any, ...], dict[str, Any]], None]) -> CodeType:
    """A code for ``function`` that tells of a call, and then does what the function did.

    Parameters
    ----------
    function
        The function; it is not changed.
    told
        Told before each call, of its positional and its keyword arguments; must not raise.

    Raises
    ------
    ValueError
        The function is a generator or a coroutine, or its code can't be stood in for.
    """
    code = function.__code__
    if code.co_flags & _OTHER:
        raise ValueError(f"{function.__qualname__} does not end when it returns")
    names = list(code.co_varnames)
    first, only = names[: code.co_argcount], names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = names[len(first) + len(only) :]
    several = f"*{rest.pop(0)}" if code.co_flags & _VARARGS else ""
    mapping = f"**{rest.pop(0)}" if code.co_flags & _VARKEYWORDS else ""
    parameters = [*first, several or ("*" if only else ""), *only, mapping]
    if code.co_posonlyargcount:
        parameters.insert(code.co_posonlyargcount, "/")
    text = _TEXT.format(
        shared=" = ".join((*code.co_freevars, "None")),
        uses=", ".join(code.co_freevars) or "pass",
        parameters=", ".join(filter(None, parameters)),
        positional="".join(f"{name}, " for name in (*first, several) if name),
        keywords="".join(f"{name!r}: {name}, " for name in only) + mapping,
        named=", ".join(filter(None, (*(f"{name}={name}" for name in only), mapping))),
    )
    body = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    found = _inner(_inner(compile(text, code.co_filename, "exec", dont_inherit=True)))
    if found.co_freevars != code.co_freevars:
        raise ValueError(f"the names that {function.__qualname__} shares can't be kept")
    parts: dict[object, object] = {"*told*": told, "*body*": body, "*cut*": _cut}
    return found.replace(
        co_consts=tuple(parts.get(one, one) if type(one) is str else one for one in found.co_consts),
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_firstlineno=code.co_firstlineno,
    )


def _inner(code: CodeType) -> CodeType:
    return next(one for one in code.co_consts if isinstance(one, CodeType))


def _cut() -> None:
    """Our frame is no news to the reader of a traceback: take it out of it."""
    error: Any = sys.exception()
    error.__traceback__ = error.__traceback__.tb_next
