"""What an endpoint answered to a submission, kept on disk until the record has it.

The answer is written, and safe from a power cut, before the record is touched: a store that fails after the
POST, or a process that is killed then, loses nothing. The monitor empties the outbox.
"""

import json
import logging
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lora_core.anchored_folder import AnchoredFolder
from lora_core.disk_faults import Cause, explanation, words_of
from lora_core.durable_file import read_file, replace_file

_log = logging.getLogger(__name__)


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
    """Answers in a folder, one file per attempt.

    While its disk takes nothing they are in memory only, and a process that ends then takes them along: their
    versions stay unknown, and are settled as those are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._anchor = AnchoredFolder(folder.parent)  # the state folder: a disk may be mounted there
        self._unwritten: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def put(self, answer: Answer) -> None:
        """Keeps an answer; while the disk refuses, in memory."""
        try:
            self._write(answer)
        except OSError as error:
            told = explanation(Cause.ONLY_IN_MEMORY, self.folder, words=words_of(error))
            _log.warning("%s It is for version %s: %s", told, answer.key, answer.text)
            with self._lock:
                self._unwritten[answer.attempt] = answer

    def answers(self) -> list[Answer]:
        """All that are not delivered yet; tries once more to write those that are in memory only."""
        with suppress(OSError):
            self._anchor.check()  # so that it is missed should its disk go away
        with self._lock:
            found = dict(self._unwritten)
        for answer in list(found.values()):
            self._write_again(answer)
        for path in sorted(self.folder.glob("*.json")):
            read = _read(path)
            if read is not None:
                found[read.attempt] = read
        return list(found.values())

    def remove(self, answer: Answer) -> None:
        """The record has it. A file that cannot be removed is delivered again, which changes nothing."""
        with self._lock:
            self._unwritten.pop(answer.attempt, None)
            with suppress(OSError):
                self._path(answer).unlink()

    def _write_again(self, answer: Answer) -> None:
        with self._lock, suppress(OSError):
            if answer.attempt in self._unwritten:  # else it was delivered meanwhile
                self._write(answer)
                del self._unwritten[answer.attempt]

    def _write(self, answer: Answer) -> None:
        self._anchor.check()
        replace_file(self._path(answer), json.dumps(asdict(answer)).encode())
        self._anchor.check()

    def _path(self, answer: Answer) -> Path:
        return self.folder / f"{answer.attempt}.json"


def _read(path: Path) -> Answer | None:
    try:
        return Answer(**json.loads(read_file(path)[0]))
    except (OSError, ValueError, TypeError):  # taken by another process meanwhile, or no answer of ours
        return None
