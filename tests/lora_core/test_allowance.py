"""How many calls may be made."""

from datetime import UTC, datetime, timedelta

from lora_core.allowance import Allowance

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def allowance(most: int = 2) -> Allowance:
    return Allowance(most, timedelta(seconds=10))


def test_what_was_taken_comes_back_after_the_span() -> None:
    two = allowance()
    at = [0, 4, 5, 9.9, 10, 13.9, 14]
    assert [two.take(NOON + timedelta(seconds=second)) for second in at] == [
        *[True, True],
        *[False, False],
        *[True, False, True],
    ]


def test_a_clock_that_is_set_back_frees_what_was_taken() -> None:
    two = allowance()
    assert [two.take(NOON), two.take(NOON), two.take(NOON)] == [True, True, False]
    assert two.take(NOON - timedelta(hours=1))


def test_what_is_not_used_is_not_saved_up() -> None:
    two = allowance()
    two.take(NOON)
    later = NOON + timedelta(hours=1)
    assert [two.take(later) for _ in range(3)] == [True, True, False]
