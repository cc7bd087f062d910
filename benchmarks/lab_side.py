"""The lab's side, through its public verbs; `python -m benchmarks.lab_side FOLDER` obeys over pipes.

Statuses take the way that the monitor's take - an answer of the endpoint, the verdict, the record - but
without a network: a transport inside the process says that every job is completed.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from benchmarks.sample import (
    BASE_URL,
    DESCRIPTION,
    ENDPOINT_ID,
    IMAGE_COUNT,
    PARAMETERS,
    SELECTION_SET_ID,
    PreparedVersion,
    prepared_versions,
)
from benchmarks.workers import serve_pipes
from lora_core import Settings, TrainingLab, TrainingParameters, VersionStatus

STYLE_ID = "1"
HISTORY = "training_versions.json"


class LabSide:
    """One style in a lab below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, versions: int) -> int:
        """Writes the history in its own format; making each version by its verb would take minutes."""
        style = self._lab.create_style("Benchmark", style_id=STYLE_ID)
        home = self._lab.settings.root / style.folder
        names = [f"image_{number:03d}.jpg" for number in range(IMAGE_COUNT)]
        sets = {"sets": [{"id": SELECTION_SET_ID, "filenames": names}]}
        (home / "selection_sets.json").write_bytes(orjson.dumps(sets))
        prepared = prepared_versions(versions)
        write_history(home, prepared)
        return len(prepared)

    def create(self) -> int:
        self._lab.save_draft(
            STYLE_ID,
            parameters=TrainingParameters.model_validate(PARAMETERS),
            selection_set_id=SELECTION_SET_ID,
            description=DESCRIPTION,
        )
        return 1

    def set_status(self) -> int:
        check = self._lab.check_status(STYLE_ID, next(self._in_flight))
        if check.version.status is not VersionStatus.COMPLETED:
            raise RuntimeError(f"{check.version.name} was not completed: {check.sentence}")
        return 1

    def list(self) -> int:
        read = [
            (
                version.name,
                version.status,
                version.parameters.as_dict(),
                version.created_at,
                version.started_at,
                version.completed_at,
            )
            for version in self._lab.versions(STYLE_ID)
        ]
        return len(read)

    @cached_property
    def _lab(self) -> TrainingLab:
        return TrainingLab(settings(self._folder), transport=httpx.MockTransport(_completed))

    @cached_property
    def _in_flight(self) -> Iterator[str]:
        keys = [version.key for version in self._lab.versions(STYLE_ID) if version.is_in_flight()]
        return iter(keys)


def settings(folder: Path, **changes: Any) -> Settings:
    """A lab below `folder`, with nothing from the environment."""
    values: dict[str, Any] = {
        "lora_lab_root": str(folder / "styles"),
        "lora_lab_models": folder / "models",
        "lora_lab_state_dir": folder / "state",
        "runpod_api_key": SecretStr("benchmark"),
        "runpod_endpoint_id": ENDPOINT_ID,
        "runpod_base_url": BASE_URL,
        "s3_bucket": None,
    }
    return Settings(_env_file=None, **{**values, **changes})


def write_history(home: Path, versions: list[PreparedVersion]) -> None:
    """The versions, oldest first, as the history of the style whose folder is `home`."""
    content = {"versions": [_record(version) for version in reversed(versions)]}
    (home / HISTORY).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def _record(version: PreparedVersion) -> dict[str, object]:
    created, started = _iso(version.created_ms), _iso(version.started_ms)
    record = {
        "id": version.job_id,
        "name": version.name,
        "description": DESCRIPTION,
        "timestamp": created,
        "parameters": dict(PARAMETERS),
        "selectionSetId": SELECTION_SET_ID,
        "imageCount": IMAGE_COUNT,
        "status": version.status,
        "isGood": False,
        "key": version.key,
        "requestId": version.request_id,
        "modelName": version.model_name,
        "submission": {
            "state": "sent",
            "at": created,
            "submittedAt": created,
            "baseUrl": BASE_URL,
            "endpointId": ENDPOINT_ID,
            "executionTimeout": 21_600_000,
            "ttl": 86_400_000,
        },
        "startedAt": started,
    }
    if version.completed_ms is not None:
        record |= {"completedAt": _iso(version.completed_ms), "loraUrl": version.model_url}
    return record


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _completed(request: httpx.Request) -> httpx.Response:
    job_id = request.url.path.rpartition("/")[2]
    output = {"status": "success", "loraUrl": f"https://bucket.s3.amazonaws.com/{job_id}.safetensors"}
    job = {"id": job_id, "status": "COMPLETED", "output": output, "executionTime": 45_000, "delayTime": 5_000}
    return httpx.Response(200, json=job)


if __name__ == "__main__":
    serve_pipes(LabSide(Path(sys.argv[1])))
