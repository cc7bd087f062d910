"""Loss curves as they are drawn: the noise taken out, few enough points."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.loss_curves import LossPoint, smoothed, thinned

LOSSES = st.floats(min_value=0, max_value=1e12)
CURVES = st.lists(
    st.tuples(st.integers(0, 10**7), LOSSES), max_size=60, unique_by=lambda point: point[0]
).map(sorted)


@given(curve=CURVES)
def test_a_smoothed_curve_has_the_same_steps_and_stays_within_the_losses(curve: list[LossPoint]) -> None:
    smooth = smoothed(curve)
    assert [step for step, _ in smooth] == [step for step, _ in curve]
    losses = [loss for _, loss in curve]
    for _, loss in smooth:
        room = 1e-9 * max(losses)
        assert min(losses) - room <= loss <= max(losses) + room


@given(curve=CURVES, limit=st.integers(0, 70))
def test_a_thinned_curve_is_part_of_the_curve_and_keeps_its_ends(curve: list[LossPoint], limit: int) -> None:
    thin = thinned(curve, limit=limit)
    assert len(thin) == min(len(curve), max(limit, 2))
    assert list(thin) == sorted(set(thin)) and set(thin) <= set(curve)
    if curve:
        assert (thin[0], thin[-1]) == (curve[0], curve[-1])


def test_a_level_curve_stays_level() -> None:
    smooth = smoothed([(step, 0.25) for step in range(0, 900, 3)])
    assert [loss for _, loss in smooth] == pytest.approx([0.25] * 300)


def test_a_falling_line_is_not_run_behind() -> None:
    curve = [(step, 1.0 - step / 1000) for step in range(1001)]
    assert dict(smoothed(curve))[500] == pytest.approx(0.5)


def test_noise_is_taken_out_and_a_step_that_stands_alone_weighs_little() -> None:
    curve: list[Any] = [(step, 0.1 + 0.05 * (-1) ** step) for step in range(1000)]
    curve[500] = (500, 3.0)
    smooth = dict(smoothed(curve))
    assert smooth[250] == pytest.approx(0.1, abs=0.005)
    assert smooth[500] < 0.3


@pytest.mark.parametrize("curve", [[], [(1, 0.5)], [(1, 0.5), (2, 0.1)]])
def test_what_is_no_curve_yet_stays_as_it_is(curve: list[LossPoint]) -> None:
    assert list(smoothed(curve)) == curve
    assert list(thinned(curve)) == curve
