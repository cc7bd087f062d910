"""A job from its input to its output, as the training container would answer it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_endpoint.training.loop import DivergedError, Training
from local_endpoint.training.model_file import Snapshot, remove_stale_partials, save_model
from local_endpoint.training.optimizers import Prodigy, nearest_optimizer
from local_endpoint.training.pictures import Collection, collect_pictures
from local_endpoint.training.progress import ProgressReporter
from local_endpoint.training.request import InvalidRequestError, Parameters, TrainingRequest, parse_request

JsonObject = dict[str, Any]


def train(job_input: JsonObject, models_dir: Path, report: Callable[[JsonObject], None]) -> JsonObject:
    """Train and answer the job's output; what cannot be done is an output too, with `status: failed`.

    `report` gets the progress about four times a second. The model becomes
    `{models_dir}/{model_name}.safetensors`.
    """
    request_id = _request_id(job_input)
    try:
        request = parse_request(job_input)
        return _trained(request, models_dir, report)
    except InvalidRequestError as error:
        return {"status": "failed", "job_id": request_id, "error": str(error)}
    except DivergedError as error:
        history = error.loss_history
        return {"status": "failed", "job_id": request_id, "error": str(error), "loss_history": history}


def _trained(request: TrainingRequest, models_dir: Path, report: Callable[[JsonObject], None]) -> JsonObject:
    started = time.monotonic()
    collection = _usable_pictures(request)
    remove_stale_partials(models_dir)
    training = Training(request, collection.pictures)
    checkpoints = _Checkpoints(request, models_dir)
    last = training.run(ProgressReporter(training, report).after_step, checkpoints.save)
    return {
        **_saved(request, models_dir, last),
        "notes": [*collection.notes, *_notes(training)],
        "loss_history": training.curve.points(),
        "final_loss": training.curve.loss,
        "epochs": round(last.step / training.steps_per_epoch, 2),
        "images": training.images,
        "checkpoints": checkpoints.saved,
        "executionSeconds": round(time.monotonic() - started, 2),
    }


def _usable_pictures(request: TrainingRequest) -> Collection:
    collection = collect_pictures(request.addresses)
    if not collection.pictures:
        reasons = " ".join(collection.notes)
        raise InvalidRequestError(f"No usable pictures among {len(request.addresses)} addresses. {reasons}")
    return collection


def _request_id(job_input: JsonObject) -> Any:
    config = job_input.get("training_config")
    return config.get("request_id") if isinstance(config, dict) else None


def _saved(request: TrainingRequest, models_dir: Path, last: Snapshot) -> JsonObject:
    path = models_dir.absolute() / f"{request.model_name}.safetensors"
    size = save_model(path, request, last)
    address = path.as_uri()
    return {
        "status": "success",
        "job_id": request.request_id,
        "loraName": path.name,
        "loraUrl": address,
        "message": f"Trained {last.step} steps on {last.images} pictures.",
        "model_info": {"name": path.name, "size_bytes": size, "download_url": address},
    }


def _notes(training: Training) -> list[str]:
    parameters = training.parameters
    notes = [_optimizer_note(parameters)]
    if isinstance(training.optimizer, Prodigy):
        notes.append(f"prodigy found the step size d = {training.optimizer.d:.3g}.")
    views = training.images * parameters.num_repeats
    if parameters.batch_size > views:
        notes.append(f"batch_size is {parameters.batch_size}, but an epoch has only {views} views.")
    return [note for note in notes if note]


def _optimizer_note(parameters: Parameters) -> str:
    asked, run = parameters.optimizer_type, nearest_optimizer(parameters.optimizer_type)
    return f"{asked} was run as {run}, the nearest that this trainer has." if asked != run else ""


class _Checkpoints:
    """Writes checkpoints and remembers them for the output."""

    def __init__(self, request: TrainingRequest, models_dir: Path) -> None:
        self._request = request
        self._models_dir = models_dir
        self.saved: list[JsonObject] = []

    def save(self, snapshot: Snapshot) -> None:
        """Write `{model_name}-step00000500.safetensors`, as kohya's trainers name it."""
        name = f"{self._request.model_name}-step{snapshot.step:08d}.safetensors"
        size = save_model(self._models_dir / name, self._request, snapshot)
        self.saved.append({"name": name, "size_bytes": size, "step": snapshot.step})
