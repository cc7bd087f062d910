"""What an endpoint answered to a submission, kept on disk until the record has it.

The answer is written, with fsync, before the record is touched: a store that fails after the POST, or a
process that is killed then, loses nothing. The monitor empties the outbox.
"""

import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """One submission's answer."""

    folder: str
    key: str
    attempt: str
    kind: str
    """`accepted`, `refused`, `not_sent` or `unknown`."""
    text: str
    """The job id of an accepted submission, else a sentence."""


class Outbox:
    """Answers in a folder, one file per attempt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unwritten: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def put(self, answer: Answer) -> None:
        """Keeps an answer; when even this disk refuses, in memory until it does not."""
        try:
            self._write(answer)
        except OSError:
            with self._lock:
                self._unwritten[answer.attempt] = answer

    def answers(self) -> list[Answer]:
        """All that are not delivered yet."""
        with self._lock:
            found = dict(self._unwritten)
        for path in sorted(self.folder.glob("*.json")):
            answer = _read(path)
            if answer is not None:
                found[answer.attempt] = answer
        return list(found.values())

    def remove(self, answer: Answer) -> None:
        """The record has it. A file that cannot be removed is delivered again, which changes nothing."""
        with self._lock:
            self._unwritten.pop(answer.attempt, None)
        with suppress(OSError):
            (self.folder / f"{answer.attempt}.json").unlink()

    def _write(self, answer: Answer) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{answer.attempt}.json"
        temporary = path.with_suffix(".tmp")
        with temporary.open("w") as file:
            json.dump(asdict(answer), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> Answer | None:
    try:
        return Answer(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):  # taken by another process meanwhile, or no answer of ours
        return None
