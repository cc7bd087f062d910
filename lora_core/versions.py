"""A version as the lab reads it: a lenient view of a raw record.

What a record lacks, or holds in a form that cannot be read, is None ("not recorded") and never a default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from lora_core.document import Record, record_key
from lora_core.json_text import well_formed
from lora_core.parameters import RecordedParameters
from lora_core.times import from_iso

SENDING_READS_AS_UNKNOWN = timedelta(seconds=120)
PREPARING_OWNER_GONE = timedelta(seconds=120)
_JOB_SUFFIX = re.compile(r"-[a-z]\d{1,3}$")  # no longer, or it would match the end of a bare uuid


class VersionStatus(StrEnum):
    """The five statuses that a record can have on disk."""

    DRAFT = "draft"
    PENDING = "pending"
    TRAINING = "training"
    COMPLETED = "completed"
    FAILED = "failed"


_STATUSES: Mapping[str | None, VersionStatus] = {status.value: status for status in VersionStatus}


class FailureReason(StrEnum):
    """Why a version is `failed`."""

    TRAINER = "trainer"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    WORKER_LOST = "worker_lost"
    LOST = "lost"
    GIVEN_UP = "given_up"


class SubmissionState(StrEnum):
    """How far the sending of a training to its endpoint came; written before each step."""

    PREPARING = "preparing"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True)
class Submission:
    """How a version was sent: `submission` of its record."""

    state: SubmissionState
    attempt: str | None
    """Drawn at each start; whoever goes on with a submission must still hold it."""
    at: datetime | None
    """When the state was written."""
    submitted_at: datetime | None
    base_url: str | None
    endpoint_id: str | None
    execution_timeout_ms: int | None
    ttl_ms: int | None
    model_place: str | None
    """Where its trainer puts the model, as it was configured then."""
    model_before: str | None
    """Etag of what lay under the model's key before the job was sent; None: nothing."""
    completed_seen_at: datetime | None
    """When RunPod first said COMPLETED without telling of a model."""
    execution_ms: int | None
    delay_ms: int | None
    why: str | None
    """Why it is not known whether the endpoint took it: a sentence."""

    @classmethod
    def from_raw(cls, raw: object) -> "Submission | None":
        """None when there is none, or its state is no state."""
        if not isinstance(raw, Mapping) or _text(raw, "state") not in set(SubmissionState):
            return None
        return cls(
            state=SubmissionState(raw["state"]),
            attempt=_text(raw, "attempt"),
            at=from_iso(raw.get("at")),
            submitted_at=from_iso(raw.get("submittedAt")),
            base_url=_text(raw, "baseUrl"),
            endpoint_id=_text(raw, "endpointId"),
            execution_timeout_ms=_whole(raw, "executionTimeout"),
            ttl_ms=_whole(raw, "ttl"),
            model_place=_text(raw, "modelPlace"),
            model_before=_text(raw, "modelBefore"),
            completed_seen_at=from_iso(raw.get("completedSeenAt")),
            execution_ms=_whole(raw, "executionMs"),
            delay_ms=_whole(raw, "delayMs"),
            why=_text(raw, "why"),
        )


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a style. Equal to another only if it is the same reading."""

    style_id: str
    raw: Record
    """The record as it stands in the file; read it, never change it."""
    is_in_trash: bool = False

    @property
    def key(self) -> str:
        """Identity that never changes."""
        return record_key(self.raw)

    @property
    def id(self) -> str:
        """RunPod's job id, until there is one the request id."""
        return well_formed(str(self.raw.get("id") or ""))

    @property
    def request_id(self) -> str | None:
        """`{style id}_{epoch ms}`, by which the trainer and the webhook name the version."""
        return _text(self.raw, "requestId")

    @property
    def job_id(self) -> str | None:
        """RunPod's id of the job, with its suffix; None while no job is known, and for drafts."""
        if self.status is VersionStatus.DRAFT:
            return None
        return self.id if self.id and self.id != self.request_id and not self._was_synced else None

    @property
    def _was_synced(self) -> bool:
        # The old system's storage sync wrote records whose id is the model's name.
        return self.id.startswith("style_")

    @property
    def name(self) -> str:
        """What people call it, e.g. `V3`."""
        return _text(self.raw, "name") or self.id or "(no name)"

    @property
    def description(self) -> str:
        """The user's note."""
        return _text(self.raw, "description") or ""

    @cached_property
    def created_at(self) -> datetime | None:
        """When the version was made."""
        return from_iso(self.raw.get("timestamp"))

    @cached_property
    def parameters(self) -> RecordedParameters:
        """The twelve, each None when not recorded."""
        return RecordedParameters.from_raw(self.raw.get("parameters"))

    @cached_property
    def status(self) -> VersionStatus | None:
        """The status on disk; None when it is none of the five (then `status_text` holds it)."""
        return _STATUSES.get(_text(self.raw, "status"))

    @property
    def status_text(self) -> str:
        """The status as written."""
        return well_formed(str(self.raw.get("status") or "not recorded"))

    @property
    def is_final(self) -> bool:
        """Whether nothing more is expected of its job."""
        return self.status in (VersionStatus.COMPLETED, VersionStatus.FAILED)

    @property
    def selection_set_id(self) -> int | None:
        """Number of the selection set; some files write it as text."""
        return _whole(self.raw, "selectionSetId")

    @property
    def image_count(self) -> int | None:
        """How many pictures it was trained on."""
        return _whole(self.raw, "imageCount")

    @property
    def dataset(self) -> str | None:
        """SHA-256 that names the frozen file list."""
        return _text(self.raw, "dataset")

    @property
    def lora_url(self) -> str | None:
        """Where the model is."""
        return _text(self.raw, "loraUrl")

    @property
    def model_name(self) -> str | None:
        """The model's name as the trainer was given it, frozen at submission."""
        return _text(self.raw, "modelName")

    @property
    def is_good(self) -> bool:
        """Whether the user marked it as one that worked."""
        return self.raw.get("isGood") is True

    @property
    def started_at(self) -> datetime | None:
        """When a worker took it."""
        return from_iso(self.raw.get("startedAt"))

    @property
    def completed_at(self) -> datetime | None:
        """When it was completed."""
        return from_iso(self.raw.get("completedAt"))

    @property
    def failed_at(self) -> datetime | None:
        """When it failed."""
        return from_iso(self.raw.get("failedAt"))

    @property
    def ended_at(self) -> datetime | None:
        """When it was completed or failed."""
        return self.failed_at if self.status is VersionStatus.FAILED else self.completed_at

    @property
    def took_s(self) -> float | None:
        """Seconds on its worker, as RunPod measured them; else between the start and the end that were seen."""
        if self.submission is not None and self.submission.execution_ms is not None:
            return self.submission.execution_ms / 1000
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def error(self) -> str | None:
        """What RunPod or the trainer said, in full."""
        return _text(self.raw, "error")

    @property
    def note(self) -> str | None:
        """How the lab came to the status, when that is not the usual way."""
        return _text(self.raw, "statusNote")

    @property
    def failure_reason(self) -> FailureReason | None:
        """Why it failed; old records do not tell."""
        reason = _text(self.raw, "failureReason")
        return FailureReason(reason) if reason in set(FailureReason) else None

    @property
    def based_on(self) -> str | None:
        """Key of the version whose settings it started from."""
        return _text(self.raw, "basedOn")

    @property
    def cancel_requested_at(self) -> datetime | None:
        """When the user asked to stop it."""
        return from_iso(self.raw.get("cancelRequestedAt"))

    @property
    def is_stopping(self) -> bool:
        """Whether a stop was asked for and is not confirmed yet."""
        return (
            self.cancel_requested_at is not None
            and not self.is_final
            and self.status is not VersionStatus.DRAFT
        )

    @cached_property
    def submission(self) -> Submission | None:
        """How it was sent; None for drafts never started and for the old system's records."""
        return Submission.from_raw(self.raw.get("submission"))

    def submission_state(self, now: datetime) -> SubmissionState | None:
        """The state as it reads at `now`: a `sending` older than 120 s is of unknown outcome."""
        submission = self.submission
        if submission is None:
            return None
        # By the distance, for a clock may be set back.
        is_old = submission.at is None or abs(now - submission.at) >= SENDING_READS_AS_UNKNOWN
        return (
            SubmissionState.UNKNOWN
            if submission.state is SubmissionState.SENDING and is_old
            else submission.state
        )

    def is_in_flight(self) -> bool:
        """Whether the lab itself sent it (or is about to) and its end is not known."""
        return self.submission is not None and self.status in (VersionStatus.PENDING, VersionStatus.TRAINING)

    def answers_to(self, reference: str) -> bool:
        """Whether `reference` is its key, id, request id, or job id without or with another suffix."""
        if reference in (self.key, self.id, self.request_id):
            return True
        return self.job_id is not None and same_job(self.job_id, reference)


def same_job(one: str, other: str) -> bool:
    """Whether two ids name one job: RunPod writes them with and without a suffix such as `-e1` or `-u2`."""
    return job_stem(one) == job_stem(other)


def job_stem(job_id: str) -> str:
    """A job's id without its suffix."""
    return _JOB_SUFFIX.sub("", job_id)


def fuller_id(known: str, told: str) -> str:
    """Of two ids of one job the one with its suffix: by that form RunPod can be asked."""
    return told if same_job(known, told) and len(told) > len(known) else known


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return well_formed(value) if isinstance(value, str) and value else None


def _whole(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value) if len(value) < 20 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
