"""Finding, and when needed starting, the embedded endpoint of a state folder.

It is a process of its own that outlives the lab (docs/local-endpoint.md); all that is known of it here is
its command line, its `endpoint.json` and its job API.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lora_core.anchored_folder import AnchoredFolder
from lora_core.disk_faults import explanation
from lora_core.durable_file import read_file
from lora_core.errors import RunpodUnreachableError
from lora_core.evidence import CouldNotAsk
from lora_core.runpod import RunpodClient

EMBEDDED_BASE_URL = "local"
"""Stands in a record for the embedded endpoint, whose port changes from start to start."""
_PROJECT = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 20.0
_STARTS = 4
_LOOK_EVERY_S = 0.05
_started: list[
    subprocess.Popen[bytes]
] = []  # kept so that an ended one is reaped, and a living one not warned of


@dataclass(frozen=True)
class EndpointAddress:
    """Where the running endpoint answers."""

    base_url: str
    endpoint_id: str
    instance_id: str
    api_key: SecretStr


class EmbeddedEndpoint:
    """The one endpoint of a state folder."""

    def __init__(self, state_dir: Path, models_dir: Path) -> None:
        self.state_dir = state_dir
        self.models_dir = models_dir
        self._anchor = AnchoredFolder(state_dir)

    def address(self) -> EndpointAddress:
        """The running endpoint, started if there is none.

        Raises RunpodUnreachableError when it does not come up.
        """
        try:
            return self._running_or_started()
        except OSError as error:
            told = explanation(error, self.state_dir, outcome="The embedded endpoint was not started.")
            raise RunpodUnreachableError(told) from error

    def _running_or_started(self) -> EndpointAddress:
        self._anchor.check()
        running = self._answering()
        if running is not None:
            return running
        # One that is just ending makes a new one end, too; so it is started again every few seconds.
        for _ in range(_STARTS):
            self._start()
            deadline = time.monotonic() + _START_TIMEOUT_S / _STARTS
            while time.monotonic() < deadline:
                if (running := self._answering()) is not None:
                    return running
                time.sleep(_LOOK_EVERY_S)
        raise RunpodUnreachableError(
            f"The embedded endpoint did not start within {_START_TIMEOUT_S:.0f} s; {self.state_dir / 'endpoint.log'} "
            "tells why."
        )

    def _answering(self) -> EndpointAddress | None:
        address = self._written_address()
        if address is None:
            return None
        with RunpodClient(
            address.base_url, address.endpoint_id, address.api_key, instance_id=address.instance_id
        ) as client:
            return None if isinstance(client.health(), CouldNotAsk) else address

    def _written_address(self) -> EndpointAddress | None:
        try:
            written: Any = json.loads(read_file(self.state_dir / "endpoint.json")[0])
            return EndpointAddress(
                base_url=written["base_url"],
                endpoint_id=written["endpoint_id"],
                instance_id=written["instance_id"],
                api_key=SecretStr(written["api_key"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _start(self) -> None:
        """Two at once do no harm: the second finds the first's lock and ends."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        _started[:] = [process for process in _started if process.poll() is None]
        command = [sys.executable, "-m", "local_endpoint"]
        command += [
            "--state-dir",
            str(self.state_dir.resolve()),
            "--models-dir",
            str(self.models_dir.resolve()),
        ]
        process = subprocess.Popen(
            command,
            cwd=_PROJECT,
            env={**_environment_without_secrets(), "PYTHONPATH": str(_PROJECT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _started.append(process)


def _environment_without_secrets() -> dict[str, str]:
    hidden = ("RUNPOD_", "AWS_", "LORA_LAB_", "S3_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
