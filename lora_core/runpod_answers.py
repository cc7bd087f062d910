"""What RunPod's answers mean: an outcome of a submission, or evidence of a job. Pure, and total.

The forms are written out in docs/runpod.md; nothing that a server can send raises.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lora_core.evidence import CouldNotAsk, Evidence, Job, JobNotFound
from lora_core.job_output import error_text
from lora_core.versions import same_job

_LONGEST_RETRY_AFTER_S = 600.0
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


def submit_outcome(answer: Answer) -> SubmitOutcome:
    body = answer.json if isinstance(answer.json, dict) else {}
    job_id = body.get("id")
    if 200 <= answer.status < 300:
        if isinstance(job_id, str) and job_id.strip():
            return Accepted(job_id)
        # Only an error is a refusal: a message beside a lost id may speak of a job that runs.
        if error := error_text(body.get("error")):
            return Refused(f"RunPod refused it: {error}")
        return OutcomeUnknown(f"The endpoint answered {answer.status} without a job id.")
    if answer.status == 429:
        return NotSent("RunPod is taking no more requests just now (429).", answer.retry_after_s)
    if 400 <= answer.status < 500 and answer.status != 408 and (said := _problem(body)):
        return Refused(f"RunPod refused it ({answer.status}): {said}")
    return OutcomeUnknown(f"The endpoint answered {answer.status} instead of a job id.")


def job_evidence(answer: Answer, job_id: str) -> Evidence:
    body = answer.json
    # Only these words speak of the job; every other 404 (wrong endpoint, rotated key, redis) does not.
    if (
        answer.status == 404
        and isinstance(body, dict)
        and str(body.get("detail")).strip().casefold() == "job not found"
    ):
        return JobNotFound()
    # In an error body `status` is a number, in a job a word.
    if answer.status != 200 or not isinstance(body, dict) or not isinstance(body.get("status"), str):
        return could_not_ask(answer)
    if isinstance(body.get("id"), str) and not same_job(body["id"], job_id):
        return CouldNotAsk("The endpoint answered about another job.")
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
    match answer.status:
        case 401 | 403:
            why = "RunPod does not accept the API key; check RUNPOD_API_KEY."
        case 429:
            why = "RunPod asks to slow down (429); the lab waits and asks again."
        case 404:
            why = f"RunPod answered 404 ({said or 'no reason'}); check RUNPOD_ENDPOINT_ID and the API key."
        case status if status >= 500:
            why = f"RunPod has a problem of its own just now ({status}); the lab asks again."
        case status:
            why = f"RunPod's answer ({status}) could not be understood; the lab asks again."
    return CouldNotAsk(why, answer.retry_after_s)


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
