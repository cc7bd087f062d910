"""The parts of the trainer, each against what its paper or formula says."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from local_endpoint.training.arrays import rounded, stored_bytes
from local_endpoint.training.captions import full_caption, text_embedding
from local_endpoint.training.denoiser import Batch, Denoiser, adapter_size, new_adapter
from local_endpoint.training.latents import LATENT_VALUES, latents_of
from local_endpoint.training.loss_curve import LossCurve
from local_endpoint.training.model_file import remove_stale_partials
from local_endpoint.training.optimizers import AdamW, AdamWScheduleFree, Lion, Prodigy
from local_endpoint.training.schedules import rate_factor


def test_the_written_gradient_is_the_measured_one() -> None:
    rng = np.random.default_rng(0)
    denoiser, dim = Denoiser(rng, scale=0.5), 3
    adapter = new_adapter(dim, rng)
    adapter += 0.05 * rng.standard_normal(adapter.shape, dtype=np.float32)
    inputs = rng.standard_normal((8, LATENT_VALUES + 48), dtype=np.float32)
    batch = Batch(inputs, rng.standard_normal((8, LATENT_VALUES), dtype=np.float32))
    _, gradient = denoiser.loss_and_gradient(batch, adapter, dim)
    for _ in range(4):
        direction = rng.standard_normal(adapter.shape, dtype=np.float32)
        ahead, _ = denoiser.loss_and_gradient(batch, adapter + 1e-3 * direction, dim)
        behind, _ = denoiser.loss_and_gradient(batch, adapter - 1e-3 * direction, dim)
        assert (ahead - behind) / 2e-3 == pytest.approx(float(gradient @ direction), rel=0.02, abs=1e-3)


def test_a_fresh_adapter_changes_nothing() -> None:
    batch = Batch(np.ones((2, LATENT_VALUES + 48), np.float32), np.zeros((2, LATENT_VALUES), np.float32))
    adapter = new_adapter(4, np.random.default_rng(1))
    assert adapter.size == adapter_size(4)
    losses = [
        Denoiser(np.random.default_rng(2), scale=scale).loss_and_gradient(batch, adapter, 4)[0]
        for scale in (1.0, 8.0)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [(AdamW, 0.05), (Lion, 0.01), (Prodigy, 1.0), (AdamWScheduleFree, 0.1)],
)
def test_every_optimizer_finds_the_bottom_of_a_bowl(
    optimizer: type[AdamW] | type[Lion] | type[Prodigy] | type[AdamWScheduleFree], rate: float
) -> None:
    bottom = np.array([1.0, -2.0, 0.5], dtype=np.float32)
    parameters = np.zeros(3, dtype=np.float32)
    running = optimizer(parameters)
    for _ in range(1000):
        running.step(parameters, 2 * (parameters - bottom), rate)
    assert running.averaged(parameters) == pytest.approx(bottom, abs=0.1)


def test_adamw_moves_by_the_rate_in_its_first_step() -> None:
    parameters = np.array([1.0], dtype=np.float32)
    AdamW(parameters).step(parameters, np.array([123.0], dtype=np.float32), 0.1)
    assert parameters[0] == pytest.approx(1.0 * (1 - 0.1 * 0.01) - 0.1)


def test_prodigy_enlarges_its_step_size() -> None:
    parameters = np.zeros(1, dtype=np.float32)
    prodigy = Prodigy(parameters)
    for _ in range(200):
        prodigy.step(parameters, 2 * (parameters - 1), 1.0)
    assert prodigy.d > 1e-3


def test_a_schedule_free_optimizer_saves_an_average_and_not_where_it_steps() -> None:
    parameters = np.zeros(1, dtype=np.float32)
    running = AdamWScheduleFree(parameters)
    for _ in range(5):
        running.step(parameters, 2 * (parameters - 1), 0.1)
    assert running.averaged(parameters)[0] != parameters[0]


@pytest.mark.parametrize(
    ("scheduler", "step", "factor"),
    [
        ("constant", 99, 1.0),
        ("constant_with_warmup", 5, 0.5),
        ("constant_with_warmup", 10, 1.0),
        ("cosine", 0, 0.0),
        ("cosine", 55, 0.5),
        ("cosine_with_restarts", 10, 1.0),
        ("cosine_with_restarts", 25, 0.5),
        ("cosine_with_restarts", 40, 1.0),
        ("polynomial", 55, 0.5),
        ("polynomial", 91, 0.1),
    ],
)
def test_rates_follow_the_published_curves(scheduler: str, step: int, factor: float) -> None:
    warmup_steps = 0 if scheduler == "constant" else 10
    assert rate_factor(scheduler, step, warmup_steps=warmup_steps, total_steps=100) == pytest.approx(factor)


def test_bf16_keeps_the_upper_half_of_a_float() -> None:
    values = np.array([1.0, 1.0 + 2**-8, -3.14159], dtype=np.float32)
    assert rounded(values, "bf16").tolist() == [1.0, 1.0, -3.140625]
    assert stored_bytes(values, "bf16") == b"\x80\x3f\x80\x3f\x49\xc0"


def test_fp16_loses_what_is_too_small_and_too_large() -> None:
    values = np.array([1e-9, 1e9, 0.5], dtype=np.float32)
    assert rounded(values, "fp16").tolist() == [0.0, math.inf, 0.5]
    assert rounded(values, "fp32") is values


def test_class_tokens_stand_before_the_caption() -> None:
    assert full_caption(" style x ", "a cat") == "style x, a cat"
    assert full_caption("", "a cat") == "a cat"
    assert full_caption("style x", "") == "style x"


def test_texts_are_told_apart_by_their_words() -> None:
    assert np.array_equal(text_embedding("A cat, red"), text_embedding("red a cat"))
    assert not np.array_equal(text_embedding("a cat"), text_embedding("a dog"))
    assert not text_embedding("").any()


def test_a_plain_picture_has_only_a_mean() -> None:
    rows = latents_of(np.full((16, 16, 3), 0.5, dtype=np.float32)).reshape(4, 16, 3)
    assert rows[:, 0] == pytest.approx(0.5, abs=1e-6)
    assert rows[:, 1:] == pytest.approx(0.0, abs=1e-6)


def test_a_loss_curve_has_at_most_200_points_and_ends_at_the_latest_step() -> None:
    curve = LossCurve()
    for step in range(1, 5001):
        curve.add(step, 1.0 / step)
        assert len(curve.points()) <= 200
    steps = [point[0] for point in curve.points()]
    assert steps[-1] == 5000
    assert steps == sorted(set(steps))
    assert len(steps) > 90


@pytest.mark.parametrize(
    ("losses", "is_diverging"),
    [
        ([1.0, 0.9, 0.8], False),
        ([1.0, 2.5, 1.0], False),
        ([1.0, 9.0, 9.0], True),
        ([1.0, math.nan], True),
        ([1.0, math.inf], True),
        ([math.nan], True),
    ],
)
def test_divergence_is_a_loss_that_ran_away(losses: list[float], is_diverging: bool) -> None:
    curve = LossCurve()
    for step, loss in enumerate(losses, start=1):
        curve.add(step, loss)
    assert curve.is_diverging is is_diverging
    assert all(math.isfinite(point[1]) for point in curve.points())


def test_half_files_of_killed_trainings_are_removed_when_they_are_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.safetensors.1.partial", tmp_path / ".b.safetensors.2.partial"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    remove_stale_partials(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [young.name]
