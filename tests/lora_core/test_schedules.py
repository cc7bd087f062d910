"""The rate over the steps, beside the trainer of the local endpoint, which has formulas of its own."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_endpoint.training.schedules import rate_factor
from lora_core.parameters import OPTIMIZERS, SCHEDULE_FREE, SCHEDULERS, TrainingParameters
from lora_core.schedules import LAST_RATE, MOST_POINTS, rate_at, rate_curve

USABLE = TrainingParameters(learning_rate=1e-4, max_train_steps=900)
WITH_SCHEDULE = [name for name in OPTIMIZERS if name not in SCHEDULE_FREE]


@pytest.mark.parametrize(
    ("scheduler", "warmup", "expected"),
    [
        ("constant", 0, {0: 1.0, 450: 1.0, 899: 1.0}),
        ("constant_with_warmup", 100, {0: 0.0, 50: 0.5, 100: 1.0, 899: 1.0}),
        ("cosine", 0, {0: 1.0, 450: 0.5}),
        ("cosine", 100, {0: 0.0, 100: 1.0, 500: 0.5}),
        ("cosine_with_restarts", 0, {0: 1.0, 150: 0.5, 300: 1.0, 450: 0.5, 600: 1.0, 750: 0.5}),
        ("polynomial", 0, {0: 1.0, 450: 0.5 * (1 + LAST_RATE / 1e-4)}),
    ],
)
def test_a_schedule_goes_through_these_points(
    scheduler: str, warmup: int, expected: dict[int, float]
) -> None:
    parameters = USABLE.model_copy(update={"lr_scheduler": scheduler, "lr_warmup_steps": warmup})
    for step, share in expected.items():
        assert rate_at(parameters, step) == pytest.approx(share * 1e-4)


@given(
    st.sampled_from(SCHEDULERS),
    st.sampled_from(WITH_SCHEDULE),
    st.integers(1, 3000),
    st.data(),
    st.floats(1e-6, 10),
)
def test_every_rate_is_the_one_that_the_endpoints_own_trainer_takes(
    scheduler: str, optimizer: str, steps: int, data: st.DataObject, rate: float
) -> None:
    warmup = 0 if scheduler == "constant" else data.draw(st.integers(0, steps - 1))
    parameters = TrainingParameters(
        learning_rate=rate,
        max_train_steps=steps,
        lr_scheduler=scheduler,
        lr_warmup_steps=warmup,
        optimizer_type=optimizer,
    )
    curve = rate_curve(parameters)
    assert len(curve) <= MOST_POINTS
    assert [step for step, _ in curve] == sorted({step for step, _ in curve})
    assert (curve[0][0], curve[-1][0]) == (0, steps - 1)
    for step, drawn in curve:
        factor = rate_factor(scheduler, step, warmup_steps=warmup, total_steps=steps)
        # Its polynomial ends at zero, transformers' at 1e-7.
        assert drawn == pytest.approx(rate * factor, rel=1e-9, abs=LAST_RATE)


@given(st.integers(30, 5000), st.integers(0, 20))
def test_no_peak_is_left_out_between_two_points(steps: int, warmup: int) -> None:
    parameters = USABLE.model_copy(update={"max_train_steps": steps, "lr_warmup_steps": warmup})
    curve = dict(rate_curve(parameters))
    rates = [rate_at(parameters, step) for step in range(steps)]
    turns = [step for step in range(1, steps - 1) if rates[step] > max(rates[step - 1], rates[step + 1])]
    assert all(step in curve for step in turns)


@pytest.mark.parametrize("optimizer", SCHEDULE_FREE)
def test_a_schedule_free_optimizer_keeps_its_rate_whatever_the_schedule(optimizer: str) -> None:
    curve = rate_curve(USABLE.model_copy(update={"optimizer_type": optimizer, "lr_warmup_steps": 50}))
    assert {rate for _, rate in curve} == {1e-4}


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": "abc"},
        {"learning_rate": None},
        {"learning_rate": -1},
        {"max_train_steps": 0},
        {"max_train_steps": 2000.5},
        {"lr_scheduler": "linear"},
        {"lr_scheduler": None},
        {"optimizer_type": "adafactor"},
        {"lr_warmup_steps": ""},
        {"lr_warmup_steps": 900},
        {"lr_scheduler": "constant", "lr_warmup_steps": 1},
        {"lr_scheduler": "polynomial", "learning_rate": 1e-7},
    ],
    ids=str,
)
def test_what_the_trainer_would_refuse_has_no_curve(wrong: dict[str, Any]) -> None:
    assert rate_curve({**USABLE.model_dump(), **wrong}) == ()


@given(
    st.dictionaries(
        st.sampled_from(sorted(TrainingParameters.model_fields)),
        st.from_type(type(None)) | st.text() | st.floats() | st.integers(),
    )
)
def test_a_form_however_filled_in_gives_finite_rates_or_none(changes: dict[str, Any]) -> None:
    assert all(
        math.isfinite(rate) and rate >= 0 for _, rate in rate_curve({**USABLE.model_dump(), **changes})
    )
