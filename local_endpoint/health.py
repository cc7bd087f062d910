"""What `GET /health` answers."""

from __future__ import annotations

from collections import Counter

from local_endpoint.jobs import Job, JobStatus, JsonObject


def health_of(jobs: list[Job], max_workers: int) -> JsonObject:
    """RunPod's counts of jobs and workers. A worker here is ready at once and never throttled."""
    count = Counter(job.status for job in jobs)
    running = count[JobStatus.IN_PROGRESS]
    idle = max(0, max_workers - running)
    return {
        "jobs": {
            "completed": count[JobStatus.COMPLETED],
            "failed": count[JobStatus.FAILED],
            "inProgress": running,
            "inQueue": count[JobStatus.IN_QUEUE],
            "retried": sum(job.retries for job in jobs),
        },
        "workers": {
            "idle": idle,
            "initializing": 0,
            "ready": idle,
            "running": running,
            "throttled": 0,
            "unhealthy": 0,
        },
    }
