"""Reading what a worker left as a job's `output` and `error`, leniently."""

import json
from collections.abc import Mapping
from enum import Enum

from lora_core.json_text import well_formed

_LONGEST_ERROR = 20_000
"""Characters of an error that go into a record: a traceback, not a whole log."""


class OutputKind(Enum):
    """What an output of a COMPLETED job says."""

    SUCCESS = "success"
    FAILURE = "failure"
    EMPTY = "empty"
    """Neither: nothing, or something that names no model and no failure."""


def output_kind(output: object) -> OutputKind:
    """`status: failed` or an `error` is a failure even where an address is given."""
    if not isinstance(output, Mapping):
        return OutputKind.EMPTY
    status = str(output.get("status") or "").casefold()
    if status in ("failed", "error") or output.get("error"):
        return OutputKind.FAILURE
    if status in ("success", "completed") or output_url(output):
        return OutputKind.SUCCESS
    return OutputKind.EMPTY


def output_url(output: object) -> str | None:
    """The model's address: `loraUrl`, `s3_url` or `model_info.download_url`."""
    if not isinstance(output, Mapping):
        return None
    info = output.get("model_info")
    nested = info.get("download_url") if isinstance(info, Mapping) else None
    candidates = (output.get("loraUrl"), output.get("s3_url"), nested)
    return next((url for url in candidates if isinstance(url, str) and url.strip()), None)


def failure_of(output: object) -> str:
    """The trainer's own words for its failure."""
    if isinstance(output, Mapping):
        for name in ("error", "message"):
            if text := error_text(output.get(name)):
                return text
    return "The trainer says that it failed and gives no reason."


def error_text(error: object) -> str | None:
    """An error in words; RunPod's is sometimes JSON text with `error_type` and `error_message`."""
    if isinstance(error, str):
        text = _message_of(_parsed(error)) or error.strip()
    else:
        text = _message_of(error) or (json.dumps(error, default=str) if error else "")
    return well_formed(text[:_LONGEST_ERROR]) or None


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None


def _message_of(error: object) -> str | None:
    if not isinstance(error, Mapping):
        return None
    message = error.get("error_message") or error.get("message") or error.get("detail")
    kind = error.get("error_type")
    if not message:
        return None
    return f"{kind}: {message}" if kind else str(message)
