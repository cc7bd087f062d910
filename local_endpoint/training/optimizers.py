"""Optimizers over one flat vector of parameters; the algorithms are the published ones."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from local_endpoint.training.arrays import FloatArray

_EPSILON = 1e-8


class Optimizer(Protocol):
    """Changes parameters in place."""

    def step(self, parameters: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """One step."""

    def averaged(self, parameters: FloatArray) -> FloatArray:
        """What to save: the parameters themselves, or the average that the optimizer keeps of them."""


class AdamW:
    """Loshchilov & Hutter 2019, with PyTorch's defaults."""

    def __init__(self, parameters: FloatArray) -> None:
        self._mean = np.zeros_like(parameters)
        self._square = np.zeros_like(parameters)
        self._steps = 0

    def step(self, parameters: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """See `Optimizer`."""
        beta1, beta2, weight_decay = 0.9, 0.999, 0.01
        self._steps += 1
        _blend(self._mean, gradient, beta1)
        _blend(self._square, gradient * gradient, beta2)
        size = np.sqrt(self._square / (1 - beta2**self._steps)) + _EPSILON
        parameters *= 1 - learning_rate * weight_decay
        parameters -= (learning_rate / (1 - beta1**self._steps)) * self._mean / size

    def averaged(self, parameters: FloatArray) -> FloatArray:
        """See `Optimizer`."""
        return parameters


class Lion:
    """Chen et al. 2023: every parameter moves by the learning rate, in the direction of a sign."""

    def __init__(self, parameters: FloatArray) -> None:
        self._mean = np.zeros_like(parameters)

    def step(self, parameters: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """See `Optimizer`."""
        beta1, beta2 = 0.9, 0.99
        parameters -= learning_rate * np.sign(beta1 * self._mean + (1 - beta1) * gradient)
        _blend(self._mean, gradient, beta2)

    def averaged(self, parameters: FloatArray) -> FloatArray:
        """See `Optimizer`."""
        return parameters


class Prodigy:
    """Mishchenko & Defazio 2023: finds its own step size `d`; the learning rate, usually 1, multiplies it."""

    def __init__(self, parameters: FloatArray) -> None:
        self._start = parameters.copy()
        self._mean = np.zeros_like(parameters)
        self._square = np.zeros_like(parameters)
        self._weighted_gradients = np.zeros_like(parameters)
        self._numerator = 0.0
        self._first_d = 1e-6
        self.d = self._first_d
        """The step size found so far."""

    def step(self, parameters: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """See `Optimizer`."""
        beta1, beta2 = 0.9, 0.999
        rate = self.d * learning_rate
        self._gather(parameters, gradient, rate, float(np.sqrt(beta2)))
        _blend(self._mean, self.d * gradient, beta1)
        _blend(self._square, (self.d * gradient) ** 2, beta2)
        self._enlarge_d()
        parameters -= rate * self._mean / (np.sqrt(self._square) + self.d * _EPSILON)

    def averaged(self, parameters: FloatArray) -> FloatArray:
        """See `Optimizer`."""
        return parameters

    def _gather(self, parameters: FloatArray, gradient: FloatArray, rate: float, beta3: float) -> None:
        weight = self.d / self._first_d * rate
        progress = float(np.dot(gradient, self._start - parameters))
        self._numerator = beta3 * self._numerator + weight * progress
        self._weighted_gradients *= beta3
        self._weighted_gradients += weight * gradient

    def _enlarge_d(self) -> None:
        denominator = float(np.abs(self._weighted_gradients).sum())
        if denominator > 0:
            self.d = max(self.d, self._numerator / denominator)


class AdamWScheduleFree:
    """Defazio et al. 2024: steps from one point, takes gradients at a second, saves their average.

    The parameters hold the point where gradients are taken (`y` in the paper).
    """

    _BETA1 = 0.9

    def __init__(self, parameters: FloatArray) -> None:
        self._base = parameters.copy()
        self._square = np.zeros_like(parameters)
        self._steps = 0
        self._largest_rate = 0.0
        self._weight_sum = 0.0

    def step(self, parameters: FloatArray, gradient: FloatArray, learning_rate: float) -> None:
        """See `Optimizer`."""
        beta2 = 0.999
        self._steps += 1
        _blend(self._square, gradient * gradient, beta2)
        direction = gradient / (np.sqrt(self._square / (1 - beta2**self._steps)) + _EPSILON)
        share = self._share_of_average(learning_rate)
        parameters += share * (self._base - parameters)
        parameters += learning_rate * (self._BETA1 * (1 - share) - 1) * direction
        self._base -= learning_rate * direction

    def averaged(self, parameters: FloatArray) -> FloatArray:
        """See `Optimizer`."""
        return parameters + (1 - 1 / self._BETA1) * (self._base - parameters)

    def _share_of_average(self, learning_rate: float) -> float:
        self._largest_rate = max(self._largest_rate, learning_rate)
        weight = self._largest_rate**2
        self._weight_sum += weight
        # 0 / 0 in a warm-up's first step, whose rate is 0.
        return weight / self._weight_sum if self._weight_sum else 0.0


def _blend(average: FloatArray, value: FloatArray, beta: float) -> None:
    average *= beta
    average += (1 - beta) * value


_IMPLEMENTED: dict[str, type[AdamW] | type[Lion] | type[Prodigy] | type[AdamWScheduleFree]] = {
    "adamw": AdamW,
    "Lion": Lion,
    "prodigy": Prodigy,
    "adamwschedulefree": AdamWScheduleFree,
}
_NEAREST = {
    "adamw8bit": "adamw",
    "CAME": "adamw",
    "AdEMAMix8bit": "adamw",
    "PagedAdEMAMix8bit": "adamw",
    "Lion8bit": "Lion",
    "sgdschedulefree": "adamwschedulefree",
    "ProdigyPlusScheduleFree": "prodigy",
}


def nearest_optimizer(optimizer_type: str) -> str:
    """The name of the optimizer that runs when this one is asked for."""
    return _NEAREST.get(optimizer_type, optimizer_type)


def new_optimizer(optimizer_type: str, parameters: FloatArray) -> Optimizer:
    """The optimizer for these parameters: the one asked for, or its nearest."""
    return _IMPLEMENTED[nearest_optimizer(optimizer_type)](parameters)
