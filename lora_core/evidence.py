"""What was learned of a job and of its model file: the inputs of `decide`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobStatus(StrEnum):
    """RunPod's statuses of a job (https://docs.runpod.io/serverless/endpoints/job-states)."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


@dataclass(frozen=True)
class Job:
    """RunPod told a status; `status` is kept as text, for it may be one that we do not know."""

    status: str
    output: object = None
    error: str | None = None
    delay_ms: int | None = None
    """Time in the queue; restarts when RunPod retries the job."""
    execution_ms: int | None = None
    retries: int = 0


@dataclass(frozen=True)
class JobNotFound:
    """The endpoint that the job was sent to answered `job not found`: too early, or kept no longer."""


@dataclass(frozen=True)
class CouldNotAsk:
    """No answer that speaks of the job. `why` is a sentence for the user."""

    why: str
    retry_after_s: float | None = None


@dataclass(frozen=True)
class NoJobId:
    """There is no id to ask by."""


Evidence = Job | JobNotFound | CouldNotAsk | NoJobId


@dataclass(frozen=True)
class Present:
    """A model file of this very training lies where it belongs."""

    url: str
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Absent:
    """The place was read, and no file of this training is there."""


@dataclass(frozen=True)
class NotAsked:
    """The place was not, or could not be, read: says nothing about the file."""


ModelEvidence = Present | Absent | NotAsked
