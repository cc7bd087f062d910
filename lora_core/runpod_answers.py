"""What RunPod's answers mean: an outcome of a submission, or evidence of a job. Pure, and total.

The forms are written out in docs/runpod.md; nothing that a server can send raises.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

from lora_core.evidence import CouldNotAsk, Evidence, Job, JobNotFound
from lora_core.job_output import error_text
from lora_core.versions import same_job

_LONGEST_RETRY_AFTER_S = 600.0
_LONGEST_ID = 200
_LONGEST_QUOTE = 300
_BLANK = b" \t\r\n\xef\xbb\xbf"
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


@dataclass(frozen=True)
class Accepted:
    """The endpoint took the training."""

    job_id: str


@dataclass(frozen=True)
class Refused:
    """The endpoint said no; nothing runs."""

    why: str


@dataclass(frozen=True)
class NotSent:
    """Nothing reached the endpoint, or it asked to come back later: safe to try again."""

    why: str
    retry_after_s: float | None = None


@dataclass(frozen=True)
class OutcomeUnknown:
    """A billed job may be running."""

    why: str


SubmitOutcome = Accepted | Refused | NotSent | OutcomeUnknown


@dataclass(frozen=True)
class Health:
    """What `/health` counts."""

    jobs: Mapping[str, int]
    workers: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
    """A whole reply: `json` is None when the body is no JSON."""

    status: int
    json: Any
    retry_after_s: float | None
    is_page: bool
    """Whether it is a web page: a gateway's, or that of a network which wants a sign-in first."""

    @classmethod
    def of(cls, status: int, body: bytes, retry_after: str | None) -> Self:
        """Reads body and header, whatever the reply says of their type."""
        is_page = body.lstrip(_BLANK).startswith(b"<")
        return cls(status, parsed_body(body), retry_after_s(retry_after), is_page)


def submit_outcome(answer: Answer) -> SubmitOutcome:
    body = answer.json if isinstance(answer.json, dict) else {}
    if 200 <= answer.status < 300:
        return _outcome_of_success(answer.status, body)
    said = _problem(body)
    match answer.status:
        case 429:
            why = "RunPod is taking no more requests just now (429). Nothing was sent; start it again in a few minutes."
            return NotSent(why, answer.retry_after_s)
        case 401:  # whoever says it, and with whatever words: it was not let in
            return Refused(
                f"RunPod does not accept the API key ({_number(401, said)}); check RUNPOD_API_KEY."
            )
        case 404 if said:
            return Refused(f"RunPod refused it (404): {said}. Check RUNPOD_ENDPOINT_ID and the API key.")
        case status if 400 <= status < 500 and status != 408 and said:
            return Refused(f"RunPod refused it ({status}): {said}")
        case status:
            return OutcomeUnknown(f"The endpoint answered {status} instead of a job id.")


def _outcome_of_success(status: int, body: Mapping[str, Any]) -> SubmitOutcome:
    job_id = body.get("id")
    if isinstance(job_id, str) and 0 < len(job_id.strip()) <= _LONGEST_ID:
        return Accepted(job_id.strip())
    # Only an error is a refusal: a message beside a lost id may speak of a job that runs.
    if not str(job_id or "").strip() and (error := error_text(body.get("error"))):
        return Refused(f"RunPod refused it: {error}")
    return OutcomeUnknown(f"The endpoint answered {status} without a job id.")


def job_evidence(answer: Answer, job_id: str) -> Evidence:
    body = answer.json
    # Only these words speak of the job; every other 404 (wrong endpoint, rotated key, redis) does not.
    if (
        answer.status == 404
        and isinstance(body, dict)
        and str(body.get("detail")).strip().casefold() == "job not found"
    ):
        return JobNotFound()
    # In an error body `status` is a number, in a job a word; and every job names itself.
    is_job = (
        isinstance(body, dict) and isinstance(body.get("status"), str) and isinstance(body.get("id"), str)
    )
    if answer.status != 200 or not is_job:
        return could_not_ask(answer)
    if not same_job(body["id"], job_id):
        return CouldNotAsk("The endpoint answered about another job; the lab asks again.")
    return job_from(body)


def job_from(body: Mapping[str, Any]) -> Job:
    """A job object, as /status answers it and the webhook brings it."""
    return Job(
        status=str(body.get("status")),
        output=body.get("output"),
        error=error_text(body.get("error")),
        delay_ms=_milliseconds(body.get("delayTime")),
        execution_ms=_milliseconds(body.get("executionTime")),
        retries=_milliseconds(body.get("retries")) or 0,
    )


def could_not_ask(answer: Answer) -> CouldNotAsk:
    said = _problem(answer.json) if isinstance(answer.json, dict) else None
    number = _number(answer.status, said)
    match answer.status:
        case 401:
            why = f"RunPod does not accept the API key ({number}); check RUNPOD_API_KEY."
        case 408:
            why = "RunPod gave up waiting for the request (408); the lab asks again."
        case 429:
            why = "RunPod asks to slow down (429); the lab waits and asks again."
        case status if status >= 500:
            why = f"RunPod has a problem of its own just now ({number}); the lab asks again."
        case status if 300 <= status < 400:
            why = (
                f"RunPod's address leads on to another one ({number}): check RUNPOD_BASE_URL, and sign in to this "
                "network, if it wants that."
            )
        case status if answer.is_page and status != 404:
            why = (
                f"A web page came in place of RunPod's answer ({number}): sign in to this network, if it wants that. "
                "The lab asks again."
            )
        case 403:
            why = f"RunPod denies access ({number}); check RUNPOD_API_KEY and what it is allowed to do."
        case 404:
            why = f"RunPod answered {number}; check RUNPOD_BASE_URL, RUNPOD_ENDPOINT_ID and the API key."
        case _:
            why = f"RunPod's answer ({number}) could not be understood; the lab asks again."
    return CouldNotAsk(why, answer.retry_after_s)


def _number(status: int, said: str | None) -> str:
    """The status as it stands in a sentence, with what the answer said."""
    return f"{status}: {said[:_LONGEST_QUOTE]}" if said else str(status)


def _problem(body: Mapping[str, Any]) -> str | None:
    for name in ("detail", "error", "message", "title"):
        if text := error_text(body.get(name)):
            return text
    return None


def parsed_body(body: bytes) -> Any:
    """A body as JSON; None when it is none. Half a character, as a cut text ends in one, becomes `?`."""
    try:
        parsed = json.loads(body)
        if _HALF_CHARACTER.search(body):  # could not be written into a record
            parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode(errors="replace"))
        return parsed
    except (ValueError, RecursionError):
        return None


def retry_after_s(header: str | None) -> float | None:
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), _LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    wait_s = (moment - datetime.now(UTC)).total_seconds()
    return min(max(0.0, wait_s), _LONGEST_RETRY_AFTER_S)


def _milliseconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 1e15 else None


def counts(value: object) -> dict[str, int]:
    return {k: v for k, v in value.items() if isinstance(v, int)} if isinstance(value, dict) else {}
