"""The trainer of a real endpoint: each job in a Python process of its own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from local_endpoint.jobs import JsonObject
from local_endpoint.trainers import Ending, Reports

_log = logging.getLogger(__name__)
_KILL_AFTER_S = 3.0
# One thread per worker: two jobs share two cores without fighting, and sums come out the same every time.
_BLAS_SETTINGS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class SubprocessTrainer:
    """Starts `python -m local_endpoint.worker` per job and passes on what it writes.

    The job goes to the worker's stdin, which then stays open: the worker ends itself when it closes, and
    the operating system closes it however this process ends. A worker that ends without a last word is
    reported as lost. `log_path` takes what workers write to stderr.
    """

    def __init__(self, models_dir: Path, *, log_path: Path | None = None) -> None:
        self._models_dir = Path(models_dir).absolute()
        self._log_path = log_path
        self._reports: Reports | None = None
        self._workers: dict[str, _Worker] = {}

    def attach(self, reports: Reports) -> None:
        """See `Trainer`."""
        self._reports = reports

    def start(self, job_id: str, job_input: JsonObject) -> None:
        """See `Trainer`."""
        assert self._reports is not None, "the queue attaches itself before it starts a job"
        self._workers = {key: one for key, one in self._workers.items() if one.is_alive()}
        try:
            process = self._launched()
        except OSError as error:
            # No memory, no disk: for the job that is a worker that never came.
            _log.error("job %s has no process: %s", job_id, error)
            self._reports.ended(job_id, Ending.worker_lost())
            return
        _log.info("job %s runs in process %d", job_id, process.pid)
        self._workers[job_id] = _Worker(job_id, process, job_input, self._reports)

    def stop(self, job_id: str) -> None:
        """See `Trainer`."""
        worker = self._workers.get(job_id)
        if worker is not None:
            worker.stop()

    def close(self) -> None:
        """See `Trainer`."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()

    def _launched(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "local_endpoint.worker", "--models-dir", str(self._models_dir)]
        package_root = str(Path(__file__).resolve().parent.parent)
        search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        log: IO[bytes] | int = self._log_path.open("ab") if self._log_path else subprocess.DEVNULL
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **dict.fromkeys(_BLAS_SETTINGS, "1"), "PYTHONPATH": search_path},
            )
        finally:
            if not isinstance(log, int):
                log.close()


class _Worker:
    """One process, and the thread that listens to it."""

    def __init__(
        self, job_id: str, process: subprocess.Popen[bytes], job_input: JsonObject, reports: Reports
    ) -> None:
        self._job_id = job_id
        self._process = process
        self._reports = reports
        self._thread = threading.Thread(target=self._follow, args=(job_input,), name=f"worker-{job_id[:8]}")
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the process to end, and insist later if it does not; returns at once."""
        if self._process.poll() is None:
            self._process.terminate()
            insist = threading.Timer(_KILL_AFTER_S, self._process.kill)
            insist.daemon = True
            insist.start()

    def join(self) -> None:
        self._thread.join()

    def _follow(self, job_input: JsonObject) -> None:
        with self._process as process:
            assert process.stdin is not None and process.stdout is not None
            _send(process.stdin, job_input)
            ending = Ending.worker_lost()
            for line in process.stdout:
                ending = self._heard(line) or ending
            process.wait()
        self._reports.ended(self._job_id, ending)

    def _heard(self, line: bytes) -> Ending | None:
        message = _message(line)
        if "progress" in message:
            self._reports.progressed(self._job_id, message["progress"])
        elif "output" in message:
            return Ending.completed(message["output"])
        elif "error" in message:
            # RunPod's `error` is a string that holds JSON.
            return Ending.failed(json.dumps(message["error"]))
        return None


def _send(stdin: IO[bytes], job_input: JsonObject) -> None:
    try:
        stdin.write(json.dumps(job_input).encode() + b"\n")
        stdin.flush()
    except BrokenPipeError:
        # The worker died at once, and the end of its stdout will say so. What is still buffered must go
        # now, or closing would try to write it again.
        with suppress(BrokenPipeError):
            stdin.close()


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        # A line that a dying worker could not finish.
        return {}
    return message if isinstance(message, dict) else {}
