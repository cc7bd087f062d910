"""The lab as its user starts it: `streamlit run app.py` on a free port, with a configuration of the test's."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

_ROOT = Path(__file__).resolve().parent.parent.parent
_START_TIMEOUT_S = 60.0
_OWN = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_", "STREAMLIT_")


class LabServer:
    """One server over one folder; may be killed and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = _Ports.taken()
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        _Ports.given_back(self.port)

    @property
    def url(self) -> str:
        """Where the lab answers."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        """What the server printed."""
        return (self.folder / "server.log").read_text(errors="replace")

    def start(self) -> None:
        """Returns when the server is healthy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:  # a pipe that nobody reads would fill up
            self._process = subprocess.Popen(
                command, cwd=_ROOT, env=self._environment(), stdout=log, stderr=log
            )
        await_health(self.url, lambda: self.log)

    def kill(self) -> None:
        """As a power cut would: nothing is tidied up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        folders = {
            "LORA_LAB_ROOT": str(self.folder / "styles"),
            "LORA_LAB_MODELS": str(self.folder / "models"),
            "LORA_LAB_STATE_DIR": str(self.folder / "state"),
        }
        return {**kept, **folders, **self._settings}


class _Ports:
    """One address for one server after the other, so that a tab has Streamlit's code at hand from the second on."""

    _FIRST, _HOW_MANY = 20_000, 10_000  # below the ports that a system gives to outgoing connections
    _in_use: set[int] = set()  # noqa: RUF012 - of this process

    @classmethod
    def taken(cls) -> int:
        for number in range(cls._HOW_MANY):
            port = cls._FIRST + (os.getpid() * 10 + number) % cls._HOW_MANY
            if port not in cls._in_use and _is_free(port):
                cls._in_use.add(port)
                return port
        raise RuntimeError("No port is free.")

    @classmethod
    def given_back(cls, port: int) -> None:
        cls._in_use.discard(port)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def await_health(url: str, log: Callable[[], str]) -> None:
    """Returns when a Streamlit server answers; `log` is what to show when it does not."""
    pause = threading.Event()
    for _ in range(int(_START_TIMEOUT_S / 0.1)):
        try:
            if httpx.get(f"{url}_stcore/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pause.wait(0.1)
    raise AssertionError(f"The server did not start:\n{log()}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
