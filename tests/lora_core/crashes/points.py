"""The points at which a lab is killed, told by what it does to its disk and its sockets.

None of them names a function of the product: they hold for whatever way it writes.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tests.lora_core.crashes.operations import Kind, Operation, Phase

LIVE, TRASH = "training_versions.json", "training_versions.trash.json"
Reached = Callable[["Sight"], bool]


class Sight:
    """What a watched lab does now, and what it has done."""

    def __init__(self, root: Path, key: str) -> None:
        self._root = root
        self._key = key
        self.operation = Operation(Kind.CREATE)
        self.phase = Phase.BEFORE
        self.state, self.has_changed = self._state(), False
        """How far the version's record came, and whether that operation changed it."""
        self.is_first_reply = False
        """Whether what is received is the beginning of a reply."""
        self.has_sent = self.has_reply = self.has_gone_on = False
        """Whether a whole request has left, its reply was read, and the records are touched since."""

    def take(self, operation: Operation, phase: Phase) -> None:
        """The next operation."""
        before = self.operation
        self.operation, self.phase = operation, phase
        if phase is Phase.BEFORE and operation.kind is Kind.RECEIVE:
            self.is_first_reply = before.kind is Kind.SEND
        self.has_sent = self.has_sent or operation.kind is Kind.RECEIVE
        self.has_reply = self.has_reply or (operation.kind is Kind.RECEIVE and phase is Phase.AFTER)
        self.has_gone_on = self.has_gone_on or (self.has_reply and operation.path.startswith("styles/"))
        before_state = self.state
        if phase is Phase.AFTER and operation.kind is Kind.FSYNC_FOLDER:
            self.state = self._state()
        self.has_changed = self.state != before_state

    def does(self, kind: Kind, phase: Phase) -> bool:
        return self.operation.kind is kind and self.phase is phase

    @property
    def place(self) -> PurePosixPath:
        """What the operation is done to."""
        return PurePosixPath(self.operation.target or self.operation.path)

    @property
    def is_temporary(self) -> bool:
        """Whether that is a file on its way to be a document or an answer."""
        return self.place.suffix == ".tmp" and self.is_document_folder(self.place.parent)

    @property
    def is_document(self) -> bool:
        return self.is_document_folder(self.place.parent) and not self.place.name.startswith(".")

    def is_document_folder(self, place: PurePosixPath) -> bool:
        parts = place.parts
        return place == OUTBOX or (len(parts) > 1 and parts[0] == "styles" and not parts[1].startswith("."))

    def record(self, document: str) -> Mapping[str, Any] | None:
        """The version's record as the disk has it."""
        for path in self._root.glob(f"styles/1_*/{document}"):
            try:
                records = json.loads(path.read_bytes())["versions"]
            except ValueError:
                return None
            for record in records:
                if record.get("key") == self._key:
                    return dict(record)
        return None

    def _state(self) -> str:
        live, trashed = self.record(LIVE), self.record(TRASH)
        if live and trashed:
            return "in both"
        record = live or trashed or {}
        if record.get("cancelRequestedAt") and record.get("status") != "failed":
            return "stopping"
        if record.get("status") != "pending":
            return str(record.get("status", "nowhere"))
        state = str(record["submission"]["state"])
        return "named" if state == "preparing" and record.get("modelName") else state


OUTBOX = PurePosixPath("state/outbox")


def _temporary(kind: Kind, phase: Phase) -> Reached:
    return lambda sight: sight.does(kind, phase) and sight.is_temporary


def _became(state: str) -> Reached:
    return lambda sight: sight.has_changed and sight.state == state


def _network(kind: Kind, phase: Phase) -> Reached:
    return lambda sight: sight.does(kind, phase) and (kind is not Kind.RECEIVE or sight.is_first_reply)


def _in(folder: str, kind: Kind, phase: Phase = Phase.AFTER) -> Reached:
    def reached(sight: Sight) -> bool:
        at = sight.place if kind is Kind.FSYNC_FOLDER else sight.place.parent
        return sight.does(kind, phase) and at.match(folder)

    return reached


OF_EVERY_WRITE = (
    "the temp file is written",
    "the temp file is fsynced",
    "the file has its name",
    "the folder is fsynced",
)
"""Those that a lab passes whatever it does."""
POINTS: Mapping[str, Reached] = {
    "the temp file is written": _temporary(Kind.WRITE, Phase.AFTER),
    "the temp file is fsynced": _temporary(Kind.FSYNC, Phase.AFTER),
    "the file has its name": lambda sight: (
        sight.is_document and (sight.does(Kind.RENAME, Phase.AFTER) or sight.does(Kind.LINK, Phase.AFTER))
    ),
    "the folder is fsynced": lambda sight: (
        sight.does(Kind.FSYNC_FOLDER, Phase.AFTER) and sight.is_document_folder(sight.place)
    ),
    "preparing is written": _became("preparing"),
    "the list of files is frozen": _in("datasets", Kind.FSYNC_FOLDER),
    "the model's name is frozen": _became("named"),
    "sending is written": _became("sending"),
    "a part of the request is sent": _network(Kind.SEND, Phase.AFTER),
    "the request is sent": _network(Kind.RECEIVE, Phase.BEFORE),
    "the reply is on its way": _network(Kind.RECEIVE, Phase.HALFWAY),
    "the reply is read": _network(Kind.RECEIVE, Phase.AFTER),
    "the answer is written": _in("outbox", Kind.WRITE),
    "the answer is in the outbox": _in("outbox", Kind.RENAME),
    "the answer is about to leave the outbox": _in("outbox", Kind.UNLINK, Phase.BEFORE),
    "the wish to stop is written": _became("stopping"),
    "the trash and the history have the record": _became("in both"),
    "the status is written": lambda sight: sight.has_changed and sight.state in ("training", "failed"),
    "the style's id is claimed": _in("style_ids", Kind.FSYNC_FOLDER),
    "the damaged file is copied": _in("damaged", Kind.FSYNC_FOLDER),
}
