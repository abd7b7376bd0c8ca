"""Setting and taking away attributes of classes that are made in C, which Python itself protects.

A class that stays itself is the only one of which nothing can be told apart: ``type(x) is Dataset`` holds before, while
and after something in it is replaced, for its subclasses too, and whoever kept its name keeps the right one.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_HEAD = object.__basicsize__ + _POINTER  # what each object begins with, and ob_size
_FLAGS = _HEAD + 18 * _POINTER  # tp_flags
_CALL_OFFSET = _HEAD + 4 * _POINTER  # tp_vectorcall_offset

_direct: dict[int, tuple[type, int]] = {}


def put(cls: type, name: str, value: Any) -> None:
    """Set an attribute of a class, whatever it is made of; calls of the class come to a new ``__init__``.

    Raises
    ------
    TypeError
        The class is protected, and this Python is not built as we know it.
    """
    flags = _flags(cls)
    try:
        type.__setattr__(cls, name, value)
    finally:
        _protect(cls, flags)
    if name == "__init__":
        # Cython gives classes a second, faster way to be called, which knows of the first `__init__` only.
        way = _way(cls)
        if way.value:
            _direct[id(cls)] = (cls, way.value)
            way.value = 0


def take(cls: type, name: str) -> None:
    """Take away an attribute that `put` gave to a class that had none of its own."""
    flags = _flags(cls)
    try:
        type.__delattr__(cls, name)
    finally:
        _protect(cls, flags)
    restored(cls, name)


def restored(cls: type, name: str) -> None:
    """The class has its first attribute of that name again: it may be called the fast way."""
    if name == "__init__" and id(cls) in _direct:
        _way(cls).value = _direct.pop(id(cls))[1]


def _flags(cls: type) -> ctypes.c_ulong | None:
    """The flags of a protected class, unprotected; None when it is not protected."""
    if not cls.__flags__ & _IMMUTABLE:
        return None
    flags = ctypes.c_ulong.from_address(id(cls) + _FLAGS)
    if not _is_known() or flags.value != cls.__flags__:
        raise TypeError(f"{cls.__name__} is protected")
    flags.value &= ~_IMMUTABLE
    return flags


def _protect(cls: type, flags: ctypes.c_ulong | None) -> None:
    if flags is not None:
        flags.value |= _IMMUTABLE


def _way(cls: type) -> ctypes.c_size_t:
    """Where a class keeps its fast way to be called (``tp_vectorcall``)."""
    if not _is_known():
        return ctypes.c_size_t(0)
    offset = ctypes.c_ssize_t.from_address(id(type) + _CALL_OFFSET).value
    return ctypes.c_size_t.from_address(id(cls) + offset)


def _is_known() -> bool:
    """Whether classes lie in memory as we think: it is looked at where the answer is known."""
    if sys.implementation.name != "cpython" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    known = all(ctypes.c_ulong.from_address(id(one) + _FLAGS).value == one.__flags__ for one in (type, object, dict))
    offset = ctypes.c_ssize_t.from_address(id(type) + _CALL_OFFSET).value
    size: Any = type.__basicsize__
    return known and _FLAGS < offset < size and offset % _POINTER == 0
