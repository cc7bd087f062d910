"""The model: a small frozen denoiser of latent patches, and the low-rank adapter that is trained on it.

Each layer computes `x (W + B A alpha / dim)^T`; W is frozen, A and B learn. The gradients are written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from local_endpoint.training.arrays import FloatArray
from local_endpoint.training.captions import TEXT_VALUES
from local_endpoint.training.latents import LATENT_VALUES

TIME_VALUES = 16
_IN = LATENT_VALUES + TIME_VALUES + TEXT_VALUES
_HIDDEN = 512
# Activations of a real model are larger than 1 and its weights smaller, which is why rates of 1e-4 move it.
_ACTIVATION = np.float32(3.0)
LAYER_SHAPES = ((_HIDDEN, _IN), (LATENT_VALUES, _HIDDEN))
"""(outputs, inputs) of each layer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of `[noised patch, time, text]` and, for each, the velocity to predict."""

    inputs: FloatArray
    targets: FloatArray


@dataclass(frozen=True, slots=True)
class AdapterLayer:
    """One layer's adapter, as views into a flat vector."""

    down: FloatArray
    """A, dim x inputs; kohya's lora_down."""
    up: FloatArray
    """B, outputs x dim; kohya's lora_up."""


def adapter_size(dim: int) -> int:
    """How many numbers an adapter of this rank has."""
    return sum(dim * (outputs + inputs) for outputs, inputs in LAYER_SHAPES)


def adapter_layers(flat: FloatArray, dim: int) -> list[AdapterLayer]:
    """The adapter of each layer as views: writing to them writes to `flat`."""
    layers, start = [], 0
    for outputs, inputs in LAYER_SHAPES:
        middle = start + dim * inputs
        end = middle + outputs * dim
        down, up = flat[start:middle].reshape(dim, inputs), flat[middle:end].reshape(outputs, dim)
        layers.append(AdapterLayer(down, up))
        start = end
    return layers


def new_adapter(dim: int, rng: np.random.Generator) -> FloatArray:
    """A fresh adapter: A uniform as in PyTorch's linear layer, B zero, so that it changes nothing yet."""
    flat = np.zeros(adapter_size(dim), dtype=np.float32)
    for layer in adapter_layers(flat, dim):
        bound = 1.0 / sqrt(layer.down.shape[1])
        layer.down[:] = rng.uniform(-bound, bound, layer.down.shape)
    return flat


class Denoiser:
    """The frozen model; the adapter is an argument, so that it has no state."""

    def __init__(self, rng: np.random.Generator, *, scale: float) -> None:
        self._weights = [
            rng.standard_normal(shape, dtype=np.float32) / (_ACTIVATION * np.float32(sqrt(shape[1])))
            for shape in LAYER_SHAPES
        ]
        self._scale = np.float32(scale)
        """alpha / dim."""

    def loss_and_gradient(self, batch: Batch, adapter: FloatArray, dim: int) -> tuple[float, FloatArray]:
        """Mean squared error over the batch, and its gradient in the adapter's layout."""
        first, second = adapter_layers(adapter, dim)
        gradient = np.empty_like(adapter)
        gradient1, gradient2 = adapter_layers(gradient, dim)
        inputs = _ACTIVATION * batch.inputs
        before, low1 = self._forward(inputs, self._weights[0], first)
        hidden, hidden_slope = _silu(before)
        predicted, low2 = self._forward(hidden, self._weights[1], second)
        error = predicted - batch.targets
        slope = error * np.float32(2.0 / error.size)
        self._adapter_gradient(slope, hidden, low2, second, gradient2)
        slope = self._input_slope(slope, self._weights[1], second) * hidden_slope
        self._adapter_gradient(slope, inputs, low1, first, gradient1)
        return float(np.mean(error * error)), gradient

    def _forward(
        self, inputs: FloatArray, weights: FloatArray, layer: AdapterLayer
    ) -> tuple[FloatArray, FloatArray]:
        low = inputs @ layer.down.T
        return inputs @ weights.T + self._scale * (low @ layer.up.T), low

    def _adapter_gradient(
        self,
        slope: FloatArray,
        inputs: FloatArray,
        low: FloatArray,
        layer: AdapterLayer,
        gradient: AdapterLayer,
    ) -> None:
        gradient.up[:] = self._scale * (slope.T @ low)
        gradient.down[:] = (self._scale * (slope @ layer.up)).T @ inputs

    def _input_slope(self, slope: FloatArray, weights: FloatArray, layer: AdapterLayer) -> FloatArray:
        return slope @ weights + (self._scale * (slope @ layer.up)) @ layer.down


def _silu(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """x * sigmoid(x), enlarged to the model's activations, and its derivative."""
    gate = 1 / (1 + np.exp(-values))
    return _ACTIVATION * values * gate, _ACTIVATION * gate * (1 + values * (1 - gate))
