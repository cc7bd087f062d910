"""What `POST /run` takes, and the sentences with which it refuses the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local_endpoint.jobs import JsonObject

MAX_BODY_BYTES = 10 * 1024 * 1024
DEFAULT_EXECUTION_TIMEOUT_MS = 10 * 60 * 1000
DEFAULT_TTL_MS = 24 * 60 * 60 * 1000
MAX_POLICY_MS = 7 * 24 * 60 * 60 * 1000


class BadRequestError(ValueError):
    """The request cannot be taken; the message becomes the `detail` of a 400."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The parts of a request that the endpoint knows; other top-level keys are dropped, as RunPod does."""

    input: JsonObject
    webhook: str | None
    execution_timeout_ms: int
    ttl_ms: int


def parse_run_request(body: bytes) -> RunRequest:
    """Read the body of `POST /run`.

    Raises BadRequestError for a body over 10 MiB, for what is not JSON, and for a value of a wrong kind.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BadRequestError("request body is larger than 10 MiB")
    document = _json_object(body)
    policy = document.get("policy") or {}
    if not isinstance(policy, dict):
        raise BadRequestError("policy must be an object")
    return RunRequest(
        input=_input_of(document),
        webhook=_webhook_of(document),
        execution_timeout_ms=_policy_ms(policy, "executionTimeout", DEFAULT_EXECUTION_TIMEOUT_MS),
        ttl_ms=_policy_ms(policy, "ttl", DEFAULT_TTL_MS),
    )


def _json_object(body: bytes) -> JsonObject:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("request body is not valid JSON") from error
    if not isinstance(document, dict):
        raise BadRequestError("request body must be a JSON object")
    return document


def _input_of(document: JsonObject) -> JsonObject:
    job_input = document.get("input")
    if not isinstance(job_input, dict) or not job_input:
        raise BadRequestError("input must be a non-empty object")
    return job_input


def _webhook_of(document: JsonObject) -> str | None:
    webhook = document.get("webhook") or None
    if webhook is None or (isinstance(webhook, str) and webhook.startswith(("http://", "https://"))):
        return webhook
    raise BadRequestError("webhook must be an http or https address")


def _policy_ms(policy: JsonObject, name: str, default: int) -> int:
    value: Any = policy.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadRequestError(f"policy.{name} must be a positive number of milliseconds")
    if value > MAX_POLICY_MS:
        raise BadRequestError(f"policy.{name} must be at most 7 days")
    return value
