"""The examples run as they stand: real processes, the sample style, a few steps."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_endpoint.waiting import until

PROJECT = Path(__file__).resolve().parents[1]
_OWN_SETTINGS = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_")


class Shell:
    """Runs the examples in an empty folder, as somebody would who has configured nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, example: str, *arguments: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)
        }
        done = subprocess.run(
            [sys.executable, str(PROJECT / "examples" / example), *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def end_endpoint(self) -> None:
        announced = self.folder / "data" / "state" / "endpoint.json"
        if announced.exists():
            os.kill(json.loads(announced.read_bytes())["pid"], signal.SIGTERM)
            until(lambda: not announced.exists())


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.end_endpoint()


def test_a_training_is_started_followed_and_compared_with_the_next(shell: Shell) -> None:
    first = shell.run("start_and_follow.py", "10")
    assert "local endpoint" in first
    assert "V1 is completed: file://" in first
    assert "There are no two versions" in shell.run("compare_versions.py")
    assert "V2 is completed: file://" in shell.run("start_and_follow.py", "12")
    compared = shell.run("compare_versions.py")
    assert "field: V2 | V1" in compared
    assert "max_train_steps: 12 | 10" in compared
    assert "optimizer_type" not in compared
    assert shell.run("compare_versions.py", "1", "V1", "V2").splitlines()[0] == "field: V1 | V2"


def test_an_example_says_what_is_missing_when_a_configuration_is_half(shell: Shell) -> None:
    (shell.folder / ".env").write_text("RUNPOD_API_KEY=rpa_x\n")
    with pytest.raises(AssertionError, match="RUNPOD_ENDPOINT_ID"):
        shell.run("start_and_follow.py", "10")
