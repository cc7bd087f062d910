"""Jobs on disk: one SQLite file per state folder, which also holds the endpoint's name and key."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from local_endpoint.jobs import Job, JobStatus, JsonObject

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    execution_timeout_ms INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    webhook TEXT,
    started_at REAL,
    ended_at REAL,
    worker_id TEXT,
    output TEXT,
    error TEXT,
    retries INTEGER NOT NULL,
    input TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, position);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# Everything but the input, which can be 10 MiB and is wanted only when a worker starts.
_JOB_COLUMNS = (
    "id, status, submitted_at, execution_timeout_ms, ttl_ms, webhook,"
    " started_at, ended_at, worker_id, output, error, retries"
)


class JobStore:
    """Reads and writes jobs. Not thread-safe by itself: the queue's lock guards every call."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file holds the bearer key, so nobody else may read it; SQLite gives its WAL the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(_SCHEMA)
        self.endpoint_id = self._setting("endpoint_id", f"local-{secrets.token_hex(4)}")
        """Stays the same for the life of the state folder, so that a stored version finds its job again."""
        self.api_key = self._setting("api_key", secrets.token_urlsafe(32))

    def close(self) -> None:
        """Give the file back; the store cannot be used afterwards."""
        self._connection.close()

    def add(self, job: Job, job_input: JsonObject) -> None:
        """Put a new job at the end of the queue."""
        marks = ", ".join("?" * 13)
        self._connection.execute(
            f"INSERT INTO jobs ({_JOB_COLUMNS}, input) VALUES ({marks})",
            (*_row_of(job), json.dumps(job_input)),
        )

    def save(self, job: Job) -> None:
        """Write back what can change of a job."""
        self._connection.execute(
            "UPDATE jobs SET status = ?, started_at = ?, ended_at = ?, worker_id = ?, output = ?, error = ?,"
            " retries = ? WHERE id = ?",
            (*_changing_part(job), job.id),
        )

    def job(self, job_id: str) -> Job | None:
        """The job of this id, or None."""
        found = self._jobs("WHERE id = ?", job_id)
        return found[0] if found else None

    def input_of(self, job_id: str) -> JsonObject:
        """The `input` object that the job was submitted with."""
        row = self._connection.execute("SELECT input FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return dict(json.loads(row[0]))

    def jobs(self) -> list[Job]:
        """Every job that is still remembered, in the order of submission."""
        return self._jobs("ORDER BY position")

    def with_status(self, status: JobStatus) -> list[Job]:
        """The jobs of one status, in the order of submission."""
        return self._jobs("WHERE status = ? ORDER BY position", status)

    def next_queued(self) -> Job | None:
        """The job that has waited longest."""
        found = self._jobs("WHERE status = ? ORDER BY position LIMIT 1", JobStatus.IN_QUEUE)
        return found[0] if found else None

    def count(self, status: JobStatus) -> int:
        """How many jobs have this status."""
        row = self._connection.execute("SELECT COUNT(*) FROM jobs WHERE status = ?", (status,)).fetchone()
        return int(row[0])

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        self._connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def delete_ended_before(self, moment: float) -> None:
        """Forget the jobs that ended at or before `moment`, in epoch seconds."""
        self._connection.execute("DELETE FROM jobs WHERE ended_at <= ?", (moment,))

    def past_ttl(self, now: float) -> list[Job]:
        """The jobs that their ttl deletes now."""
        return self._jobs("WHERE submitted_at + ttl_ms / 1000.0 <= ?", now)

    def past_execution_timeout(self, now: float) -> list[Job]:
        """The jobs that have run for longer than their policy allows."""
        condition = "WHERE status = ? AND started_at + execution_timeout_ms / 1000.0 <= ? ORDER BY position"
        return self._jobs(condition, JobStatus.IN_PROGRESS, now)

    def _jobs(self, condition: str, *values: Any) -> list[Job]:
        rows = self._connection.execute(f"SELECT {_JOB_COLUMNS} FROM jobs {condition}", values)
        return [_job_of(row) for row in rows]

    def _setting(self, name: str, first_value: str) -> str:
        self._connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, first_value))
        row = self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0])


def _changing_part(job: Job) -> tuple[Any, ...]:
    output = None if job.output is None else json.dumps(job.output)
    return job.status, job.started_at, job.ended_at, job.worker_id, output, job.error, job.retries


def _row_of(job: Job) -> tuple[Any, ...]:
    status, *rest = _changing_part(job)
    return (
        job.id,
        status,
        job.submitted_at,
        job.execution_timeout_ms,
        job.ttl_ms,
        job.webhook,
        *rest,
    )


def _job_of(row: tuple[Any, ...]) -> Job:
    job_id, status, submitted_at, timeout_ms, ttl_ms, webhook, started_at, ended_at, worker, output, *rest = (
        row
    )
    error, retries = rest
    return Job(
        id=job_id,
        status=JobStatus(status),
        submitted_at=submitted_at,
        execution_timeout_ms=timeout_ms,
        ttl_ms=ttl_ms,
        webhook=webhook,
        started_at=started_at,
        ended_at=ended_at,
        worker_id=worker,
        output=None if output is None else json.loads(output),
        error=error,
        retries=retries,
    )
