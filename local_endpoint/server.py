"""The endpoint as an object: a server in a thread, with its queue, store and trainer."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from local_endpoint.api import JobApi
from local_endpoint.calls import CallLog
from local_endpoint.faults import Call, FaultHook
from local_endpoint.job_queue import JobQueue
from local_endpoint.job_store import JobStore
from local_endpoint.jobs import Job
from local_endpoint.threads import quiet_server, running, ticking
from local_endpoint.trainers import Trainer
from local_endpoint.webhooks import WebhookSender
from local_endpoint.wire import Transports, Wire, tracked_protocol

HOST = "127.0.0.1"
_BACKLOG = 128
_DATABASE = "endpoint.sqlite"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the endpoint answers, and with which key."""

    base_url: str
    """As RUNPOD_BASE_URL would be: `http://127.0.0.1:{port}/v2`."""
    endpoint_id: str
    api_key: str = field(repr=False)
    instance_id: str
    """Another one each time it is served; in every reply as `X-Local-Endpoint`."""
    port: int


class NotServingError(RuntimeError):
    """The endpoint was asked for something that it can only do inside `serving()`."""


class LocalEndpoint:
    """RunPod's job API over one state folder.

    `clock` gives epoch seconds for every rule about time. `faults` is asked before each request is handled.
    `retention_s` is how long a job is remembered after its end; `webhook_retry_s` the pause between tries.
    `keep_requests` off is for a process that runs for days.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        trainer: Trainer,
        clock: Callable[[], float] = time.time,
        max_workers: int = 2,
        retention_s: float = 1800,
        faults: FaultHook | None = None,
        webhook_retry_s: float = 10.0,
        keep_requests: bool = True,
    ) -> None:
        self._state_dir = Path(state_dir)
        self._trainer = trainer
        self._clock = clock
        self._max_workers = max_workers
        self._retention_s = retention_s
        self._faults = faults
        self._webhook_retry_s = webhook_retry_s
        self._calls = CallLog(keep=keep_requests)
        self._queue: JobQueue | None = None
        self._webhooks: WebhookSender | None = None

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Address]:
        """Serve in a thread until the block ends; then what runs is lost, and what waits stays queued.

        Can be entered again, as after a restart: endpoint id and key stay, the instance id is new.
        """
        with ExitStack() as stack:
            listener = stack.enter_context(_listener(port))
            store = JobStore(self._state_dir / _DATABASE)
            stack.callback(store.close)
            webhooks = WebhookSender(retry_s=self._webhook_retry_s)
            stack.callback(webhooks.close)
            stack.callback(self._trainer.close)
            self._queue = self._new_queue(store, webhooks)
            self._webhooks = webhooks
            stack.callback(self._forget_queue)
            stack.callback(self._queue.lose_workers)
            self._queue.open()
            address = _address(listener, store)
            stack.enter_context(running(self._server(address), listener))
            stack.enter_context(ticking(self._queue.tick))
            yield address

    @property
    def requests(self) -> list[Call]:
        """Every request so far, in order, whatever became of it."""
        return self._calls.copy()

    @property
    def request_count(self) -> int:
        """How many requests have come in since this object was made."""
        return self._calls.total

    def jobs(self) -> list[Job]:
        """Every job that the endpoint remembers, in the order of submission."""
        return self._serving_queue().jobs()

    def tick(self) -> None:
        """Apply the rules about time now instead of within half a second."""
        self._serving_queue().tick()

    def forget(self, job_id: str) -> None:
        """Drop a job, as if its retention had passed."""
        self._serving_queue().forget(job_id)

    def set_max_workers(self, max_workers: int) -> None:
        """Change how many jobs run at a time; 0 keeps them in the queue."""
        self._max_workers = max_workers
        self._serving_queue().set_max_workers(max_workers)

    def is_busy(self) -> bool:
        """Whether a job waits or runs, or a webhook is under way."""
        webhooks = self._webhooks
        return self._serving_queue().is_busy() or (webhooks is not None and webhooks.is_busy())

    def rest_if_idle(self) -> bool:
        """Take up no more work if there is none; False when there is some."""
        return not self.is_busy() and self._serving_queue().rest_if_idle()

    def _serving_queue(self) -> JobQueue:
        if self._queue is None:
            raise NotServingError("The endpoint is not being served.")
        return self._queue

    def _forget_queue(self) -> None:
        self._queue = self._webhooks = None

    def _new_queue(self, store: JobStore, webhooks: WebhookSender) -> JobQueue:
        return JobQueue(
            store,
            self._trainer,
            webhooks,
            clock=self._clock,
            max_workers=self._max_workers,
            retention_s=self._retention_s,
        )

    def _server(self, address: Address) -> uvicorn.Server:
        transports: Transports = {}
        api = JobApi(self._serving_queue(), endpoint_id=address.endpoint_id, api_key=address.api_key)
        wire = Wire(
            api.application(),
            instance_id=address.instance_id,
            transports=transports,
            clock=self._clock,
            faults=self._faults,
            calls=self._calls,
        )
        return quiet_server(wire, tracked_protocol(transports))


def _listener(port: int) -> socket.socket:
    # asyncio sends small packets at once only where the protocol is named; else each reply takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket, store: JobStore) -> Address:
    port = int(listener.getsockname()[1])
    return Address(
        base_url=f"http://{HOST}:{port}/v2",
        endpoint_id=store.endpoint_id,
        api_key=store.api_key,
        instance_id=str(uuid.uuid4()),
        port=port,
    )
