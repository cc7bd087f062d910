"""RunPod's webhook: who may call it, and which version it speaks of.

It is unsigned, may come twice, late, or never; so its address carries a signature of ours, and polling
stays the truth (docs/runpod.md).
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from lora_core.evidence import Job
from lora_core.runpod_answers import job_from, parsed_body
from lora_core.settings import Settings

PATH = "/webhooks/runpod/{request_id}/{token}"
BODY_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True)
class Delivery:
    """A webhook's body, as far as it can be read."""

    job_id: str
    request_id: str | None
    job: Job
    is_echoed: bool
    """Whether the body itself names the request: RunPod echoes what the job was submitted with."""


def webhook_url(settings: Settings, request_id: str) -> str | None:
    """The address that a job is given; None when webhooks are not configured."""
    if settings.lora_lab_public_url is None or settings.lora_lab_webhook_secret is None:
        return None
    token = webhook_token(settings.lora_lab_webhook_secret, request_id)
    return settings.lora_lab_public_url + PATH.format(request_id=request_id, token=token)


def webhook_token(secret: SecretStr, request_id: str) -> str:
    """HMAC-SHA256 of the request id, in hex."""
    return hmac.new(secret.get_secret_value().encode(), request_id.encode(), hashlib.sha256).hexdigest()


def is_genuine(settings: Settings, request_id: str, token: str) -> bool:
    """Whether the address is one that the lab gave out, compared in constant time."""
    secret = settings.lora_lab_webhook_secret
    if secret is None:
        return False
    return hmac.compare_digest(webhook_token(secret, request_id).encode(), token.encode())


def delivery(body: bytes, request_id: str | None = None) -> Delivery | None:
    """What the body says; None when it is no job object. `request_id` from the address goes first."""
    parsed = parsed_body(body)
    if (
        not isinstance(parsed, dict)
        or not isinstance(parsed.get("id"), str)
        or not isinstance(parsed.get("status"), str)
    ):
        return None
    echoed = _echoed_request_id(parsed)
    named = request_id or echoed
    return Delivery(parsed["id"], named, job_from(parsed), named is not None and named == echoed)


def _echoed_request_id(parsed: dict[str, Any]) -> str | None:
    echoed = parsed.get("input")
    config = echoed.get("training_config") if isinstance(echoed, dict) else None
    request_id = config.get("request_id") if isinstance(config, dict) else None
    return request_id if isinstance(request_id, str) else None
