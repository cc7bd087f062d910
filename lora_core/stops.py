"""Ending trainings, and settling what nobody but the user can know."""

from contextlib import suppress
from datetime import datetime, timedelta

from lora_core.endpoints import Endpoints
from lora_core.errors import NotAllowedError, NotFoundError, RunpodUnreachableError, StoreError
from lora_core.evidence import CouldNotAsk, Job, JobNotFound, JobStatus
from lora_core.reconciliation import Reconciliation, StatusCheck, Tracked
from lora_core.records import Changes, Records
from lora_core.styles import Style, Styles
from lora_core.times import Clock, to_iso
from lora_core.verdict import Outlook
from lora_core.versions import FailureReason, SubmissionState, Version, VersionStatus, same_job

_FINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMED_OUT)


class Stops:
    """Cancel, attach a job, give up; see TrainingLab."""

    def __init__(
        self,
        records: Records,
        styles: Styles,
        reconciliation: Reconciliation,
        endpoints: Endpoints,
        *,
        clock: Clock,
    ) -> None:
        self._records = records
        self._styles = styles
        self._reconciliation = reconciliation
        self._endpoints = endpoints
        self._clock = clock

    def cancel(self, style: Style, version: Version) -> StatusCheck:
        """Writes the wish first, so that it outlives a crash; then asks RunPod, then looks."""
        if version.status is VersionStatus.DRAFT:
            raise NotAllowedError(f"{version.name} is a draft; nothing of it runs.")
        asked = self._records.patch(style, version.key, self._cancel_asked)
        self._reconciliation.repeat_cancels([Tracked(style, asked)])
        return self._reconciliation.check([Tracked(style, asked)])[0]

    def attach(self, style: Style, version: Version, job_id: str) -> StatusCheck:
        """Gives the version the job that RunPod's console shows."""
        job_id = job_id.strip()
        if version.job_id is not None or version.submission is None or version.status is VersionStatus.DRAFT:
            raise NotAllowedError(
                f"{version.name} needs no job: only a submission whose reply was lost does."
            )
        owner = self.owner(job_id)
        if owner is not None:
            raise NotAllowedError(
                f"That job belongs to {owner} already; look for another one in the console."
            )
        endpoint = self._endpoints.of(version.submission)
        evidence = endpoint if isinstance(endpoint, CouldNotAsk) else endpoint.client.status(job_id)
        if isinstance(evidence, CouldNotAsk):
            raise RunpodUnreachableError(f"The job could not be looked up: {evidence.why} Try again later.")
        if isinstance(evidence, JobNotFound):
            raise NotFoundError(f"The endpoint knows no job {job_id}; copy its id from RunPod's console.")
        attached = self._reconciliation.attach(style, version, job_id)
        return self._reconciliation.check_with(Tracked(style, attached), evidence)

    def give_up(self, style: Style, version: Version) -> Version:
        """Marks as failed what cannot be known any more; never what the endpoint says is running."""
        if version.is_final or version.status is VersionStatus.DRAFT:
            raise NotAllowedError(f"{version.name} is {version.status_text}; there is nothing to give up.")
        check = self._reconciliation.check([Tracked(style, version)])[0]
        now = self._clock()
        if why_not := self._why_not_given_up(check, now):
            raise NotAllowedError(why_not)

        def decide(fresh: Version) -> Changes:
            if fresh.is_final or fresh.status is VersionStatus.DRAFT:
                return {}
            # Whoever sends it may still get a job for it, which nobody would follow any more.
            if fresh.submission_state(now) in (SubmissionState.PREPARING, SubmissionState.SENDING):
                raise NotAllowedError(f"{fresh.name} is just being sent; cancel it, or wait two minutes.")
            return {
                **self._unanswered(fresh, now),
                "status": VersionStatus.FAILED.value,
                "failureReason": FailureReason.GIVEN_UP.value,
                "error": "Marked as failed by the user; how it ended is not known.",
                "failedAt": to_iso(now),
            }

        return self._records.patch(style, version.key, decide)

    def owner(self, job_id: str) -> str | None:
        """The version, of any style, that has this job already."""
        for style in self._styles.all():
            with suppress(StoreError):  # an unreadable style must not keep a job from being found again
                for other in (*self._records.live(style), *self._records.trash(style)):
                    if other.job_id is not None and same_job(other.job_id, job_id):
                        return f"{other.name} of {style.name}"
        return None

    def _why_not_given_up(self, check: StatusCheck, now: datetime) -> str | None:
        """What RunPod may still be running must not be written off: nobody would follow it any more."""
        version, evidence = check.version, check.evidence
        if isinstance(evidence, Job) and evidence.status not in _FINAL:
            return f"{version.name} is on its endpoint ({evidence.status}); cancel it instead."
        if check.outlook is Outlook.NOT_VISIBLE_YET:
            return f"{version.name} was sent just now; wait a few minutes, then look again."
        if not isinstance(evidence, CouldNotAsk) or version.submission is None:
            return None
        submitted_at, ttl_ms = version.submission.submitted_at, version.submission.ttl_ms
        may_run = (
            submitted_at is None or ttl_ms is None or now < submitted_at + timedelta(milliseconds=ttl_ms)
        )
        can_be_asked = not isinstance(self._endpoints.of(version.submission), CouldNotAsk)
        if may_run and can_be_asked:
            return f"{version.name} may still run, and its endpoint does not answer: {evidence.why} Try again later."
        return None

    def _unanswered(self, version: Version, now: datetime) -> Changes:
        """Ends a submission that reads as unknown, so that whoever began it does not go on with it."""
        if version.submission_state(now) is not SubmissionState.UNKNOWN:
            return {}
        return {"submission": {**version.raw["submission"], "state": SubmissionState.UNKNOWN.value}}

    def _cancel_asked(self, version: Version) -> Changes:
        if (
            version.is_final
            or version.status is VersionStatus.DRAFT
            or version.cancel_requested_at is not None
        ):
            return {}
        return {"cancelRequestedAt": to_iso(self._clock())}
