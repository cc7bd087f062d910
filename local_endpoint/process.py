"""The life of the endpoint's process: one per state folder, found through `endpoint.json`, ends when idle."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from local_endpoint.server import Address, LocalEndpoint
from local_endpoint.subprocess_trainer import SubprocessTrainer

LOCK_FILE = "endpoint.lock"
ADDRESS_FILE = "endpoint.json"
LOG_FILE = "endpoint.log"
_HANDOVER_TRIES = 300
_HANDOVER_WAIT_S = 0.05
_MAX_LOG_BYTES = 5 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What the command line says."""

    state_dir: Path
    models_dir: Path
    workers: int = 2
    idle_s: float = 60.0
    retention_s: float = 1800.0


def serve(options: EndpointOptions) -> None:
    """Serve until idle or told to end. Returns at once when another process serves this state folder."""
    options.state_dir.mkdir(parents=True, exist_ok=True)
    with _sole_right(options.state_dir) as is_ours:
        if not is_ours:
            return
        # Left by a process that was killed: nobody answers there any more.
        (options.state_dir / ADDRESS_FILE).unlink(missing_ok=True)
        _log_to(options.state_dir / LOG_FILE)
        told_to_end = _end_on_signals()
        trainer = SubprocessTrainer(options.models_dir, log_path=options.state_dir / LOG_FILE)
        endpoint = LocalEndpoint(
            options.state_dir,
            trainer=trainer,
            max_workers=options.workers,
            retention_s=options.retention_s,
            keep_requests=False,
        )
        with endpoint.serving() as address, _announced(address, options):
            _wait_for_the_end(endpoint, told_to_end, options.idle_s)


@contextmanager
def _sole_right(state_dir: Path) -> Iterator[bool]:
    """Hold the lock for as long as we live; the operating system gives it back however we end."""
    with (state_dir / LOCK_FILE).open("a") as file:
        patience = _HANDOVER_TRIES
        # A holder without an address is starting or ending; the latter's place must be taken over.
        while not (is_ours := _is_locked(file)) and patience and not (state_dir / ADDRESS_FILE).exists():
            patience -= 1
            time.sleep(_HANDOVER_WAIT_S)
        yield is_ours


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _log_to(path: Path) -> None:
    """Send everything to the log file: a pipe that nobody reads would fill up and stop us."""
    if path.exists() and path.stat().st_size > _MAX_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # httpx logs whole addresses, and a webhook's address holds a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _end_on_signals() -> threading.Event:
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    return told_to_end


@contextmanager
def _announced(address: Address, options: EndpointOptions) -> Iterator[None]:
    path = options.state_dir / ADDRESS_FILE
    _write_private(path, json.dumps(_announcement(address, options), indent=2))
    _log.info("endpoint %s serves on port %d", address.endpoint_id, address.port)
    try:
        yield
    finally:
        _remove_if_ours(path, address.instance_id)
        _log.info("endpoint %s ends", address.endpoint_id)


def _announcement(address: Address, options: EndpointOptions) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "port": address.port,
        "base_url": address.base_url,
        "endpoint_id": address.endpoint_id,
        "api_key": address.api_key,
        "instance_id": address.instance_id,
        "models_dir": str(options.models_dir.absolute()),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _remove_if_ours(path: Path, instance_id: str) -> None:
    try:
        is_ours = json.loads(path.read_text())["instance_id"] == instance_id
    except (OSError, ValueError, KeyError):
        return
    if is_ours:
        path.unlink(missing_ok=True)


def _wait_for_the_end(endpoint: LocalEndpoint, told_to_end: threading.Event, idle_s: float) -> None:
    last_use = time.monotonic()
    last_count = endpoint.request_count
    while not told_to_end.wait(min(1.0, idle_s / 4)):
        if endpoint.is_busy() or endpoint.request_count != last_count:
            last_use, last_count = time.monotonic(), endpoint.request_count
        if time.monotonic() - last_use >= idle_s and endpoint.rest_if_idle():
            return
