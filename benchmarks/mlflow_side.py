"""MLflow's side, on its SQLite tracking store; `python -m benchmarks.mlflow_side FOLDER` obeys over pipes.

Runs in an environment of its own (see mlflow_environment.py). What of a version MLflow has a field for goes
there: name, status, start and end; the rest are parameters and tags.
"""

import logging
import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

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

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read by the import below

from mlflow import MlflowClient  # type: ignore[import-not-found]
from mlflow.entities import Param, RunStatus  # type: ignore[import-not-found]

_EXPERIMENT = "Benchmark"
_PAGE = 50_000  # the most that MLflow allows, which is its fastest
_PARAMETERS = [Param(name, str(value)) for name, value in PARAMETERS.items()]


class MlflowSide:
    """One experiment in a tracking store below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = folder / "mlflow.db"
        self._made = 0

    def prepare(self, versions: int) -> int:
        """Makes one run through MLflow and copies its rows; making each one would take minutes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._client.create_experiment(_EXPERIMENT, artifact_location=str(self._folder / "artifacts"))
        prepared = prepared_versions(versions)
        template = self._made_run(prepared[0].name, _tags(prepared[0]), prepared[0].created_ms)
        with sqlite3.connect(self._database) as connection:
            for version in prepared:
                _copy_run(connection, template, version)
            for table in ("params", "tags", "runs"):
                connection.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (template,))
        connection.close()
        return len(prepared)

    def create(self) -> int:
        self._made += 1
        number = 1_000_000 + self._made
        tags = {
            "description": DESCRIPTION,
            "selectionSetId": str(SELECTION_SET_ID),
            "imageCount": str(IMAGE_COUNT),
            "isGood": "false",
            "status": "draft",
            "key": str(uuid.uuid4()),
            "requestId": f"1_{time.time_ns() // 1_000_000}",
        }
        self._made_run(f"V{number}", tags, time.time_ns() // 1_000_000)
        return 1

    def set_status(self) -> int:
        run_id = next(self._in_flight)
        self._client.set_tag(run_id, "loraUrl", f"https://bucket.s3.amazonaws.com/{run_id}.safetensors")
        self._client.set_terminated(run_id, "FINISHED")
        return 1

    def list(self) -> int:
        read = [
            (
                run.info.run_name,
                run.info.status,
                run.data.params,
                run.info.start_time,
                run.data.tags.get("startedAt"),
                run.info.end_time,
            )
            for run in self._runs()
        ]
        return len(read)

    @cached_property
    def _client(self) -> Any:
        return MlflowClient(f"sqlite:///{self._database}")

    @cached_property
    def _experiment_id(self) -> str:
        return str(self._client.get_experiment_by_name(_EXPERIMENT).experiment_id)

    @cached_property
    def _in_flight(self) -> Iterator[str]:
        running = RunStatus.to_string(RunStatus.RUNNING)
        ids = [
            run.info.run_id
            for run in self._runs()
            if run.info.status == running and run.data.tags["status"] == "training"
        ]
        return iter(ids)

    def _made_run(self, name: str, tags: dict[str, str], start_ms: int) -> str:
        run = self._client.create_run(self._experiment_id, start_time=start_ms, tags=tags, run_name=name)
        self._client.log_batch(run.info.run_id, params=_PARAMETERS)
        return str(run.info.run_id)

    def _runs(self) -> Iterator[Any]:
        token: str | None = None
        while True:
            page = self._client.search_runs([self._experiment_id], max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return


def _tags(version: PreparedVersion) -> dict[str, str]:
    tags = {
        "description": DESCRIPTION,
        "selectionSetId": str(SELECTION_SET_ID),
        "imageCount": str(IMAGE_COUNT),
        "isGood": "false",
        "status": version.status,
        "key": version.key,
        "requestId": version.request_id,
        "jobId": version.job_id,
        "modelName": version.model_name,
        "submission": f"sent {BASE_URL} {ENDPOINT_ID} {version.created_ms} 21600000 86400000",
        "startedAt": str(version.started_ms),
    }
    return tags if version.is_in_flight else {**tags, "loraUrl": version.model_url}


def _copy_run(connection: sqlite3.Connection, template: str, version: PreparedVersion) -> None:
    run_id = uuid.uuid4().hex
    own = {
        "run_uuid": run_id,
        "name": version.name,
        "status": "RUNNING" if version.is_in_flight else "FINISHED",
        "start_time": version.created_ms,
        "end_time": version.completed_ms,
    }
    columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    taken = ", ".join(f":{name}" if name in own else _as_copied(name) for name in columns)
    connection.execute(
        f"INSERT INTO runs ({', '.join(columns)}) SELECT {taken} FROM runs WHERE run_uuid = :template",
        {**own, "template": template},
    )
    connection.execute(
        "INSERT INTO params (key, value, run_uuid) SELECT key, value, ? FROM params WHERE run_uuid = ?",
        (run_id, template),
    )
    tags = {**_tags(version), "mlflow.runName": version.name}
    connection.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
        [(key, value, run_id) for key, value in tags.items()],
    )


def _as_copied(column: str) -> str:
    return f"replace({column}, :template, :run_uuid)" if column == "artifact_uri" else column


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    serve_pipes(MlflowSide(Path(sys.argv[1])))
