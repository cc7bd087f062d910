"""How the screens say things."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core import Version
from tests.ui.screens import record
from ui import words
from ui.numbers import typed_number

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOINER = "\u2060"
SPECIAL = "\\`*_{}[]()#+-.!|<>~$:&"


def version(**changes: Any) -> Version:
    return Version("1", record(1, **changes))


def submission(state: str, *, age_s: float = 0) -> dict[str, str]:
    return {"state": state, "at": (NOW - timedelta(seconds=age_s)).isoformat()}


# -- other people's text


@given(st.text(st.sampled_from(SPECIAL + "ab \n\r\t1")) | st.text())
def test_escaped_text_holds_no_active_markdown_and_is_the_same_text(text: str) -> None:
    escaped = words.escaped(text)
    unescaped = re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL)
    assert unescaped.replace(JOINER, "").split() == text.replace(JOINER, "").split()
    active = re.sub(r"\\.", "", escaped, flags=re.DOTALL)
    assert not set(active) & set(SPECIAL)
    assert len(escaped.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a -> b", rf"a \-{JOINER}\> b"),
        ("rate >= 1", rf"rate \>{JOINER}= 1"),
        ("a--b", rf"a\-{JOINER}\-b"),
        (":material/delete:", rf"\:{JOINER}material/delete\:"),
        ("plain text, as it is", "plain text, as it is"),
        ("**bold**", r"\*\*bold\*\*"),
        (":red[x]", r"\:red\[x\]"),
        ("a\n# b", r"a \# b"),
        ("a\r\n=1", "a  =1"),
        ("\\", r"\\"),
        (17, "17"),
        (None, "None"),
    ],
)
def test_special_characters_are_escaped(text: object, escaped: str) -> None:
    assert words.escaped(text).split() == escaped.split()


# -- amounts


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "not recorded"),
        (-5, "0 s"),
        (0, "0 s"),
        (42.4, "42 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (599.7, "10 min"),
        (3599, "59 min"),
        (3599.7, "1 h"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 days"),
        (3 * 86400 + 5, "3 days"),
    ],
)
def test_durations_are_told_in_their_two_largest_units(seconds: float | None, told: str) -> None:
    assert words.duration(seconds) == told


@given(st.floats(min_value=0, max_value=1e9), st.floats(min_value=0, max_value=1e9))
def test_a_duration_always_reads(one: float, other: float) -> None:
    assert re.fullmatch(r"\d+ (s|min|h|days)( \d+ (s|min))?", words.duration(one + other))


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=-9), "just now"),
        (timedelta(seconds=3), "just now"),
        (timedelta(hours=3), "3 h ago"),
    ],
)
def test_what_has_passed_is_told(passed: timedelta, told: str) -> None:
    assert words.ago(passed) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "not recorded"),
        (16, "16"),
        (16.0, "16"),
        (2000, "2000"),
        (0.0001, "0.0001"),
        (1e-5, "1e-5"),
        (3.5e-10, "3.5e-10"),
        (0, "0"),
        (0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1e20, "1e+20"),
        ("adamw", "adamw"),
    ],
)
def test_numbers_are_told_as_people_write_them(value: object, told: str) -> None:
    assert words.number(value) == told


@given(st.integers(-(10**20), 10**20))
def test_a_whole_number_comes_back_as_it_was_shown(number: int) -> None:
    assert typed_number(words.number(number)) == number


@given(st.floats(-1e300, 1e300).filter(bool))
def test_a_number_comes_back_as_it_was_shown_to_ten_digits(number: float) -> None:
    found = typed_number(words.number(number))
    assert isinstance(found, int | float)
    assert found == pytest.approx(number, rel=1e-9, abs=0)
    assert words.number(float(found)) == words.number(number)


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "not recorded"), (0.5, "0.5"), (1.23456, "1.23"), (333.4, "333"), (12345, "12,345")],
)
def test_derived_numbers_have_three_digits(value: float | None, told: str) -> None:
    assert words.rounded(value) == told


@pytest.mark.parametrize(
    ("amount", "told"), [(None, None), (0, "$0.00"), (0.004, "under $0.01"), (0.416, "$0.42"), (12, "$12.00")]
)
def test_amounts_of_money_are_told(amount: float | None, told: str | None) -> None:
    assert words.dollars(amount) == told


@pytest.mark.parametrize(
    ("size_bytes", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (2048, "2.0 kB"),
        (146_400_000, "146 MB"),
        (1_400_000_000, "1.4 GB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes_are_told(size_bytes: int, told: str) -> None:
    assert words.size(size_bytes) == told


# -- moments; without a browser the zone is UTC


def test_a_moment_is_told_with_how_long_ago_it_was() -> None:
    assert words.moment_text(None, NOW) == "not recorded"
    told = words.moment_text(
        datetime(2025, 10, 12, 9, 27, tzinfo=UTC), datetime(2025, 10, 12, 12, 27, tzinfo=UTC)
    )
    assert re.fullmatch(r"12 Oct( 2025)?, 09:27 \(3 h ago\)", told)


def test_the_year_is_told_only_when_it_is_another_one() -> None:
    now = datetime.now(UTC)
    assert words.day(now.replace(month=1, day=9)) == "9 Jan"
    assert words.day(now.replace(year=now.year - 1, month=1, day=9)) == f"9 Jan {now.year - 1}"


# -- statuses


@pytest.mark.parametrize("status", ["draft", "pending", "training", "completed", "failed"])
def test_a_status_has_an_icon_and_its_word(status: str) -> None:
    shown = words.look(version(status=status), None, NOW)
    assert shown.word == status
    assert shown.icon


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "resting"}, "resting"),
        ({"status": None}, "not recorded"),
        ({"status": "pending", "submission": submission("preparing")}, "being sent"),
        ({"status": "pending", "submission": submission("sending")}, "being sent"),
        ({"status": "pending", "submission": submission("sending", age_s=121)}, "no answer, may be running"),
        ({"status": "pending", "submission": submission("unknown")}, "no answer, may be running"),
        ({"status": "pending", "submission": submission("sent")}, "pending"),
        (
            {"status": "training", "submission": submission("sent"), "cancelRequestedAt": NOW.isoformat()},
            "stopping, not confirmed yet",
        ),
        ({"status": "failed", "cancelRequestedAt": NOW.isoformat()}, "failed"),
    ],
)
def test_less_is_said_when_less_is_known(changes: dict[str, Any], word: str) -> None:
    assert words.look(version(**changes), None, NOW).word == word


def test_a_version_is_one_line_of_plain_text() -> None:
    line = words.line(version(description="Test\nwith  low LR", isGood=True), None, NOW)
    assert re.fullmatch(
        r"✅ V1 · completed · 1 Oct( 2025)? · 12 images · 2000 steps · good · Test with low LR", line
    )


def test_a_line_leaves_out_what_is_not_recorded() -> None:
    bare = version(timestamp=None, imageCount=None, parameters=None, name=None)
    assert words.line(bare, None, NOW) == "✅ job-1-e1 · completed"


def test_a_moment_is_told_with_its_zone_and_how_long_ago_it_was() -> None:
    now = datetime(2025, 10, 12, 12, tzinfo=UTC)
    assert words.when(now - timedelta(hours=3), now) == "12 Oct 2025, 09:00 UTC (3 h ago)"
    assert words.when(None, now) == words.NOT_RECORDED


@pytest.mark.parametrize(
    ("text", "said"),
    [("", ""), ("four", "four"), ("fives", "fives"), ("longer", "long…"), ("ab cdef", "ab c…")],
)
def test_a_text_that_is_too_long_ends_in_an_ellipsis(text: str, said: str) -> None:
    assert words.shortened(text, 5) == said
