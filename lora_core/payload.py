"""The body of `POST /run` for one version, and the addresses of its files."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lora_core.parameters import TrainingParameters
from lora_core.workflow import style_graph


def run_request(
    *,
    style_id: str,
    request_id: str,
    model_name: str,
    parameters: TrainingParameters,
    file_urls: Sequence[str],
    user_id: str,
    tenant_id: str,
    mode: str,
    execution_timeout_ms: int,
    ttl_ms: int,
    webhook: str | None = None,
) -> dict[str, Any]:
    """What RunPod gets; the container reads `input` only.

    `request_id` begins with `style_id`, as the container finds the style by it. `file_urls` are images and
    captions. Raises ValueError where the container would train something else than the version says.
    """
    if not request_id.startswith(f"{style_id}_"):
        raise ValueError(f"The request id {request_id!r} must begin with {style_id}_.")
    if parameters.class_tokens is None:
        raise ValueError("class_tokens are not settled: call with_class_tokens first.")
    training_config = {
        "mode": mode,
        "user_id": user_id,
        "tenant_id": tenant_id,
        "request_id": request_id,
        "model_name": model_name,
        "learning_rate": parameters.learning_rate,
        "max_train_steps": parameters.max_train_steps,
    }
    body: dict[str, Any] = {
        "input": {
            "workflow": style_graph(parameters),
            "training_data": {"s3_urls": list(file_urls)},
            "training_config": training_config,
            # RunPod drops unknown keys beside `input`, so what is ours goes into it.
            "parameters": parameters.model_dump(),
        },
        # RunPod's own default for executionTimeout, 10 minutes, is too short for any training.
        "policy": {"executionTimeout": execution_timeout_ms, "ttl": ttl_ms},
    }
    return body | {"webhook": webhook} if webhook else body


def s3_url(bucket: str, prefix: str, style_id: str, filename: str) -> str:
    """`s3://bucket/prefix/16/name`, raw: the container does not decode percent signs.

    Raises ValueError for # and ?, at which the container would end the key.
    """
    key = "/".join(part for part in (prefix.strip("/"), style_id, filename) if part)
    if "#" in key or "?" in key:
        raise ValueError(f"The trainer cannot fetch {filename!r}: rename it without # and ?.")
    return f"s3://{bucket}/{key}"


def file_url(path: Path) -> str:
    """A local file's `file://` URL, percent-encoded, for the endpoint on this machine."""
    return path.absolute().as_uri()


def caption_name(filename: str) -> str:
    """The name of an image's caption file: the same stem, `.txt`."""
    return f"{PurePosixPath(filename).stem}.txt"
