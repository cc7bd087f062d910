"""What the trainer takes from a job's input, and the sentences with which it refuses the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SCHEDULERS = ("constant", "cosine", "cosine_with_restarts", "polynomial", "constant_with_warmup")
OPTIMIZERS = (
    "adamw8bit",
    "adamw",
    "prodigy",
    "CAME",
    "Lion8bit",
    "Lion",
    "adamwschedulefree",
    "sgdschedulefree",
    "AdEMAMix8bit",
    "PagedAdEMAMix8bit",
    "ProdigyPlusScheduleFree",
)
DTYPES = ("fp32", "fp16", "bf16")
_MODEL_NAME = re.compile(r"[A-Za-z0-9._-]{1,160}")
_DEFAULT_SEED = 42


class InvalidRequestError(ValueError):
    """The training cannot be done; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The twelve parameters, checked."""

    network_dim: int
    network_alpha: float
    learning_rate: float
    max_train_steps: int
    lr_scheduler: str
    lr_warmup_steps: int
    optimizer_type: str
    batch_size: int
    num_repeats: int
    gradient_dtype: str
    save_every_n_steps: int
    class_tokens: str


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """One training, checked."""

    model_name: str
    request_id: str
    seed: int
    addresses: list[str]
    parameters: Parameters
    parameters_as_received: dict[str, Any]
    """Goes into the model file unchanged, so that the file says what was asked for."""


def parse_request(job_input: Mapping[str, Any]) -> TrainingRequest:
    """Read a job's `input`. Raises InvalidRequestError."""
    config = _object(job_input, "training_config")
    received = _object(job_input, "parameters")
    return TrainingRequest(
        model_name=_model_name(config.get("model_name")),
        request_id=str(config.get("request_id", "")),
        seed=_integer("seed", config.get("seed", _DEFAULT_SEED), 0),
        addresses=_addresses(_object(job_input, "training_data").get("s3_urls")),
        parameters=parse_parameters(received),
        parameters_as_received=received,
    )


def parse_parameters(received: Mapping[str, Any]) -> Parameters:
    """Check the twelve parameters. Raises InvalidRequestError about the first that cannot be taken."""
    missing = [name for name in _CHECKS if name not in received]
    if missing:
        raise InvalidRequestError(f"The request lacks {', '.join(missing)} among its parameters.")
    parameters = Parameters(**{name: check(name, received[name]) for name, check in _CHECKS.items()})
    _refuse_impossible_warmup(parameters)
    return parameters


def _refuse_impossible_warmup(parameters: Parameters) -> None:
    if parameters.lr_scheduler == "constant" and parameters.lr_warmup_steps:
        raise InvalidRequestError("lr_scheduler constant takes no warm-up; use constant_with_warmup.")
    if parameters.lr_warmup_steps >= parameters.max_train_steps:
        raise InvalidRequestError("lr_warmup_steps must be smaller than max_train_steps.")


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise InvalidRequestError(f"The request has no {name}.")
    return value


def _model_name(value: Any) -> str:
    if isinstance(value, str) and _MODEL_NAME.fullmatch(value):
        return value
    raise InvalidRequestError(
        "model_name must be 1 to 160 letters, digits, dots, dashes and underscores; "
        f"{value!r:.80} cannot be a file's name."
    )


def _addresses(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise InvalidRequestError("training_data.s3_urls must be a list of addresses.")


def _integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    # 16.0 is a number that somebody's JSON writer gave a point; 16.5 and true are not integers.
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_whole or value < least or (most is not None and value > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InvalidRequestError(f"{name} must be an integer {limits}, not {value!r:.40}.")
    return int(value)


def _number(name: str, value: Any, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not 0 < value <= most:
        raise InvalidRequestError(f"{name} must be a number above 0 and at most {most:g}, not {value!r:.40}.")
    return float(value)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise InvalidRequestError(f"{name} {value!r:.40} is not supported; use one of {', '.join(allowed)}.")


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise InvalidRequestError(f"{name} must be text.")


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "network_dim": lambda name, value: _integer(name, value, 1, 1024),
    "network_alpha": lambda name, value: _number(name, value, 2048),
    "learning_rate": lambda name, value: _number(name, value, 1000),
    "max_train_steps": lambda name, value: _integer(name, value, 1, 100_000),
    "lr_scheduler": lambda name, value: _one_of(name, value, SCHEDULERS),
    "lr_warmup_steps": lambda name, value: _integer(name, value, 0),
    "optimizer_type": lambda name, value: _one_of(name, value, OPTIMIZERS),
    "batch_size": lambda name, value: _integer(name, value, 1, 256),
    "num_repeats": lambda name, value: _integer(name, value, 1, 10_000),
    "gradient_dtype": lambda name, value: _one_of(name, value, DTYPES),
    "save_every_n_steps": lambda name, value: _integer(name, value, 1),
    "class_tokens": _text,
}
