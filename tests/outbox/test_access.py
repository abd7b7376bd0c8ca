"""Access to a result is never wider than to each of its inputs."""

from __future__ import annotations

import itertools

import pytest

from jupyter_shinecat.outbox.access import NoOwner, WhichGroup, access_of, question
from jupyter_shinecat.scicat import Dataset


def dataset(owner: str, *access: str, published: bool = False) -> Dataset:
    return Dataset({"pid": "p", "ownerGroup": owner, "accessGroups": list(access), "isPublished": published})


def test_same_group_stays_and_access_is_what_all_inputs_allow() -> None:
    access = access_of([dataset("A", "X", "Y"), dataset("A", "Y", "Z")], ["A", "Y"])
    assert (access.owner_group, access.access_groups) == ("A", ("Y",))


def test_different_groups_fall_back_to_a_group_that_may_read_all() -> None:
    access = access_of([dataset("A", "S"), dataset("B", "S")], ["A", "S"])
    assert (access.owner_group, access.access_groups) == ("S", ())


def test_group_that_is_not_mine_does_not_own_my_result() -> None:
    access = access_of([dataset("B", "S", "T")], ["S"])
    assert (access.owner_group, access.access_groups) == ("S", ("B", "T"))


def test_where_the_inputs_groups_differ_the_person_is_asked_once_for_each_choice() -> None:
    inputs = [dataset("B", "A", "0"), dataset("A", "B", "0")]
    with pytest.raises(WhichGroup) as error:
        access_of(inputs, ["0", "A", "B"])
    assert error.value.choices == ("A", "B", "0")  # owners of an input go before a group that was let in
    assert access_of(inputs, ["0", "A", "B"], answers={question(["B", "0", "A"]): "B"}).owner_group == "B"
    assert access_of(inputs, ["0", "A", "B"], "0").owner_group == "0"
    with pytest.raises(WhichGroup):
        access_of(inputs, ["0", "A", "B"], "elsewhere", {question(["A", "B", "0"]): "elsewhere"})
    assert access_of(inputs, ["A"]).owner_group == "A"


def test_published_inputs_restrict_nothing() -> None:
    access = access_of([dataset("Q", published=True), dataset("A", "X")], ["A"])
    assert (access.owner_group, access.access_groups) == ("A", ("X",))
    access = access_of([dataset("Q", "X", published=True)], ["A"])
    assert (access.owner_group, access.access_groups) == ("A", ())


def test_choice_is_made_by_the_setting_or_left_to_the_person() -> None:
    with pytest.raises(WhichGroup) as error:
        access_of([], ["A", "B", "globalaccess"])
    assert "A, B" in error.value.what
    assert error.value.do
    assert access_of([], ["A", "B"], "B").owner_group == "B"
    assert access_of([], ["A", "globalaccess"]).owner_group == "A"
    assert access_of([], ["A", "admin"]).owner_group == "A"
    assert access_of([], ["admin"]).owner_group == "admin"


@pytest.mark.parametrize(
    "inputs",
    [[dataset("A"), dataset("B")], [dataset("A", "S"), dataset("B", "T")], [dataset("Q")], [dataset("globalaccess")]],
)
def test_no_common_group_is_said_with_a_remedy(inputs: list[Dataset]) -> None:
    with pytest.raises(NoOwner) as error:
        access_of(inputs, ["A", "B", "globalaccess"])
    assert error.value.do


def test_never_wider_over_all_small_cases() -> None:
    groups = "ABC"
    shapes = [
        dataset(owner, *access, published=published)
        for owner in groups
        for size in range(3)
        for access in itertools.combinations(groups, size)
        for published in (False, True)
    ]
    for first, second in itertools.product(shapes, repeat=2):
        for mine in (["A"], ["A", "B"], ["A", "B", "C"], ["globalaccess", "C"]):
            for preferred in ("", "B"):
                try:
                    access = access_of([first, second], mine, preferred)
                except (NoOwner, WhichGroup):
                    continue
                assert access.owner_group in mine
                readers = {access.owner_group, *access.access_groups}
                for source in (first, second):
                    if not source.is_published:
                        assert readers <= {source.owner_group, *source.access_groups}
