"""Scientific metadata as a person reaches for them: by attribute, by path, with units."""

from __future__ import annotations

import difflib
import functools
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .errors import MissingAttribute, MissingKey, plainly
from .values import Value, led, pair

_MAX_KEYS = 2000


def _not_told() -> None:
    """Where nobody wants to know that a value was taken."""


class Metadata(Mapping[str, Any]):
    """A level of the metadata tree.

    Keys are reached as attributes (``metadata.photon_energy``, also for ``photon energy`` and ``photon-energy``), as
    items (``metadata["photon energy"]``) and by path (``metadata["detector/distance"]`` or ``["detector.distance"]``).
    A key that is called as a word of Python or of this class has a line behind it as an attribute (``metadata.keys_``).
    Pairs of value and unit come as `Value`, levels as `Metadata`, all else as it is.

    Parameters
    ----------
    tree
        The level.
    name
        Of the dataset, for messages.
    used
        Called when a value is taken.
    """

    def __init__(self, tree: Mapping[str, Any], *, name: str = "", used: Callable[[], None] = _not_told) -> None:
        self._tree = tree
        self._name = name
        self._used = used

    def __reduce__(self) -> Any:
        return functools.partial(Metadata, name=self._name), (self._tree,)  # a copy elsewhere tells no record

    @plainly
    def __getitem__(self, key: str) -> Any:
        found = found_at(self._tree, key)
        if found is MISSING:
            raise MissingKey(self._unknown(key))
        self._used()
        return self._wrap(found)

    @plainly
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # IPython and copy ask for many names that nobody has
            raise AttributeError(name)
        key = name if name in self._tree else self._by_attribute().get(name)
        if key is None:
            raise MissingAttribute(self._unknown(name))
        return self[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._by_attribute()]

    def _ipython_key_completions_(self) -> list[str]:
        return list(paths_of(self._tree))

    def __repr__(self) -> str:
        return "\n".join(text_lines(self._tree)) or tr("no metadata")

    def _repr_html_(self) -> str:
        from .card import metadata_html

        return metadata_html(self._tree)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain dictionaries, as the catalog has it."""
        self._used()
        return dict(self._tree)

    def _wrap(self, entry: Any) -> Any:
        value = pair(entry)
        if value is not None:
            return value
        if isinstance(entry, Mapping):
            head, members = led(entry)
            level = Metadata(members, name=self._name, used=self._used)
            return level if head is None else Value(head.value, head.unit, level)
        if isinstance(entry, list):
            return [self._wrap(part) for part in entry]
        return entry

    def _by_attribute(self) -> dict[str, str]:
        named = ((attribute_name(key), key) for key in reversed(list(self._tree)))
        return {name + "_" if hasattr(Metadata, name) else name: key for name, key in named if name}

    def _unknown(self, key: str) -> str:
        near = difflib.get_close_matches(str(key), list(paths_of(self._tree)), n=3, cutoff=0.5)
        if near:
            return tr(
                "{name} has no metadata “{key}”; near it are: {near}.", name=self._name, key=key, near=", ".join(near)
            )
        return tr("{name} has no metadata “{key}”.", name=self._name, key=key)


MISSING = object()
_STEPS = 200


def found_at(tree: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of keys with ``/`` or ``.``, as the catalog has it; `MISSING` where nothing does.

    A key may hold these signs itself.
    """
    if not isinstance(path, str):
        return MISSING
    if path in tree:
        return tree[path]
    for asked, sign in ((path, "/"), (path.strip("/"), "/"), (path, ".")):
        found = _follow(tree, asked, sign)
        if found is not MISSING:
            return found
    return MISSING


def _follow(tree: Any, path: str, sign: str) -> Any:
    """What stands at a path; keys may hold the sign that parts it, so the longer ones are tried, too."""
    levels = [(tree, path)]
    for _ in range(_STEPS):
        if not levels:
            break
        here, rest = levels.pop()
        if isinstance(here, Mapping) and rest in here:
            return here[rest]
        if isinstance(here, list) and rest.isdigit() and int(rest) < len(here):
            return here[int(rest)]
        place = -1
        while (place := rest.find(sign, place + 1)) >= 0:
            key, behind = rest[:place], rest[place + 1 :]
            if isinstance(here, Mapping) and key in here:
                levels.append((here[key], behind))
            elif isinstance(here, list) and key.isdigit() and int(key) < len(here):
                levels.append((here[int(key)], behind))
    return MISSING


def attribute_name(key: str) -> str:
    """``key`` as a name after a dot; empty when there is none. Chinese characters may be part of names."""
    name = re.sub(r"\W+", "_", key).strip("_")
    if not name or name[0].isdigit():
        return ""
    return name + "_" if keyword.iskeyword(name) else name


def paths_of(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Paths of all values and levels, the nearest first, bounded."""
    levels = [(above, tree)]
    count = 0
    while levels:
        prefix, level = levels.pop(0)
        for key, entry in level.items():
            count += 1
            if count > _MAX_KEYS:
                return
            yield f"{prefix}{key}"
            if isinstance(entry, Mapping) and pair(entry) is None:
                levels.append((f"{prefix}{key}/", entry))


def text_lines(tree: Mapping[str, Any], indent: str = "", limit: int = 60) -> list[str]:
    """The tree as indented lines, at most about ``limit``."""
    lines: list[str] = []
    for number, (key, entry) in enumerate(tree.items()):
        if len(lines) >= limit:
            lines.append(tr("{indent}... and {count} more", indent=indent, count=len(tree) - number))
            break
        value = pair(entry)
        key = printable(_clip(key))
        if value is None and isinstance(entry, Mapping):
            lines.append(f"{indent}{key}:")
            lines += text_lines(entry, indent + "  ", max(3, limit - len(lines)))
        else:
            lines.append(f"{indent}{key}: {printable(_clip(str(value if value is not None else entry)))}")
    return lines


def _clip(text: str) -> str:
    return text if len(text) < 200 else text[:200] + " ..."
