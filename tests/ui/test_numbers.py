"""Numbers as people type them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.numbers import typed_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("16", 16),
        (" 16 ", 16),
        ("-3", -3),
        ("1e-4", 1e-4),
        ("1E-4", 1e-4),
        ("0.0001", 1e-4),
        (".5", 0.5),
        ("2000.0", 2000.0),
        ("2000.5", 2000.5),
        ("", None),
        ("   ", None),
        ("abc", "abc"),
        ("1,5", "1,5"),
        ("1 000", "1 000"),
        ("0x10", "0x10"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("1_000", "1_000"),
        ("٣", "٣"),
        ("9" * 5000, "9" * 5000),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_number_is_read_and_anything_else_stays_as_it_was_typed(text: str, number: object) -> None:
    found = typed_number(text)
    assert found == number
    assert type(found) is type(number)


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_finite_number_nothing_or_the_text_itself(text: str) -> None:
    found = typed_number(text)
    match found:
        case None:
            assert not text.strip()
        case str():
            assert found == text.strip()
        case _:
            assert math.isfinite(found)
            assert text.isascii() or text.strip().isascii()
