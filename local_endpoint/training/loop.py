"""The training itself: steps, rates, epochs and checkpoints, until the last step or divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from local_endpoint.training.arrays import FloatArray, rounded
from local_endpoint.training.batches import BatchMaker, steps_per_epoch
from local_endpoint.training.denoiser import Denoiser, new_adapter
from local_endpoint.training.loss_curve import LossCurve
from local_endpoint.training.model_file import Snapshot
from local_endpoint.training.optimizers import Optimizer, new_optimizer
from local_endpoint.training.pictures import Picture
from local_endpoint.training.request import Parameters, TrainingRequest
from local_endpoint.training.schedules import rate_factor

_MAX_GRADIENT_NORM = np.float32(1.0)
"""As fixed in the container's graph."""


class DivergedError(RuntimeError):
    """The loss ran away; the message is a sentence for the user."""

    def __init__(self, message: str, loss_history: list[list[float]]) -> None:
        super().__init__(message)
        self.loss_history = loss_history


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step leaves to be told."""

    step: int
    learning_rate: float
    epoch: int


class Training:
    """One training on pictures that are in memory. Equal requests and pictures give equal adapters."""

    def __init__(self, request: TrainingRequest, pictures: list[Picture]) -> None:
        self.parameters: Parameters = request.parameters
        self.curve = LossCurve()
        self.images = len(pictures)
        model_rng, adapter_rng, batch_rng = np.random.default_rng(request.seed).spawn(3)
        dim = self.parameters.network_dim
        self._denoiser = Denoiser(model_rng, scale=self.parameters.network_alpha / dim)
        self._adapter = new_adapter(dim, adapter_rng)
        self.optimizer: Optimizer = new_optimizer(self.parameters.optimizer_type, self._adapter)
        maker = BatchMaker(
            pictures,
            class_tokens=self.parameters.class_tokens,
            num_repeats=self.parameters.num_repeats,
            rng=batch_rng,
        )
        self._batches = maker.batches(self.parameters.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """How many steps show every picture num_repeats times."""
        parameters = self.parameters
        return steps_per_epoch(self.images, parameters.num_repeats, parameters.batch_size)

    def run(
        self, after_step: Callable[[StepResult], None], save_checkpoint: Callable[[Snapshot], None]
    ) -> Snapshot:
        """Train to the last step. Raises DivergedError when the loss has run away."""
        # Overflow is not an accident here but a finding, which the curve states.
        with np.errstate(all="ignore"):
            for step in range(1, self.parameters.max_train_steps + 1):
                after_step(self._step(step))
                if self._is_checkpoint(step):
                    save_checkpoint(self._snapshot(step))
        return self._snapshot(self.parameters.max_train_steps)

    def _step(self, step: int) -> StepResult:
        parameters = self.parameters
        loss, gradient = self._denoiser.loss_and_gradient(
            next(self._batches), self._adapter, parameters.network_dim
        )
        self.curve.add(step, loss)
        self._stop_if_diverging(step)
        factor = rate_factor(
            parameters.lr_scheduler,
            step - 1,
            warmup_steps=parameters.lr_warmup_steps,
            total_steps=parameters.max_train_steps,
        )
        rate = parameters.learning_rate * factor
        self.optimizer.step(self._adapter, rounded(_clipped(gradient), parameters.gradient_dtype), rate)
        return StepResult(step, rate, self._epoch(step))

    def _stop_if_diverging(self, step: int) -> None:
        if self.curve.is_diverging:
            message = (
                f"Loss diverged at step {step} (learning_rate {self.parameters.learning_rate:g}, "
                f"{self.parameters.optimizer_type}): use a lower learning rate."
            )
            raise DivergedError(message, self.curve.points())

    def _is_checkpoint(self, step: int) -> bool:
        parameters = self.parameters
        return step % parameters.save_every_n_steps == 0 and step < parameters.max_train_steps

    def _epoch(self, step: int) -> int:
        return (step - 1) // self.steps_per_epoch + 1

    def _snapshot(self, step: int) -> Snapshot:
        adapter = self.optimizer.averaged(self._adapter)
        return Snapshot(adapter, step, self._epoch(step), self.images)


def _clipped(gradient: FloatArray) -> FloatArray:
    norm = np.float32(np.sqrt(np.dot(gradient, gradient)))
    return gradient * (_MAX_GRADIENT_NORM / norm) if norm > _MAX_GRADIENT_NORM else gradient
