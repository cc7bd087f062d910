"""What the files must hold when the power is back, whatever the disk kept of the rest."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lora_core.document import EMPTY, HistoryDocument
from tests.lora_core.crashes.deeds import Deed
from tests.lora_core.crashes.points import LIVE, TRASH
from tests.lora_core.crashes.power import Tree
from tests.lora_core.crashes.templates import STYLE_FOLDER

State = tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]
"""A version's record in the history, and in the trash."""


class Promises:
    """Of one deed: what has been confirmed so far, and what came after it."""

    def __init__(self, deed: Deed, before: Tree) -> None:
        self._deed = deed
        self._before = before
        self._states = [self.state(before)]
        self._confirmed = 0
        """Which of the states nobody may fall behind any more."""
        self._is_answered = self._is_over = False

    def follow(self, cached: Tree) -> None:
        """What every process sees after one more operation."""
        state = self.state(cached)
        if state != self._states[-1]:
            self._states.append(state)

    def told(self, moment: str) -> None:
        """From now on somebody outside relies on what was written: RunPod, or the caller."""
        self._confirmed = len(self._states) - 1
        if moment == "sending":
            record = self._states[-1][0]
            assert record is not None and record["submission"]["state"] == "sending"
        self._is_answered = self._is_answered or moment == "answered"
        self._is_over = self._is_over or moment == "returned"

    def state(self, tree: Tree) -> State:
        if self._deed.template == "damaged":
            return None, None
        live, trash = (_parsed(_content(tree, document)) for document in (LIVE, TRASH))
        return live.record(self._deed.key), trash.record(self._deed.key)

    def are_kept(self, tree: Tree, *, job_id: str) -> None:
        """Fails unless these files keep what was promised."""
        if self._deed.template == "damaged":
            self._nothing_damaged_is_lost(tree)
            return
        self.is_old_or_new(self.state(tree))
        for document in (LIVE, TRASH):
            others = _without(_content(tree, document), self._deed.key)
            assert others == _without(_content(self._before, document), self._deed.key)
        self._the_list_of_files_is_whole(tree)
        self._the_answer_is_kept(tree, job_id)
        if self._is_over and self._deed.name == "create_style":
            others = [path for path in tree if path.endswith("/style.json") and STYLE_FOLDER not in path]
            assert others, "the style is lost"

    def are_shown(self, state: State) -> None:
        """The same, of what a lab reads: of a record that is live and in the trash, it shows the live one."""
        states = [(live, None if live else trash) for live, trash in self._states]
        assert state in states[self._confirmed :], "what was confirmed is not shown"

    def is_old_or_new(self, state: State) -> None:
        assert state in self._states, "a record is torn"
        assert state in self._states[self._confirmed :], "what was confirmed is lost"

    def _the_list_of_files_is_whole(self, tree: Tree) -> None:
        record = self.state(tree)[0] or {}
        if "dataset" in record:
            content = tree.get(f"styles/{STYLE_FOLDER}/datasets/{record['dataset']}.json")
            assert content is not None, "the list of files that it is trained on is lost"
            assert hashlib.sha256(content).hexdigest() == record["dataset"]

    def _the_answer_is_kept(self, tree: Tree, job_id: str) -> None:
        answers = [
            json.loads(content or b"")
            for path, content in tree.items()
            if path.startswith("state/outbox/") and path.endswith(".json") and "/." not in path
        ]
        if self._is_answered:
            has_it = (self.state(tree)[0] or {}).get("id") == job_id
            assert has_it or any(answer["text"] == job_id for answer in answers), "the job's id is lost"

    def _nothing_damaged_is_lost(self, tree: Tree) -> None:
        damaged = self._before[f"styles/{STYLE_FOLDER}/{LIVE}"]
        now = tree[f"styles/{STYLE_FOLDER}/{LIVE}"]
        if now != damaged:
            aside = [
                content for path, content in tree.items() if path.startswith("styles/.lora_lab/damaged/")
            ]
            assert damaged in aside, "what could not be read is lost"
            assert now is not None and HistoryDocument.parse(now)
        assert now != damaged or not self._is_over


def _content(tree: Tree, document: str) -> bytes:
    content = tree.get(f"styles/{STYLE_FOLDER}/{document}", EMPTY)
    assert content is not None, "a folder lies in the place of a document"
    return content


@lru_cache
def _parsed(content: bytes) -> HistoryDocument:
    return HistoryDocument.parse(content)


@lru_cache
def _without(content: bytes, key: str) -> bytes:
    return _parsed(content).removed(key).data
