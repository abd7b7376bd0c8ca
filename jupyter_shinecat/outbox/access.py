"""Who may read a result: never anyone who may not read all of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset

# Groups that stand for everybody; nothing may be owned by them.
_NO_OWNERS = frozenset({"globalaccess", "public"})
# Groups that say what one may do rather than to whom data belong; they own only what is theirs already.
_ROLES = frozenset({"admin"})
_NONE: Mapping[str, str] = {}


class NoOwner(ShineCatError):
    """No group of the person may own the result."""


class WhichGroup(ShineCatError):
    """Several groups of the person may own the result, and the inputs don't decide; ``choices``, the best first."""

    def __init__(self, choices: Sequence[str], what: str) -> None:
        super().__init__(what, do=tr("Choose one in the catalog panel, or: shinecat outbox release KEY --group GROUP."))
        self.choices = tuple(choices)


@dataclass(frozen=True)
class Access:
    """Owner group and access groups of a result."""

    owner_group: str
    access_groups: tuple[str, ...]


def access_of(
    inputs: Sequence[Dataset], my_groups: Iterable[str], preferred: str = "", answers: Mapping[str, str] = _NONE
) -> Access:
    """Owner and readers of a result made from ``inputs``.

    The inputs' own group where they agree on one of ours. Where their group isn't ours: a group of ours that may read
    every input. Where they differ and leave a choice, the person is asked, once for each choice. Access groups are
    those that may read every input. Published inputs restrict nothing.

    Parameters
    ----------
    inputs
        The datasets that flowed into it.
    my_groups
        Groups of the person.
    preferred
        Group to take where there is a choice.
    answers
        What the person chose earlier, by `question`.

    Raises
    ------
    NoOwner
        There is no such group.
    WhichGroup
        There are several with nothing to choose by.
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
    best = (
        sorted((g for g in choice if g in owners or g not in _ROLES), key=lambda group: group not in owners) or choice
    )
    if len(best) > 1 and (allowed is None or len(owners) > 1):
        if (answer := answers.get(question(best), "")) in best:
            return _access(answer, allowed)
        raise WhichGroup(best, tr("This result could belong to each of your groups {groups}.", groups=", ".join(best)))
    return _access(best[0], allowed)


def question(choices: Iterable[str]) -> str:
    """Names a choice between groups, so that its answer is found again."""
    return ",".join(sorted(choices))


def _access(owner: str, allowed: set[str] | None) -> Access:
    return Access(owner, tuple(sorted((allowed or set()) - {owner, "globalaccess"})))
