"""What a record becomes when evidence of its job arrives: one pure, total function.

Polling, the webhook, Check status and model sync all go through `decide`, inside the update of the record,
on the record as it then is. docs/status.md holds the table; a test stands for each of its rows.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from lora_core.disk_faults import Cause, explanation
from lora_core.evidence import (
    Absent,
    CouldNotAsk,
    Evidence,
    Job,
    JobNotFound,
    JobStatus,
    ModelEvidence,
    NoJobId,
    NotAsked,
    Present,
)
from lora_core.job_output import OutputKind, error_text, failure_of, output_kind, output_url
from lora_core.model_urls import faster
from lora_core.times import is_set_back, to_iso
from lora_core.verdict import Outlook, Verdict
from lora_core.versions import (
    PREPARING_OWNER_GONE,
    FailureReason,
    Submission,
    SubmissionState,
    Version,
    VersionStatus,
)

NOT_VISIBLE_YET = timedelta(seconds=150)
"""RunPod may answer `job not found` for a job this young [seen in production by the old system]."""
TTL_MARGIN = timedelta(minutes=10)
MODEL_MARGIN = timedelta(minutes=10)
"""How long a completed job's model may take to appear where it belongs."""
RETRY_MARGIN = timedelta(minutes=45)
"""RunPod may run a job twice, with a queue between."""
_LONGEST_QUOTE = 300


def needs_model(version: Version, evidence: Evidence) -> bool:
    """Whether the verdict depends on the model file, so that it must be looked for first."""
    match evidence:
        case Job(status=JobStatus.COMPLETED):
            return output_kind(evidence.output) is OutputKind.EMPTY
        case (
            Job(status=JobStatus.FAILED | JobStatus.CANCELLED | JobStatus.TIMED_OUT)
            | JobNotFound()
            | CouldNotAsk()
        ):
            return version.status is not VersionStatus.COMPLETED
        case NoJobId():
            state = version.submission.state if version.submission else None
            return version.status is not VersionStatus.COMPLETED and state in _MAY_HAVE_BEEN_SENT
        case _:
            return False


_MAY_HAVE_BEEN_SENT = (SubmissionState.SENDING, SubmissionState.UNKNOWN, SubmissionState.SENT)


def decide(version: Version, evidence: Evidence, model: ModelEvidence, now: datetime) -> Verdict:
    """The verdict on one record; see the table in docs/status.md."""
    if version.status is VersionStatus.DRAFT:
        return Verdict("This is a draft; nothing was sent.")
    if version.is_final:
        return _of_final(version, evidence, model, now)
    if not isinstance(evidence, NoJobId):  # there is a job: it was sent, whatever the submission says
        return _of_sent(version, evidence, model, now)
    match version.submission_state(now):
        case SubmissionState.PREPARING:
            return _of_preparing(version, now)
        case SubmissionState.SENDING:
            return Verdict("It is being sent to the endpoint.")
        case SubmissionState.UNKNOWN:
            return _of_unknown(version, model, now)
        case _:
            return _of_sent(version, evidence, model, now)


def _of_preparing(version: Version, now: datetime) -> Verdict:
    at = version.submission.at if version.submission else None
    if at is not None and abs(now - at) < PREPARING_OWNER_GONE:
        return Verdict("It is being prepared; nothing was sent yet.")
    why = "Its preparation was interrupted before anything was sent; it is a draft again."
    return Verdict(why, draft_again(version, why))


def draft_again(version: Version, why: str, state: SubmissionState | None = None) -> Mapping[str, Any]:
    """The changes that make a draft of a version of which nothing was sent; `state` REFUSED is kept."""
    return {
        "status": VersionStatus.DRAFT,
        "submission": {**_raw_submission(version), "state": state.value} if state else None,
        "modelName": None,
        "cancelRequestedAt": None,
        "error": why,
    }


def _of_unknown(version: Version, model: ModelEvidence, now: datetime) -> Verdict:
    submission = version.submission
    match model:
        case Present():
            return _completed(
                version,
                model.url,
                model.modified_at,
                note="found by its model file; the reply to its submission was lost",
                said=f"No answer to its submission arrived, but its model is {_lies(model)}: completed.",
            )
        case Absent() if submission and _is_past(submission.submitted_at, submission.ttl_ms, TTL_MARGIN, now):
            return _failed(
                FailureReason.LOST,
                "The reply to its submission was lost, its time on RunPod is over, and it left no model.",
                now,
            )
        case _:
            return Verdict(
                "The reply to its submission was lost: a job may be running. Look at RunPod's console; attach the "
                "job's id if there is one, or mark the version as failed."
            )


def _of_sent(version: Version, evidence: Evidence, model: ModelEvidence, now: datetime) -> Verdict:
    match evidence:
        case Job():
            return _of_job(version, evidence, model, now)
        case JobNotFound():
            return _of_forgotten(version, model, now)
        case CouldNotAsk(why=why):
            if isinstance(model, Present):
                return Verdict(f"{why} Its model is already there.", outlook=Outlook.MODEL_ALREADY_THERE)
            return Verdict(why, outlook=Outlook.NOT_ASKED)
        case NoJobId():
            return Verdict("No job is known for this version.")
        case _:
            assert_never(evidence)


def _of_job(version: Version, job: Job, model: ModelEvidence, now: datetime) -> Verdict:
    match job.status:
        case JobStatus.IN_QUEUE:
            return _running(version, VersionStatus.PENDING, "It waits in the queue for a worker.", job, now)
        case JobStatus.IN_PROGRESS | JobStatus.RUNNING:
            return _running(version, VersionStatus.TRAINING, "It is training.", job, now)
        case JobStatus.COMPLETED:
            return _of_completed_job(version, job, model, now)
        case JobStatus.FAILED | JobStatus.CANCELLED | JobStatus.TIMED_OUT:
            if isinstance(model, Present):
                note = f"{_who(version)} says {job.status}, but its model is there"
                said = f"{_who(version)} says {job.status}, but its model is {_lies(model)}: completed."
                return _completed(version, model.url, model.modified_at, job=job, note=note, said=said)
            return _failed(
                _reason(job),
                error_text(job.error) or _WORDS[JobStatus(job.status)],
                _end(version, job, now),
                job,
                version,
            )
        case _:
            return Verdict(
                f"{_who(version)} says {job.status}, which the lab does not know; it stays as it is."
            )


def _of_completed_job(version: Version, job: Job, model: ModelEvidence, now: datetime) -> Verdict:
    kind = output_kind(job.output)
    if kind is OutputKind.FAILURE:
        return _failed(FailureReason.TRAINER, failure_of(job.output), _end(version, job, now), job, version)
    if kind is OutputKind.SUCCESS:
        url = output_url(job.output)
        note = None if url else "the trainer gave no address of the model"
        return _completed(version, url, _end(version, job, now), job=job, note=note)
    match model:
        case Present():
            return _completed(version, model.url, _end(version, job, now), job=job)
        case NotAsked() if version.is_final or _was_seen_without_model(version):
            # A bucket that answered "no model" before and cannot be read now has told nothing new.
            sentence = f"{_who(version)} says completed; whether its model is there could not be seen."
            return Verdict(sentence, outlook=Outlook.MODEL_AWAITED)
        case NotAsked():
            return _completed(version, None, _end(version, job, now), job=job, note="no address given")
        case Absent():
            return _of_missing_model(version, job, now)


def _was_seen_without_model(version: Version) -> bool:
    return version.submission is not None and version.submission.completed_seen_at is not None


def _of_missing_model(version: Version, job: Job, now: datetime) -> Verdict:
    seen_at = version.submission.completed_seen_at if version.submission else None
    if seen_at is not None and now - seen_at >= MODEL_MARGIN:
        why = f"{_who(version)} says completed, but the trainer said nothing and left no model."
        return _failed(FailureReason.TRAINER, why, now, job, version)
    changes: dict[str, Any] = {}
    if seen_at is None and version.submission is not None:
        changes["submission"] = {**_raw_submission(version), "completedSeenAt": to_iso(now)}
    said = f"{_who(version)} says completed; its model is not there yet. The lab goes on looking for it."
    return Verdict(said, changes, Outlook.MODEL_AWAITED)


def _of_forgotten(version: Version, model: ModelEvidence, now: datetime) -> Verdict:
    submission = version.submission
    if submission is None or submission.endpoint_id is None:
        return Verdict(
            "RunPod does not know this job, and the record does not tell to which endpoint it was sent. If you "
            "know that it has ended, mark it as failed."
        )
    if isinstance(model, Present):
        return _completed(
            version,
            model.url,
            model.modified_at,
            note=f"{_who(version)} no longer knows this job; recovered from its model file",
            said=f"{_who(version)} no longer knows this job; its model is {_lies(model)}: completed.",
        )
    if is_set_back(submission.submitted_at, now):  # too early to be shown, or long over: nobody can tell
        return Verdict(explanation(Cause.CLOCK_SET_BACK), outlook=Outlook.NOT_ASKED)
    if submission.submitted_at is not None and now - submission.submitted_at < NOT_VISIBLE_YET:
        said = (
            f"{_who(version)} does not show this job yet; that can take two minutes. Nothing has to be done."
        )
        return Verdict(said, outlook=Outlook.NOT_VISIBLE_YET)
    if isinstance(model, Absent) and _cannot_run_any_more(version, submission, now):
        why = f"{_who(version)} no longer knows this job, its time is over, and it left no model."
        return _failed(FailureReason.LOST, why, now)
    return Verdict(
        f"It has ended; {_who(version)} no longer knows how (it keeps results for 30 minutes), and no model of it was "
        "seen yet. The lab goes on looking for it.",
        outlook=Outlook.ENDED_UNKNOWN,
    )


def _cannot_run_any_more(version: Version, submission: Submission, now: datetime) -> bool:
    if _is_past(submission.submitted_at, submission.ttl_ms, timedelta(), now):
        return True
    timeout_ms = submission.execution_timeout_ms
    return timeout_ms is not None and _is_past(version.started_at, 2 * timeout_ms, RETRY_MARGIN, now)


def _of_final(version: Version, evidence: Evidence, model: ModelEvidence, now: datetime) -> Verdict:
    if version.status is VersionStatus.COMPLETED:
        return _of_completed(version, evidence)
    unasked = isinstance(evidence, NoJobId)
    verdict = _of_unknown(version, model, now) if unasked else _of_sent(version, evidence, model, now)
    becomes = verdict.changes.get("status")
    is_lost = version.failure_reason in (FailureReason.LOST, FailureReason.GIVEN_UP)
    rises = becomes is VersionStatus.COMPLETED
    returns = version.failure_reason is FailureReason.LOST and becomes in (
        VersionStatus.PENDING,
        VersionStatus.TRAINING,
    )
    is_explained = (
        is_lost and becomes is VersionStatus.FAILED and verdict.changes["failureReason"] != FailureReason.LOST
    )
    if rises or returns:
        return Verdict(
            verdict.sentence, {**verdict.changes, "failureReason": None, "error": None, "failedAt": None}
        )
    if is_explained:
        return verdict
    if becomes in (VersionStatus.PENDING, VersionStatus.TRAINING):
        return Verdict("It is marked as failed, but its job is still there: cancel it in RunPod's console.")
    said = _short(version.error) if version.error else "no reason was recorded"
    return Verdict(f"It has failed: {said}", outlook=verdict.outlook)


def _of_completed(version: Version, evidence: Evidence) -> Verdict:
    # Completed only gains an address, or a faster form of the one it has.
    offered = output_url(evidence.output) if isinstance(evidence, Job) else None
    url = faster(version.lora_url, offered)
    return Verdict("It is completed.", {"loraUrl": url} if url != version.lora_url else {})


def _running(version: Version, status: VersionStatus, sentence: str, job: Job, now: datetime) -> Verdict:
    changes: dict[str, Any] = {"status": status}
    if status is VersionStatus.TRAINING and version.started_at is None:
        changes["startedAt"] = to_iso(_start(version, job, now))
    return Verdict(sentence, changes)


def _completed(
    version: Version,
    url: str | None,
    at: datetime,
    *,
    job: Job | None = None,
    note: str | None = None,
    said: str | None = None,
) -> Verdict:
    changes: dict[str, Any] = {
        "status": VersionStatus.COMPLETED,
        "loraUrl": faster(faster(version.lora_url, url), output_url(job.output) if job else None),
        "completedAt": to_iso(at),
        "statusNote": note,
        **_measured(version, job),
    }
    return Verdict(said or (f"It is completed ({note})." if note else "It is completed."), changes)


def _failed(
    reason: FailureReason, why: str, at: datetime, job: Job | None = None, version: Version | None = None
) -> Verdict:
    changes: dict[str, Any] = {
        "status": VersionStatus.FAILED,
        "failureReason": reason,
        "error": why,
        "failedAt": to_iso(at),
        **(_measured(version, job) if version else {}),
    }
    return Verdict(f"It has failed: {_short(why)}", changes)


def _measured(version: Version, job: Job | None) -> dict[str, Any]:
    # Finished jobs' times are what later estimates are made from.
    if job is None or job.execution_ms is None or version.submission is None:
        return {}
    return {
        "submission": {**_raw_submission(version), "executionMs": job.execution_ms, "delayMs": job.delay_ms}
    }


def _raw_submission(version: Version) -> Mapping[str, Any]:
    raw = version.raw.get("submission")
    return raw if isinstance(raw, Mapping) else {}


def _start(version: Version, job: Job, now: datetime) -> datetime:
    submitted_at = version.submission.submitted_at if version.submission else None
    if submitted_at is None or job.delay_ms is None or job.retries:
        return now
    return _at_most(now, submitted_at, job.delay_ms)


def _end(version: Version, job: Job, now: datetime) -> datetime:
    """When it ended, which may be hours before somebody looked; a retried job's times do not add up."""
    submitted_at = version.submission.submitted_at if version.submission else None
    if submitted_at is None or job.delay_ms is None or job.execution_ms is None or job.retries:
        return now
    return _at_most(now, submitted_at, job.delay_ms + job.execution_ms)


def _at_most(now: datetime, start: datetime, duration_ms: int) -> datetime:
    try:
        return min(now, start + timedelta(milliseconds=duration_ms))
    except OverflowError:  # beyond the year 9999: whoever wrote it, it is not yet
        return now


def _is_past(start: datetime | None, duration_ms: int | None, margin: timedelta, now: datetime) -> bool:
    if start is None or duration_ms is None:
        return False
    try:
        return now >= start + timedelta(milliseconds=duration_ms) + margin
    except OverflowError:
        return False


def _who(version: Version) -> str:
    """Whose answer it is: the address of RunPod's endpoints is one of the web, that of the lab's own is none."""
    base_url = version.submission.base_url if version.submission else None
    return "RunPod" if base_url is None or base_url.startswith("http") else "The local endpoint"


def _lies(model: Present) -> str:
    return "in the folder of models" if model.url.startswith("file:") else "in the bucket"


def _short(error: str) -> str:
    """What goes into a sentence: of a traceback its last line, which names the error."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]} ..."


def _reason(job: Job) -> FailureReason:
    error = (job.error or "").casefold()
    if job.status == JobStatus.CANCELLED:
        return FailureReason.CANCELLED
    if job.status == JobStatus.TIMED_OUT or "executiontimeout exceeded" in error:
        return FailureReason.TIMED_OUT
    return FailureReason.WORKER_LOST if "job timed out after" in error else FailureReason.TRAINER


_WORDS = {
    JobStatus.FAILED: "RunPod says that it failed and gives no reason.",
    JobStatus.CANCELLED: "The training was cancelled.",
    JobStatus.TIMED_OUT: "RunPod ended it: it waited or ran longer than allowed.",
}
