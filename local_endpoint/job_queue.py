"""The queue: first come first served, a fixed number of workers, every rule about when a job ends."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local_endpoint.health import health_of
from local_endpoint.job_store import JobStore
from local_endpoint.jobs import EXECUTION_TIMEOUT_ERROR, Job, JobStatus, JsonObject
from local_endpoint.run_request import RunRequest
from local_endpoint.trainers import Ending, Trainer
from local_endpoint.webhooks import WebhookSender

_log = logging.getLogger(__name__)
_ANNOUNCED = (JobStatus.COMPLETED, JobStatus.FAILED)


class JobQueue:
    """Every change of a job goes through here, under one lock; also the `Reports` of the trainer."""

    def __init__(
        self,
        store: JobStore,
        trainer: Trainer,
        webhooks: WebhookSender,
        *,
        clock: Callable[[], float],
        max_workers: int,
        retention_s: float,
    ) -> None:
        # Re-entrant: a trainer may end a job from inside `start`.
        self._lock = threading.RLock()
        self._store = store
        self._trainer = trainer
        self._webhooks = webhooks
        self._clock = clock
        self._max_workers = max_workers
        self._retention_s = retention_s
        trainer.attach(self)

    def open(self) -> None:
        """Settle what an earlier process left behind, and start what waits."""
        with self._lock:
            for job in self._store.with_status(JobStatus.IN_PROGRESS):
                self._end(job, Ending.worker_lost())
            self.tick()

    def submit(self, request: RunRequest) -> Job:
        """Take a job. The answer says IN_QUEUE, even when a free worker has begun with it already."""
        job = Job(
            id=f"{uuid.uuid4()}-u1",
            status=JobStatus.IN_QUEUE,
            submitted_at=self._clock(),
            execution_timeout_ms=request.execution_timeout_ms,
            ttl_ms=request.ttl_ms,
            webhook=request.webhook,
        )
        with self._lock:
            self._store.add(job, request.input)
            _log.info("job %s queued", job.id)
            self.tick()
        return job

    def job(self, job_id: str) -> Job | None:
        """The job as it is now, or None when it is not, or no longer, known."""
        with self._lock:
            self.tick()
            return self._store.job(job_id)

    def jobs(self) -> list[Job]:
        """All jobs as they are now, in the order of submission."""
        with self._lock:
            self.tick()
            return self._store.jobs()

    def cancel(self, job_id: str) -> Job | None:
        """Cancel a waiting or running job; a final one stays what it is. None when it is not known."""
        with self._lock:
            self.tick()
            job = self._store.job(job_id)
            if job is None or job.status.is_final:
                return job
            self._stop(job)
            ended = self._end(job, Ending(JobStatus.CANCELLED))
            self._start_waiting()
            return ended

    def forget(self, job_id: str) -> None:
        """Drop a job at once, as its retention or ttl would; a running one loses its worker."""
        with self._lock:
            job = self._store.job(job_id)
            if job is not None:
                self._stop(job)
                self._store.delete(job_id)
                self._start_waiting()

    def set_max_workers(self, max_workers: int) -> None:
        """Change how many jobs run at a time; 0 keeps new ones in the queue."""
        with self._lock:
            self._max_workers = max_workers
            self._start_waiting()

    def is_busy(self) -> bool:
        """Whether a job waits or runs."""
        with self._lock:
            return any(self._store.count(status) for status in (JobStatus.IN_QUEUE, JobStatus.IN_PROGRESS))

    def rest_if_idle(self) -> bool:
        """Start no more jobs if none is there; one that still comes in waits for the next process."""
        with self._lock:
            if self.is_busy():
                return False
            self._max_workers = 0
            return True

    def lose_workers(self) -> None:
        """The endpoint ends: what runs is lost, what waits stays in the queue."""
        with self._lock:
            self._max_workers = 0
            for job in self._store.with_status(JobStatus.IN_PROGRESS):
                self._stop(job)
                self._end(job, Ending.worker_lost())

    def health(self) -> JsonObject:
        """The body of `GET /health`, counted over the jobs that are still remembered."""
        with self._lock:
            return health_of(self.jobs(), self._max_workers)

    def progressed(self, job_id: str, output: Any) -> bool:
        """See `Reports`."""
        with self._lock:
            job = self._running(job_id)
            if job is not None:
                self._store.save(replace(job, output=output))
            return job is not None

    def ended(self, job_id: str, ending: Ending) -> bool:
        """See `Reports`."""
        with self._lock:
            job = self._running(job_id)
            if job is None:
                return False
            self._end(job, ending)
            self._start_waiting()
            return True

    def tick(self) -> None:
        """Apply every rule that depends on the time."""
        with self._lock:
            now = self._clock()
            self._store.delete_ended_before(now - self._retention_s)
            for job in self._store.past_ttl(now):
                _log.info("job %s deleted: its ttl is over", job.id)
                self._stop(job)
                self._store.delete(job.id)
            for job in self._store.past_execution_timeout(now):
                self._stop(job)
                self._end(job, Ending.failed(EXECUTION_TIMEOUT_ERROR))
            self._start_waiting()

    def _start_waiting(self) -> None:
        while self._store.count(JobStatus.IN_PROGRESS) < self._max_workers:
            job = self._store.next_queued()
            if job is None:
                return
            self._start(job)

    def _start(self, job: Job) -> None:
        worker_id = uuid.uuid4().hex[:14]
        self._store.save(
            replace(job, status=JobStatus.IN_PROGRESS, started_at=self._clock(), worker_id=worker_id)
        )
        _log.info("job %s started on worker %s", job.id, worker_id)
        self._trainer.start(job.id, self._store.input_of(job.id))

    def _running(self, job_id: str) -> Job | None:
        job = self._store.job(job_id)
        return job if job is not None and job.status is JobStatus.IN_PROGRESS else None

    def _stop(self, job: Job) -> None:
        if job.status is JobStatus.IN_PROGRESS:
            self._trainer.stop(job.id)

    def _end(self, job: Job, ending: Ending) -> Job:
        ended = replace(
            job,
            status=ending.status,
            output=ending.output,
            error=ending.error,
            retries=ending.retries,
            ended_at=self._clock(),
            # A lost worker has no name in RunPod's answer.
            worker_id=None if ending == Ending.worker_lost() else job.worker_id,
        )
        self._store.save(ended)
        _log.info("job %s ended: %s", job.id, ended.status)
        if ended.webhook and ended.status in _ANNOUNCED:
            payload = {**ended.reply(), "input": self._store.input_of(job.id), "webhook": ended.webhook}
            self._webhooks.send(ended.webhook, payload)
        return ended
