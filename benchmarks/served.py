"""A Streamlit server in a process of its own: the lab, or a page that it is compared with."""

import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[1]
LAB: Final = ROOT / "app.py"
BARE_PAGE: Final = ROOT / "benchmarks" / "bare_page.py"
EMPTY_PAGE: Final = ROOT / "benchmarks" / "empty_page.py"

_OURS: Final = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_", "STREAMLIT_", "BENCHMARK_")
_HEALTHY_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1


_NO_QUESTIONS: Final = ("--server.headless", "true", "--browser.gatherUsageStats", "false")


class Served:
    """`streamlit run script` on a free port, as a user starts it; `folder` takes the lab's files and the log.

    The lab has its `.streamlit/config.toml`; what it is compared with is Streamlit as it comes.
    """

    def __init__(self, script: Path, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{script.stem}.log"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}/"
        with self._log.open("ab") as log:  # a pipe that nobody reads would fill up
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)),
                    *_NO_QUESTIONS,
                ],
                cwd=ROOT if script == LAB else folder,
                env={**_environment(folder), **(environment or {})},
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        try:
            self._await_health()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def resident_bytes(self) -> int:
        """The server's memory that is in use (Linux; elsewhere 0)."""
        status = Path(f"/proc/{self._process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

    def _await_health(self) -> None:
        pause = threading.Event()
        for _ in range(int(_HEALTHY_WITHIN_S / _LOOK_EVERY_S)):
            try:
                with urllib.request.urlopen(f"{self.url}_stcore/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                pause.wait(_LOOK_EVERY_S)
        raise RuntimeError(f"The server did not start; it said:\n{self._log.read_text(errors='replace')}")


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's configuration: the lab below `folder`, trainings on the local endpoint."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {
        **kept,
        "LORA_LAB_ROOT": str(folder / "styles"),
        "LORA_LAB_MODELS": str(folder / "models"),
        "LORA_LAB_STATE_DIR": str(folder / "state"),
        "PYTHONPATH": str(ROOT),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
