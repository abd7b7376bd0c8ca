"""Scientific metadata as a person reaches for them: by attribute, by path, with units."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .errors import MissingAttribute, MissingKey, plainly

_MAX_KEYS = 2000


class Value:
    """A value with its unit.

    Attributes
    ----------
    value
        Number, text or list, as the catalog has it.
    unit
        Its unit as text, empty when it has none.

    Examples
    --------
    >>> energy = Value(9.3, "keV")
    >>> energy
    9.3 keV
    >>> energy.to("eV").value
    9300.0
    >>> energy > 9
    True
    """

    __slots__ = ("unit", "value")

    def __init__(self, value: Any, unit: str = "") -> None:
        self.value = value
        self.unit = unit

    def to(self, unit: str) -> Value:
        """The same in another unit.

        Raises
        ------
        UnitError
            One of the units is unknown, they measure different things, or the value is no number.
        """
        from jupyter_shinecat.units import UnitError, convert

        several = isinstance(self.value, (list, tuple))
        try:
            numbers = [float(one) for one in (self.value if several else [self.value])]
        except (TypeError, ValueError):
            raise UnitError(
                tr("{value} is no number, so it has no other unit.", value=repr(self.value)[:100])
            ) from None
        converted = [convert(one, self.unit, unit) for one in numbers]
        return Value(converted if several else converted[0], unit)

    @property
    def pint(self) -> Any:
        """As a quantity of pint's application registry; pint raises where it does not know the unit."""
        import pint

        from jupyter_shinecat.units import pint_text

        registry: Any = pint.get_application_registry()  # type: ignore[no-untyped-call]
        return registry.Quantity(self.value, pint_text(self.unit))

    def __repr__(self) -> str:
        return f"{self.value} {self.unit}" if self.unit else str(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value):
            return bool(self.value == other.value and self.unit == other.unit)
        return bool(self.value == other)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _number(self, other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _number(self, other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _number(self, other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _number(self, other))

    def __hash__(self) -> int:
        return hash((str(self.value), self.unit))


def _number(value: Value, other: Any) -> Any:
    return other.to(value.unit).value if isinstance(other, Value) and other.unit != value.unit else _bare(other)


def _bare(other: Any) -> Any:
    return other.value if isinstance(other, Value) else other


def pair(entry: object) -> Value | None:
    """The value and unit in ``{value, unit}`` or ``{v, u}``; None for anything else."""
    if not isinstance(entry, Mapping):
        return None
    for value, unit in (("value", "unit"), ("v", "u")):
        if value in entry and not isinstance(entry[value], Mapping):
            others = set(entry) - {value, unit, "valueSI", "unitSI", "human_name", "label", "type"}
            if not others and (unit in entry or len(entry) == 1 or "valueSI" in entry or value == "value"):
                return Value(entry[value], str(entry.get(unit) or ""))
    return None


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

    def __init__(self, tree: Mapping[str, Any], *, name: str = "", used: Callable[[], None] = lambda: None) -> None:
        self._tree = tree
        self._name = name
        self._used = used

    @plainly
    def __getitem__(self, key: str) -> Any:
        found = self._find(key)
        if found is _MISSING:
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
            return Metadata(entry, name=self._name, used=self._used)
        if isinstance(entry, list):
            return [self._wrap(part) for part in entry]
        return entry

    def _find(self, path: str) -> Any:
        if not isinstance(path, str):
            return _MISSING
        if path in self._tree:
            return self._tree[path]
        found = self._follow(path.strip("/").split("/"))
        return self._follow(path.split(".")) if found is _MISSING and "." in path else found

    def _follow(self, parts: list[str]) -> Any:
        here: Any = self._tree
        for part in parts:
            if isinstance(here, list) and part.isdigit() and int(part) < len(here):
                here = here[int(part)]
            elif isinstance(here, Mapping) and part in here:
                here = here[part]
            else:
                return _MISSING
        return here

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


_MISSING = object()


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
