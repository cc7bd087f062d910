"""The endpoint as the lab starts it, for tests."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from local_endpoint import Address
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.waiting import until


class EndpointProcess:
    """Starts `python -m local_endpoint` over a folder; ends what it started."""

    def __init__(self, folder: Path, *, idle_s: float = 60) -> None:
        self.state_dir = folder / "state"
        self.models_dir = folder / "models"
        self._idle_s = idle_s
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "EndpointProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more process over the same folder."""
        folders = ["--state-dir", str(self.state_dir), "--models-dir", str(self.models_dir)]
        process = subprocess.Popen(
            [sys.executable, "-m", "local_endpoint", *folders, "--idle-s", str(self._idle_s)],
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    @property
    def file(self) -> Path:
        return self.state_dir / "endpoint.json"

    @property
    def log(self) -> str:
        return (self.state_dir / "endpoint.log").read_text()

    def announcement(self, *, of: subprocess.Popen[bytes] | None = None) -> dict[str, Any]:
        """What endpoint.json says, once it is there (and comes from this process)."""

        def look() -> dict[str, Any] | None:
            if not self.file.exists():
                return None
            written: dict[str, Any] = json.loads(self.file.read_text())
            return written if of is None or written["pid"] == of.pid else None

        return until(look)

    def client(self, *, of: subprocess.Popen[bytes] | None = None) -> ApiClient:
        """A client of what is announced."""
        written = self.announcement(of=of)
        return ApiClient(
            Address(
                base_url=written["base_url"],
                endpoint_id=written["endpoint_id"],
                api_key=written["api_key"],
                instance_id=written["instance_id"],
                port=written["port"],
            )
        )

    def worker_pid(self) -> int:
        """The process of the job that was started last."""
        return int(until(lambda: re.findall(r"runs in process (\d+)", self.log))[-1])


def is_running(pid: int) -> bool:
    """Whether a process lives. One that is dead and not yet collected by its new parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() not in ("", "Z", "Zs")


def kill_hard(process: subprocess.Popen[bytes]) -> None:
    """kill -9: no handler runs, nothing is cleaned up."""
    process.send_signal(signal.SIGKILL)
    process.wait()
