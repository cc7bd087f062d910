"""What a trainer is to the queue: something that starts, reports and can be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from local_endpoint.jobs import WORKER_LOST_ERROR, JobStatus, JsonObject


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended."""

    status: JobStatus
    output: Any = None
    error: str | None = None
    retries: int = 0

    @classmethod
    def completed(cls, output: Any) -> Ending:
        """The trainer returned; its output may still say that the training failed."""
        return cls(JobStatus.COMPLETED, output=output)

    @classmethod
    def failed(cls, error: str) -> Ending:
        """The trainer raised; `error` is RunPod's string, sometimes JSON itself."""
        return cls(JobStatus.FAILED, error=error)

    @classmethod
    def worker_lost(cls) -> Ending:
        """The worker vanished, as when a GPU host dies; RunPod has tried once more by then."""
        return cls(JobStatus.FAILED, error=WORKER_LOST_ERROR, retries=1)

    @classmethod
    def timed_out(cls) -> Ending:
        """The platform gave up on the job."""
        return cls(JobStatus.TIMED_OUT)


class Reports(Protocol):
    """Where a trainer says what becomes of its jobs; thread-safe.

    Each answers whether the job was running: a late report about a cancelled job changes nothing.
    """

    def progressed(self, job_id: str, output: Any) -> bool:
        """A progress update, shown as `output` while the job runs."""

    def ended(self, job_id: str, ending: Ending) -> bool:
        """The job is over."""


class Trainer(Protocol):
    """Runs jobs. `start` and `stop` are called with the queue's lock held and must return at once."""

    def attach(self, reports: Reports) -> None:
        """Called once before the first job, with the place to report to."""

    def start(self, job_id: str, job_input: JsonObject) -> None:
        """Begin a job."""

    def stop(self, job_id: str) -> None:
        """End a job's worker; nothing is expected of it any more."""

    def close(self) -> None:
        """End what still runs, and wait until it has ended."""
