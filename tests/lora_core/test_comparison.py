"""Comparing versions: only what differs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.comparison import Difference, changed_from, compare, side_by_side

columns = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.booleans()), max_size=4
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (float("nan"), float("nan")),
        ([1, 2], (1.0, 2)),
        ({"a": 1}, {"a": 1.0}),
        (None, None),
        ("x", "x"),
    ],
)
def test_what_reads_the_same_is_no_difference(one: object, other: object) -> None:
    assert compare([{"f": one}, {"f": other}]) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (None, 0), ("1", 1), ([1], [True]), ({"a": 1}, {"b": 1}), ([1], [1, 2])],
)
def test_what_reads_differently_is_a_difference(one: object, other: object) -> None:
    assert compare([{"f": one}, {"f": other}]) == (Difference("f", (one, other)),)


def test_not_recorded_is_a_value_of_its_own() -> None:
    assert compare([{"rate": 1}, {}]) == (Difference("rate", (1, None)),)
    assert compare([{"rate": None}, {}]) == ()


def test_only_the_asked_fields_are_compared_in_their_order() -> None:
    found = compare([{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}], fields=("c", "a"))
    assert [difference.field for difference in found] == ["c", "a"]


def test_what_a_new_version_changes_is_shown_as_old_and_new() -> None:
    assert changed_from({"steps": 2000, "dim": 16}, {"steps": 1500, "dim": 16}) == (
        Difference("steps", (2000, 1500)),
    )


@given(columns)
def test_a_column_never_differs_from_itself(found: list[dict[str, Any]]) -> None:
    assert all(compare([column, column]) == () for column in found)
    assert all(len(difference.values) == len(found) for difference in compare(found))


def test_side_by_side_holds_what_is_the_same_too_and_tells_which_columns_are_otherwise() -> None:
    rows = side_by_side(
        [{"rate": 1, "dim": 8}, {"rate": 1.0, "dim": 16}, {"rate": 1}], fields=["dim", "rate"]
    )
    assert [(row.field, row.values, row.is_one) for row in rows] == [
        ("dim", (8, 16, None), True),
        ("rate", (1, 1.0, 1), False),
    ]
    assert [rows[0].differs_from_first(column) for column in range(3)] == [False, True, True]
