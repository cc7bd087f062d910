"""The model file: kohya's key names, the parameters as metadata, and never half a file."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local_endpoint.training.arrays import STORED_DTYPES, FloatArray, stored_bytes
from local_endpoint.training.denoiser import adapter_layers
from local_endpoint.training.optimizers import nearest_optimizer
from local_endpoint.training.request import TrainingRequest
from local_endpoint.training.safetensors_format import StoredTensor, safetensors_bytes

NOTE = "trained by LoRA Lab's local endpoint for trying the lab; not for image generation"
_PARTIAL = ".partial"
_STALE_S = 3600


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The adapter at one moment of a training."""

    adapter: FloatArray
    step: int
    epoch: int
    images: int


def save_model(path: Path, request: TrainingRequest, snapshot: Snapshot) -> int:
    """Write the model and answer its size in bytes; the name shows only once all of it is on the disk."""
    content = safetensors_bytes(_tensors(request, snapshot.adapter), _metadata(path.stem, request, snapshot))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(content)


def remove_stale_partials(folder: Path) -> None:
    """Remove what trainings that were killed in the middle of writing have left behind."""
    for partial in folder.glob(f".*{_PARTIAL}"):
        if time.time() - partial.stat().st_mtime > _STALE_S:
            partial.unlink(missing_ok=True)


def _tensors(request: TrainingRequest, adapter: FloatArray) -> dict[str, StoredTensor]:
    parameters = request.parameters
    alpha = np.float32(parameters.network_alpha)
    named: dict[str, FloatArray] = {}
    for number, layer in enumerate(adapter_layers(adapter, parameters.network_dim), start=1):
        key = f"lora_unet_denoiser_layer{number}"
        named[f"{key}.lora_down.weight"] = layer.down
        named[f"{key}.lora_up.weight"] = layer.up
        named[f"{key}.alpha"] = np.asarray(alpha)
    dtype = parameters.gradient_dtype
    return {
        name: StoredTensor(STORED_DTYPES[dtype], values.shape, stored_bytes(values, dtype))
        for name, values in named.items()
    }


def _metadata(output_name: str, request: TrainingRequest, snapshot: Snapshot) -> dict[str, str]:
    """kohya's names, all text. Nothing that differs between two equal trainings belongs here."""
    parameters = request.parameters
    values = {
        "ss_output_name": output_name,
        "ss_network_module": "networks.lora",
        "ss_network_dim": parameters.network_dim,
        "ss_network_alpha": parameters.network_alpha,
        "ss_learning_rate": parameters.learning_rate,
        "ss_max_train_steps": parameters.max_train_steps,
        "ss_lr_scheduler": parameters.lr_scheduler,
        "ss_lr_warmup_steps": parameters.lr_warmup_steps,
        "ss_optimizer": parameters.optimizer_type,
        "ss_batch_size_per_device": parameters.batch_size,
        "ss_mixed_precision": parameters.gradient_dtype,
        "ss_num_train_images": snapshot.images * parameters.num_repeats,
        "ss_seed": request.seed,
        "ss_steps": snapshot.step,
        "ss_epoch": snapshot.epoch,
        "lora_lab_optimizer_run": nearest_optimizer(parameters.optimizer_type),
        "lora_lab_parameters": json.dumps(request.parameters_as_received, ensure_ascii=False),
        "lora_lab_note": NOTE,
    }
    return {name: str(value) for name, value in values.items()}
