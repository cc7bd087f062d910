"""Sending a training to its endpoint: never lose a job, never pay twice.

    preparing -> sending -> sent | unknown | refused

Each state is in the record before its step is taken. Only the owner of the attempt that the record names
may go on with it, so of two that start one draft one sends; and `POST /run` is sent again only when it is
proven that nothing arrived.
"""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lora_core.datasets import Dataset, frozen
from lora_core.decide import draft_again
from lora_core.endpoints import Endpoint, Endpoints
from lora_core.errors import LoraCoreError, NotAllowedError
from lora_core.file_hashes import FileHashes
from lora_core.model_places import ModelPlaces
from lora_core.naming import model_name
from lora_core.outbox import Answer, Outbox
from lora_core.parameters import TrainingParameters
from lora_core.payload import run_request
from lora_core.records import Changes, Records
from lora_core.runpod_answers import Accepted, NotSent, OutcomeUnknown, Refused, SubmitOutcome
from lora_core.styles import Style, Styles
from lora_core.times import Clock, to_iso
from lora_core.training_data import file_urls
from lora_core.versions import FailureReason, SubmissionState, Version, VersionStatus, fuller_id, same_job

_log = logging.getLogger(__name__)
_TRIES = 3
_LONGEST_WAIT_S = 10.0
_AT_ONCE = 16
_KINDS: dict[type[SubmitOutcome], str] = {
    Accepted: "accepted",
    Refused: "refused",
    NotSent: "not_sent",
    OutcomeUnknown: "unknown",
}


class Submissions:
    """Sends trainings in worker threads of the lab; a page may be closed meanwhile."""

    def __init__(
        self,
        records: Records,
        styles: Styles,
        endpoints: Endpoints,
        places: ModelPlaces,
        outbox: Outbox,
        *,
        clock: Clock,
        wait: Callable[[float], None] = time.sleep,
        webhook_url: Callable[[str], str | None] = lambda _: None,
        hashes: FileHashes | None = None,
    ) -> None:
        self._records = records
        self._hashes = hashes or FileHashes()
        self._styles = styles
        self._endpoints = endpoints
        self._places = places
        self._outbox = outbox
        self._clock = clock
        self._wait = wait
        self._webhook_url = webhook_url
        self._told: set[str] = set()
        self._is_closed = False
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="submission")

    def beginning(self) -> Changes:
        """The changes that make a record `preparing`; they belong into the update that starts it.

        Raises NotAllowedError once the lab is closed: nobody would go on with it.
        """
        if self._is_closed:
            raise NotAllowedError("The lab was closed; open it again, then start the training.")
        state = {
            "state": SubmissionState.PREPARING.value,
            "attempt": str(uuid.uuid4()),
            "at": to_iso(self._clock()),
        }
        return {"status": VersionStatus.PENDING.value, "submission": state, "error": None}

    def send(self, version: Version, style: Style, dataset: Dataset) -> Future[None]:
        """Goes on with a version that is `preparing`, in the background."""
        attempt = _attempt(version)
        try:
            sending = self._workers.submit(self._send, style, version.key, attempt, dataset)
        except RuntimeError as error:  # closed since `beginning`, or the system gives no more threads
            self._answered(style, version.key, attempt, NotSent(f"It could not be sent from here: {error}."))
            sending = Future()
            sending.set_result(None)
            return sending
        sending.add_done_callback(_log_what_nobody_waits_for)
        return sending

    def deliver(self) -> None:
        """Brings the outbox's answers into their records; what the store refuses stays in the outbox."""
        for answer in self._outbox.answers():
            try:
                self._deliver(answer)
            except Exception as error:  # noqa: BLE001 - told below; no answer may keep the others waiting
                self._tell_once(answer, error)

    def _tell_once(self, answer: Answer, error: Exception) -> None:
        # Every turn of the monitor tries again; the log need not grow with it.
        if answer.attempt not in self._told:
            self._told.add(answer.attempt)
            is_expected = isinstance(error, LoraCoreError)
            message = "The answer for version %s waits in the outbox: %s (%s)"
            _log.warning(message, answer.key, answer.text, error, exc_info=None if is_expected else error)

    def close(self) -> None:
        """Waits for what is being sent."""
        self._is_closed = True
        self._workers.shutdown(wait=True)

    def _send(self, style: Style, key: str, attempt: str, dataset: Dataset) -> None:
        try:
            prepared = self._prepared(style, key, attempt, dataset)
        except (LoraCoreError, OSError, ValueError) as error:
            # Nothing was sent: it is a draft again, with the reason.
            self._answered(style, key, attempt, NotSent(str(error)))
            return
        if prepared is None:
            return
        endpoint, request = prepared
        self._answered(style, key, attempt, self._posted(style, key, attempt, endpoint, request))

    def _prepared(
        self, style: Style, key: str, attempt: str, dataset: Dataset
    ) -> tuple[Endpoint, dict[str, Any]] | None:
        """Everything up to the record's `sending`; None when the record is somebody else's by then."""
        endpoint = self._endpoints.current()
        digest = frozen(self._records.histories.store, dataset, self._hashes)
        named = self._named(style, key, attempt, endpoint, digest)
        if named is None or named.model_name is None:
            return None
        request = self._request(style, named, endpoint, dataset)
        before = self._places.etag(endpoint, named.model_name)
        sending = self._advanced(style, key, attempt, self._sending(endpoint, before))
        return (endpoint, request) if sending is not None else None

    def _named(self, style: Style, key: str, attempt: str, endpoint: Endpoint, digest: str) -> Version | None:
        """Freezes the model's name: no other record's, and no file that lies there."""
        files = self._places.names(endpoint)

        def decide(version: Version) -> Changes:
            others = [*self._records.live(style), *self._records.trash(style)]
            taken = {other.model_name for other in others if other.model_name and other.key != key} | files
            return {"modelName": model_name(style.id, version.name, taken), "dataset": digest}

        return self._advanced(style, key, attempt, decide)

    def _advanced(
        self, style: Style, key: str, attempt: str, decide: Callable[[Version], Changes]
    ) -> Version | None:
        """Patches the record while it is `preparing`, this attempt's, and nobody asked to stop it."""
        is_ours = False

        def guarded(version: Version) -> Changes:
            nonlocal is_ours
            is_ours = (
                _is_of(version, attempt, SubmissionState.PREPARING) and version.cancel_requested_at is None
            )
            if is_ours:
                return decide(version)
            is_stopped = _is_of(version, attempt, SubmissionState.PREPARING)
            return draft_again(version, "It was stopped before it was sent.") if is_stopped else {}

        version = self._records.patch(style, key, guarded)
        return version if is_ours else None

    def _sending(self, endpoint: Endpoint, before: str | None) -> Callable[[Version], Changes]:
        now = to_iso(self._clock())
        settings = self._endpoints.settings

        def decide(version: Version) -> Changes:
            submission = {
                "state": SubmissionState.SENDING.value,
                "attempt": _attempt(version),
                "at": now,
                "submittedAt": now,
                "baseUrl": endpoint.base_url,
                "endpointId": endpoint.endpoint_id,
                "executionTimeout": settings.execution_timeout_ms,
                "ttl": settings.ttl_ms,
                "modelPlace": self._places.address(endpoint),
                "modelBefore": before,
            }
            return {"submission": submission}

        return decide

    def _request(
        self, style: Style, version: Version, endpoint: Endpoint, dataset: Dataset
    ) -> dict[str, Any]:
        settings = self._endpoints.settings
        request_id = version.request_id or version.id
        return run_request(
            style_id=style.id,
            request_id=request_id,
            model_name=version.model_name or "",
            parameters=_parameters(version),
            file_urls=file_urls(
                settings, self._records.histories.store, dataset, is_embedded=endpoint.is_embedded
            ),
            user_id=settings.trainer_user_id or "local",
            tenant_id=settings.trainer_tenant_id or "local",
            mode=settings.trainer_mode,
            execution_timeout_ms=settings.execution_timeout_ms,
            ttl_ms=settings.ttl_ms,
            webhook=None if endpoint.is_embedded else self._webhook_url(request_id),
        )

    def _posted(
        self, style: Style, key: str, attempt: str, endpoint: Endpoint, request: dict[str, Any]
    ) -> SubmitOutcome:
        outcome: SubmitOutcome = NotSent(
            "It was stopped, or took too long, before it was sent; nothing runs."
        )
        for attempt_number in range(1, _TRIES + 1):
            try:
                if not self._may_go_on(style, key, attempt):
                    break
                if endpoint.is_embedded and attempt_number > 1:  # it may just have ended for lack of work
                    endpoint = self._endpoints.current()
            except LoraCoreError as error:  # nothing was sent so far, and nothing will be
                return NotSent(str(error))
            outcome = endpoint.client.submit(request)
            if not isinstance(outcome, NotSent) or attempt_number == _TRIES:
                break
            pause_s = outcome.retry_after_s or float(attempt_number)
            if pause_s > _LONGEST_WAIT_S:
                break
            self._wait(pause_s)
        _log.info("Submission %s of version %s in %s: %s", attempt, key, style.folder, _KINDS[type(outcome)])
        return outcome

    def _may_go_on(self, style: Style, key: str, attempt: str) -> bool:
        """Whether, right before a POST, the record still waits for this attempt.

        Once `sending` reads as unknown (a computer slept, a lookup hung) the user may have settled it and
        started anew: then nothing is sent any more.
        """
        version = self._records.find(style, key)
        is_waiting = version.submission_state(self._clock()) is SubmissionState.SENDING
        is_open = not version.is_final and version.cancel_requested_at is None
        return is_waiting and is_open and _is_of(version, attempt, SubmissionState.SENDING)

    def _answered(self, style: Style, key: str, attempt: str, outcome: SubmitOutcome) -> None:
        text = outcome.job_id if isinstance(outcome, Accepted) else outcome.why
        answer = Answer(style.folder, key, attempt, _KINDS[type(outcome)], text)
        self._outbox.put(answer)
        try:
            self._deliver(answer)
        except LoraCoreError as error:
            self._tell_once(answer, error)

    def _deliver(self, answer: Answer) -> None:
        style = self._styles.find(answer.folder)
        self._records.patch(style, answer.key, lambda version: self._learned(version, answer))
        self._outbox.remove(answer)

    def _learned(self, version: Version, answer: Answer) -> Changes:
        if answer.kind == "accepted":
            return self._accepted(version, answer.text)
        is_waiting = _is_of(version, answer.attempt, SubmissionState.PREPARING, SubmissionState.SENDING)
        if version.is_final or version.job_id is not None or not is_waiting:
            return {}  # a webhook or the user was faster
        if answer.kind == "unknown":
            state = {"state": SubmissionState.UNKNOWN.value, "why": answer.text}
            return {"submission": {**version.raw["submission"], **state}}
        is_refused = answer.kind == "refused"
        return draft_again(version, answer.text, SubmissionState.REFUSED if is_refused else None)

    def _accepted(self, version: Version, job_id: str) -> Changes:
        submission = {**_raw_submission(version), "state": SubmissionState.SENT.value}
        submission.pop("why", None)
        if version.job_id is None:
            return {"id": job_id, "submission": submission, **_followed_again(version)}
        if same_job(version.job_id, job_id):
            return {"id": fuller_id(version.job_id, job_id), "submission": submission}
        # Another job was attached by hand meanwhile: both may cost money, so neither id may be lost.
        others = [*_other_jobs(version), job_id]
        note = f"RunPod took it as job {job_id}, too: look at its console, and cancel one of them"
        return {"submission": {**submission, "otherJobs": list(dict.fromkeys(others))}, "statusNote": note}


def _followed_again(version: Version) -> Changes:
    """A job came late for a version that was given up, or held for lost: it may run, so it is followed."""
    if version.failure_reason not in (FailureReason.GIVEN_UP, FailureReason.LOST):
        return {}
    return {"status": VersionStatus.PENDING.value, "failureReason": None, "error": None, "failedAt": None}


def _raw_submission(version: Version) -> Mapping[str, Any]:
    raw = version.raw.get("submission")
    return raw if isinstance(raw, Mapping) else {}


def _other_jobs(version: Version) -> list[str]:
    others = _raw_submission(version).get("otherJobs")
    return [str(one) for one in others] if isinstance(others, list) else []


def _log_what_nobody_waits_for(sending: Future[None]) -> None:
    if not sending.cancelled() and (error := sending.exception()) is not None:
        _log.error("A submission ended with a bug of the lab's", exc_info=error)


def _is_of(version: Version, attempt: str, *states: SubmissionState) -> bool:
    submission = version.submission
    return submission is not None and submission.attempt == attempt and submission.state in states


def _attempt(version: Version) -> str:
    return (version.submission and version.submission.attempt) or ""


def _parameters(version: Version) -> TrainingParameters:
    parameters = version.parameters.complete()
    if parameters is None:
        raise LoraCoreError(
            f"{version.name} lacks {', '.join(version.parameters.missing)}; enter what is missing, then start it."
        )
    return parameters
