"""A trainer for tests: its jobs do what the test says, when it says so."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from local_endpoint.jobs import JsonObject
from local_endpoint.trainers import Ending, Reports
from local_endpoint.training.safetensors_format import safetensors_bytes


class JobNotRunningError(RuntimeError):
    """The test told a job to do something that only a running job can do."""


class ScriptedTrainer:
    """Holds every job until the test moves it. Every method has taken effect when it returns.

    `instant`: a job is completed the moment a worker takes it.
    `auto`: a job has `steps` steps, granted with `step` or `release_all`, and completes at the last.
    `models_dir`: completing a job also leaves a small model file there, as the real trainer does.
    """

    def __init__(
        self,
        *,
        auto: bool = False,
        steps: int = 10,
        instant: bool = False,
        models_dir: Path | None = None,
    ) -> None:
        self._auto = auto
        self._steps = steps
        self._instant = instant
        self._models_dir = models_dir
        self._reports: Reports | None = None
        self._inputs: dict[str, JsonObject] = {}
        self._running: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def running(self) -> list[str]:
        """The ids of the jobs that run, the oldest first."""
        with self._lock:
            return list(self._running)

    def input_of(self, job_id: str) -> JsonObject:
        """The input that the job was started with; also after its end."""
        return self._inputs[job_id]

    def progress(self, job_id: str, output: Any = None, **values: Any) -> None:
        """Show `output`, or the named values (`step=5, total_steps=10, loss=0.5`), as progress of the job."""
        self._told(job_id, self._reporting().progressed(job_id, values if output is None else output))

    def complete(self, job_id: str, output: Any = None) -> None:
        """Complete the job with this output; without one, with the container's output for a success."""
        self._end(job_id, Ending.completed(self._success(job_id) if output is None else output))

    def complete_silently(self, job_id: str) -> None:
        """Complete the job without any output."""
        self._end(job_id, Ending.completed(None))

    def fail(self, job_id: str, error: str = "training failed") -> None:
        """FAILED with this error."""
        self._end(job_id, Ending.failed(error))

    def time_out(self, job_id: str) -> None:
        """TIMED_OUT, as when the platform gives up."""
        self._end(job_id, Ending.timed_out())

    def lose_worker(self, job_id: str) -> None:
        """FAILED as RunPod tells it when the worker's host died."""
        self._end(job_id, Ending.worker_lost())

    def step(self, job_id: str, n: int = 1) -> None:
        """Let the job do `n` more of its `steps` steps; the last one completes it."""
        with self._lock:
            done = self._running.get(job_id, 0) + n
            if job_id in self._running:
                self._running[job_id] = done
        if done >= self._steps:
            self.complete(job_id)
            return
        self.progress(job_id, step=done, total_steps=self._steps, loss=round(1.0 / (1 + done), 4))

    def release_all(self) -> None:
        """Let every job run to its end: those that run, those that wait, and those to come."""
        self._instant = True
        while running := self.running:
            self.complete(running[0])

    def attach(self, reports: Reports) -> None:
        """See `Trainer`."""
        self._reports = reports

    def start(self, job_id: str, job_input: JsonObject) -> None:
        """See `Trainer`."""
        with self._lock:
            self._inputs[job_id] = job_input
            self._running[job_id] = 0
        if self._instant:
            self.complete(job_id)
        elif self._auto:
            self.progress(job_id, step=0, total_steps=self._steps)

    def stop(self, job_id: str) -> None:
        """See `Trainer`."""
        with self._lock:
            self._running.pop(job_id, None)

    def close(self) -> None:
        """See `Trainer`."""
        with self._lock:
            self._running.clear()

    def _reporting(self) -> Reports:
        if self._reports is None:
            raise JobNotRunningError("No endpoint is being served with this trainer.")
        return self._reports

    def _end(self, job_id: str, ending: Ending) -> None:
        self.stop(job_id)
        self._told(job_id, self._reporting().ended(job_id, ending))

    def _told(self, job_id: str, was_running: bool) -> None:
        if not was_running:
            raise JobNotRunningError(f"Job {job_id} is not IN_PROGRESS.")

    def _success(self, job_id: str) -> JsonObject:
        config = self._inputs.get(job_id, {}).get("training_config", {})
        model_name = config.get("model_name", "model")
        file_name = f"{model_name}.safetensors"
        address, size = self._written_model(file_name)
        return {
            "status": "success",
            "job_id": config.get("request_id"),
            "loraName": file_name,
            "loraUrl": address,
            "message": "Training completed",
            "model_info": {"name": file_name, "size_bytes": size, "download_url": address},
        }

    def _written_model(self, file_name: str) -> tuple[str, int]:
        content = safetensors_bytes({}, {"lora_lab_note": "written by a test"})
        if self._models_dir is None:
            return f"https://models.example/{file_name}", len(content)
        self._models_dir.mkdir(parents=True, exist_ok=True)
        path = self._models_dir / file_name
        partial = path.with_name(f".{file_name}.partial")
        partial.write_bytes(content)
        partial.replace(path)
        return path.absolute().as_uri(), len(content)
