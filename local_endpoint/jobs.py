"""A job and its status, spelled and shown as RunPod does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

JsonObject = dict[str, Any]

WORKER_LOST_ERROR = "job timed out after 1 retries"
EXECUTION_TIMEOUT_ERROR = "executionTimeout exceeded"


class JobStatus(StrEnum):
    """RunPod's words for where a job is."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"

    @property
    def is_final(self) -> bool:
        """Nothing changes a final status any more."""
        return self not in (JobStatus.IN_QUEUE, JobStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as the endpoint remembers it. Frozen: a change makes a new one. Times are epoch seconds."""

    id: str
    status: JobStatus
    submitted_at: float
    execution_timeout_ms: int
    ttl_ms: int
    webhook: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    worker_id: str | None = None
    output: Any = None
    """The last progress update while the job runs, the result once it is COMPLETED."""
    error: str | None = None
    retries: int = 0

    def reply(self) -> JsonObject:
        """The body of `GET /status/{id}`; keys that have no value yet are left out, times are in ms."""
        shown: JsonObject = {
            "delayTime": _elapsed_ms(self.submitted_at, self.started_at),
            "error": self.error,
            "executionTime": _elapsed_ms(self.started_at, self.ended_at),
            "id": self.id,
            "output": self.output,
            "retries": self.retries if self.status.is_final and self.started_at is not None else None,
            "status": self.status.value,
            "workerId": self.worker_id,
        }
        return {key: value for key, value in shown.items() if value is not None}


def _elapsed_ms(start: float | None, end: float | None) -> int | None:
    if start is None or end is None:
        return None
    return max(0, round((end - start) * 1000))
