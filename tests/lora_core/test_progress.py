"""Progress, read from whatever a worker says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.progress import Progress, advanced, merged_curve, read_loss_points, read_progress


@pytest.mark.parametrize(
    ("output", "step", "total", "fraction"),
    [
        ({"step": 120, "total_steps": 2000}, 120, 2000, 0.06),
        ({"current": 5, "total": 10}, 5, 10, 0.5),
        ({"current_step": 120, "max_train_steps": 2000}, 120, 2000, 0.06),
        ({"step": "120", "total_steps": "2000"}, 120, 2000, 0.06),
        ({"step": 120.0, "total_steps": 2000.0}, 120, 2000, 0.06),
        ({"progress": {"step": 1, "total": 4}}, 1, 4, 0.25),
        ({"step": 7}, 7, None, None),
        ({"step": 0, "total_steps": 2000}, 0, 2000, 0.0),
        ({"step": 3000, "total_steps": 2000}, 3000, 2000, 1.0),
        ({"percent": 45}, 0, None, 0.45),
        ({"percent": 0.45}, 0, None, 0.45),
        ({"progress": 45.0}, 0, None, 0.45),
        ({"progress": 0.45}, 0, None, 0.45),
        ({"progress": 1}, 0, None, 0.01),
        ({"progress": 1.0}, 0, None, 1.0),
        ({"progress": "45%"}, 0, None, 0.45),
        ("45%", 0, None, 0.45),
        ("step 120/2000", 120, 2000, 0.06),
        ("epoch 3/10, step: 120 / 2000", 120, 2000, 0.06),
        ("epoch 3/10 120/2000", 120, 2000, 0.06),
        ({"message": "120/2000"}, 120, 2000, 0.06),
        ("steps:   6%|▌      | 120/2000 [01:21<21:13,  1.47it/s]", 120, 2000, 0.06),
        ("step 1/9\nstep 2/9", 2, 9, 2 / 9),
    ],
)
def test_every_common_spelling_is_understood(
    output: object, step: int, total: int | None, fraction: float | None
) -> None:
    read = read_progress(output)
    assert read is not None
    assert (read.step, read.total_steps) == (step, total)
    assert read.fraction == (None if fraction is None else pytest.approx(fraction))


@pytest.mark.parametrize(
    "output",
    [
        None,
        {},
        [],
        True,
        {"step": True},
        {"step": -1},
        {"step": float("nan")},
        {"percent": 101},
        {"loss": "low"},
        " ",
    ],
)
def test_rubbish_is_no_progress(output: object) -> None:
    assert read_progress(output) is None


def test_a_date_is_no_progress() -> None:
    read = read_progress("started 10/12/2025")
    assert read == Progress(0, message="started 10/12/2025")


def test_loss_rate_and_pace_come_along() -> None:
    read = read_progress({"step": 5, "total_steps": 9, "avr_loss": 0.1, "lr": "1e-4", "s_per_step": 0.5})
    assert read == Progress(5, 9, loss=0.1, learning_rate=1e-4, s_per_step=0.5)


def test_a_total_of_zero_is_no_total() -> None:
    assert read_progress({"step": 5, "total_steps": 0}) == Progress(5)


def nested(depth: int) -> dict[str, Any]:
    output: dict[str, Any] = {"step": 1}
    for _ in range(depth):
        output = {"progress": output}
    return output


def test_deep_and_huge_output_is_survived() -> None:
    assert read_progress(nested(100_000)) is None
    assert read_progress("x1/" * 1_000_000) is not None
    assert read_progress({"step": "9" * 10_000, "total": 10**5000}) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
keys = st.sampled_from(
    ["step", "total_steps", "percent", "progress", "loss", "message", "loss_history", "lr"]
)
outputs = json_values | st.dictionaries(keys, json_values)


@given(outputs)
def test_reading_never_fails_and_never_invents(output: object) -> None:
    read = read_progress(output)
    if read is not None:
        assert read.step >= 0
        assert read.fraction is None or 0 <= read.fraction <= 1
    assert all(step >= 0 and loss >= 0 for step, loss in read_loss_points(output))


progresses = st.builds(
    Progress,
    step=st.integers(0, 100),
    total_steps=st.none() | st.integers(1, 100),
    loss=st.none() | st.floats(0, 1),
    message=st.none() | st.just("now"),
    share=st.none() | st.floats(0, 1),
)


@given(progresses, progresses)
def test_the_bar_never_moves_back(before: Progress, now: Progress) -> None:
    shown = advanced(before, now)
    assert shown.step >= before.step
    assert (shown.fraction or 0) >= (before.fraction or 0)


def test_a_late_update_changes_nothing() -> None:
    before = Progress(120, 2000, loss=0.1)
    assert advanced(before, Progress(100, 2000, loss=0.3)) == before


def test_a_new_update_keeps_what_it_does_not_say() -> None:
    shown = advanced(Progress(120, 2000, loss=0.1, s_per_step=0.7), Progress(130, loss=0.09))
    assert (shown.step, shown.total_steps, shown.loss, shown.s_per_step) == (130, 2000, 0.09, 0.7)


def test_a_mere_message_keeps_the_numbers() -> None:
    shown = advanced(Progress(120, 2000, loss=0.1), Progress(0, message="saving"))
    assert shown == Progress(120, 2000, loss=0.1, message="saving")


def test_the_first_update_is_shown_as_it_is() -> None:
    assert advanced(None, Progress(1, 2)) == Progress(1, 2)


def test_a_loss_history_may_hold_pairs_or_objects() -> None:
    output = {
        "loss_history": [[1, 0.5], {"step": 2, "loss": "0.4"}, [3, float("nan")], "rubbish", [4]],
        "step": 5,
        "loss": 0.3,
    }
    assert read_loss_points(output) == ((1, 0.5), (2, 0.4), (5, 0.3))
    assert read_loss_points({"progress": output}) == read_loss_points(output)


def test_a_curve_is_ordered_and_the_later_word_wins() -> None:
    assert merged_curve([(2, 0.2), (1, 0.1)], [(3, 0.3), (2, 0.25)]) == ((1, 0.1), (2, 0.25), (3, 0.3))


points = st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 1)), max_size=60)


@given(points, points, st.integers(-1, 30))
def test_a_thinned_curve_keeps_its_ends(curve: list[Any], later: list[Any], limit: int) -> None:
    whole = merged_curve(curve, later, limit=200)
    thinned = merged_curve(curve, later, limit=limit)
    assert len(thinned) <= max(limit, 2)
    assert set(thinned) <= set(whole)
    assert thinned[:1] == whole[:1]
    assert thinned[-1:] == whole[-1:]
    assert merged_curve(thinned, (), limit=limit) == thinned
