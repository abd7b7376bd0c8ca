"""Who may read a result: never anyone who may not read all of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset

# Groups that stand for everybody; nothing may be owned by them.
_NO_OWNERS = frozenset({"globalaccess", "public"})


class NoOwner(ShineCatError):
    """No group of the person may own the result."""


@dataclass(frozen=True)
class Access:
    """Owner group and access groups of a result."""

    owner_group: str
    access_groups: tuple[str, ...]


def access_of(inputs: Sequence[Dataset], my_groups: Iterable[str], preferred: str = "") -> Access:
    """Owner and readers of a result made from ``inputs``.

    The inputs' own group where they agree on one of ours. Where they differ, or their group isn't ours: a group of ours
    that may read every input. Access groups are those that may read every input. Published inputs restrict nothing.

    Parameters
    ----------
    inputs
        The datasets that flowed into it.
    my_groups
        Groups of the person.
    preferred
        Group to take where there is a choice.

    Raises
    ------
    NoOwner
        There is no such group, or several with nothing to choose by.
    """
    mine = sorted(set(my_groups) - _NO_OWNERS)
    closed = [dataset for dataset in inputs if not dataset.is_published]
    readers = [{dataset.owner_group, *dataset.access_groups} - {""} for dataset in closed]
    allowed = set.intersection(*readers) if readers else None
    owners = {dataset.owner_group for dataset in closed or inputs}
    choice = mine if allowed is None else [group for group in mine if group in allowed]
    if len(owners) == 1 and (owner := next(iter(owners))) in choice:
        return _access(owner, allowed)
    if not choice:
        raise NoOwner(
            tr(
                "No group of yours may read all inputs of this result (they belong to {groups}).",
                groups=", ".join(sorted(owners)),
            )
            if mine
            else tr("You are in no group that may own a dataset."),
            do=tr("Ask for access to the inputs for a common group, or a group of your own, then retry this entry."),
        )
    if preferred in choice:
        return _access(preferred, allowed)
    # A group that owns an input itself goes before one that was only let in.
    best = [group for group in choice if group in owners] or choice
    if len(best) > 1 and allowed is None:
        raise NoOwner(
            tr("This result could belong to each of your groups {groups}.", groups=", ".join(best)),
            do=tr("Set SHINECAT_OWNER_GROUP to one of them, then retry this entry."),
        )
    return _access(best[0], allowed)


def _access(owner: str, allowed: set[str] | None) -> Access:
    return Access(owner, tuple(sorted((allowed or set()) - {owner, "globalaccess"})))
