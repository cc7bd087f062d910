"""Time, cost and the numbers that follow from a configuration."""

from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.estimates import (
    EMBEDDED_S_PER_STEP,
    RECORDED_S_PER_STEP,
    Estimate,
    FinishedJob,
    cost_usd,
    effective_scale,
    epochs,
    expected_training,
    price_for,
    seconds_per_step,
    time_left_s,
    views_per_image,
)
from lora_core.progress import Progress

numbers = st.none() | st.integers() | st.floats()


@pytest.mark.parametrize(
    ("gpu", "price"),
    [
        ("4090", 0.00031),
        ("RTX 4090", 0.00031),
        ("NVIDIA GeForce RTX 4090", 0.00031),
        ("nvidia a100-sxm4-80gb", 0.00076),
        ("NVIDIA L40S", 0.00053),
        ("L4", 0.00019),
        ("NVIDIA RTX A6000", 0.00034),
        ("RTX 6000 Ada", None),
        ("", None),
        (None, None),
    ],
)
def test_a_gpu_is_known_by_any_of_its_names(gpu: str | None, price: float | None) -> None:
    assert price_for(gpu, None) == price


@pytest.mark.parametrize(
    ("given_price", "price"), [(0.001, 0.001), (0.0, 0.0), (-1.0, None), (float("nan"), None)]
)
def test_an_explicit_price_goes_before_the_table(given_price: float, price: float | None) -> None:
    assert price_for("4090", given_price) == price


def test_the_pace_is_the_median_of_the_last_twenty_usable_jobs() -> None:
    old = repeat(FinishedJob(steps=100, execution_s=1e6), 5)
    recent = repeat(FinishedJob(steps=100, execution_s=50), 20)
    broken = (FinishedJob(0, 50), FinishedJob(100, 0), FinishedJob(-1, 5), FinishedJob(5, float("nan")))
    assert seconds_per_step([*old, *recent, *broken]) == 0.5
    assert seconds_per_step(broken) is None


@pytest.mark.parametrize(
    ("arguments", "estimate"),
    [
        ({}, Estimate(2000 * RECORDED_S_PER_STEP, "recorded sample", None)),
        ({"is_embedded": True}, Estimate(2000 * EMBEDDED_S_PER_STEP, "recorded sample", 0.0)),
        ({"finished": [FinishedJob(100, 50)]}, Estimate(1000, "finished jobs", None)),
        (
            {"finished": [FinishedJob(100, 50)], "progress": Progress(5, 2000, s_per_step=0.25)},
            Estimate(500, "progress", None),
        ),
        ({"finished": [FinishedJob(100, 50)], "usd_per_second": 0.001}, Estimate(1000, "finished jobs", 1.0)),
    ],
)
def test_an_estimate_says_what_it_rests_on(arguments: dict[str, object], estimate: Estimate) -> None:
    assert expected_training(2000, **arguments) == estimate  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("progress", "arguments", "left"),
    [
        (Progress(500, 2000, s_per_step=0.5), {}, 750),
        (Progress(500, 2000), {"observed_s_per_step": 0.4}, 600),
        (Progress(500, 2000), {"elapsed_s": 100}, 300),
        (Progress(0, share=0.25), {"elapsed_s": 100}, 300),
        (Progress(2500, 2000, s_per_step=0.5), {}, 0),
        (Progress(0, 2000), {"elapsed_s": 30, "expected_s": 1000}, 970),
        (None, {"elapsed_s": 30, "expected_s": 1000}, 970),
        (None, {"elapsed_s": 3000, "expected_s": 1000}, 0),
        (None, {}, None),
        (Progress(7), {"elapsed_s": 100}, None),
    ],
)
def test_the_time_left_uses_the_best_that_is_known(
    progress: Progress | None, arguments: dict[str, float], left: float | None
) -> None:
    assert time_left_s(progress, **arguments) == (None if left is None else pytest.approx(left))


@pytest.mark.parametrize(
    ("seconds", "price", "cost"), [(1000, 0.001, 1.0), (1000, 0, 0), (None, 0.001, None), (1000, None, None)]
)
def test_a_cost_needs_a_time_and_a_price(
    seconds: float | None, price: float | None, cost: float | None
) -> None:
    assert cost_usd(seconds, price) == cost


def test_derived_numbers() -> None:
    assert effective_scale(8, 16) == 0.5
    assert epochs(2000, 43, 10, 2) == 2000 / 215
    assert epochs(100, 3, 1, 2) == 50
    assert views_per_image(2000, 2, 100) == 40


@given(numbers, numbers, numbers, numbers)
def test_a_missing_or_zero_input_gives_no_number(a: float, b: int, c: int, d: int) -> None:
    for inputs, answer in (
        ((a, b), effective_scale(a, b)),
        ((a, b, c, d), epochs(a, b, c, d)),  # type: ignore[arg-type]
        ((a, b, c), views_per_image(a, b, c)),  # type: ignore[arg-type]
    ):
        if not all(inputs):
            assert answer is None
        assert answer is None or answer >= 0
