"""What must hold after a lab was killed, whenever that was."""

import fcntl
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lora_core import FailureReason, SubmissionState, TrainingLab, Version, VersionStatus
from lora_core.document import EMPTY, HistoryDocument, record_key
from tests.local_endpoint.waiting import until
from tests.lora_core.bench import PARAMETERS, STYLE
from tests.lora_core.crashes.deeds import LOST, NEW_NAME, NEW_STYLE, NEW_TOKEN, REFUSED
from tests.lora_core.crashes.points import LIVE, TRASH
from tests.lora_core.crashes.trial import Scene

_VOLATILE = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[a-z]\d)?"), "an id"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "a time"),
    (re.compile(rf"{STYLE}_\d{{13}}"), "a request id"),
    (re.compile(r"file:///[^\"]+/bucket"), "the bucket"),
)


def examine(scene: Scene, *, is_impatient: bool = True) -> None:
    """Fails unless everything that was promised is kept.

    An impatient user does at once again what was interrupted; another one comes back after two minutes.
    """
    Aftermath(scene, is_impatient=is_impatient).examine()


class Aftermath:
    """The scene of one death, as the next process and its user find it."""

    def __init__(self, scene: Scene, *, is_impatient: bool) -> None:
        self._scene = scene
        self._is_impatient = is_impatient
        self._bench = scene.bench
        self._runpod = scene.bench.runpod
        self._key = scene.deed.key
        self._root = scene.bench.folder / "styles"

    def examine(self) -> None:
        self._nothing_is_torn()
        self._no_lock_is_held()
        if self._key:
            self._the_record_is_old_or_new()
            self._every_other_byte_is_as_it_was()
        lab = self._bench.open_lab()
        if self._scene.deed.template != "damaged":
            self._every_version_is_there_once(lab, is_new_certain=self._scene.death.has_returned)
        self._nothing_unfinished_shows(lab)
        _FOLLOW_UPS[self._scene.deed.name](self, lab)
        self._every_version_is_there_once(lab, is_new_certain=True)
        written = self._a_write_works_at_once(lab)
        if self._key:
            self._no_other_record_was_touched({self._key, written})
        assert self._bench.waits == [], "somebody had to wait for a whole file, or for another writer"

    # -- what is looked at before anything is done

    def _nothing_is_torn(self) -> None:
        for path in self._root.glob("[0-9]*/**/*.json"):
            is_damaged = self._scene.deed.template == "damaged" and path.name == LIVE
            if not path.name.startswith(".") and not is_damaged:
                json.loads(path.read_bytes())
        for path in self._root.glob("[0-9]*/datasets/*.json"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem, "a list of files is torn"

    def _no_lock_is_held(self) -> None:
        for path in self._root.glob(".lora_lab/locks/*"):
            with path.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _the_record_is_old_or_new(self) -> None:
        found = [self._document(document).record(self._key) for document in (LIVE, TRASH)]
        states = [_comparable(state) for state in self._scene.states]
        assert _comparable(found) in states, "the record is neither old nor new"

    def _every_other_byte_is_as_it_was(self) -> None:
        for document in (LIVE, TRASH):
            before = self._document(document, self._scene.before / "styles")
            assert self._document(document).removed(self._key).data == before.removed(self._key).data

    def _every_version_is_there_once(self, lab: TrainingLab, *, is_new_certain: bool) -> None:
        """Also what has just been made, from when its maker was told so."""
        keys = [version.key for version in (*lab.versions(STYLE), *lab.trash(STYLE))]
        certain, possible = self._keys_before()
        own = {self._key} if self._key else set()
        assert len(keys) == len(set(keys))
        assert certain | (own if is_new_certain else set()) <= set(keys) <= possible | own

    def _nothing_unfinished_shows(self, lab: TrainingLab) -> None:
        assert len(lab.images(STYLE)) == 2
        assert [one.id for one in lab.selection_sets(STYLE)] == [1]
        if lab.damage(STYLE) is None:
            assert lab.plan_model_sync(STYLE).is_empty
        for style in lab.styles():
            if style.id != STYLE:
                assert (style.name, style.trigger_token) == (NEW_STYLE, NEW_TOKEN), "half a style shows"

    # -- what its user does next

    def _a_write_works_at_once(self, lab: TrainingLab) -> str:
        key = lab.versions(STYLE)[0].key
        lab.describe(STYLE, key, "written afterwards")
        written = self._document(LIVE).record(key)
        assert written is not None and written["description"] == "written afterwards"
        left = list(self._root.glob(f"{STYLE}_*/.{LIVE}.*"))
        assert left == [], "what a dead process left is not removed by the next write"
        return key

    def _no_other_record_was_touched(self, touched: set[str]) -> None:
        for document in (LIVE, TRASH):
            before = self._document(document, self._scene.before / "styles").records
            others = [record for record in before if record_key(record) not in touched]
            now = self._document(document)
            assert [now.record(record_key(record)) for record in others] == others

    def _do_again(self, lab: TrainingLab) -> None:
        self._scene.deed.again(lab)

    def after_a_draft(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        draft = lab.version(STYLE, self._key)
        assert draft.status is VersionStatus.DRAFT
        assert draft.parameters.complete() == PARAMETERS.with_class_tokens(lab.style(STYLE).trigger_token)

    def after_a_mark(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        assert lab.version(STYLE, self._key).is_good

    def after_a_rename(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        assert lab.version(STYLE, self._key).name == NEW_NAME

    def after_a_deletion(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        assert lab.version(STYLE, self._key).is_in_trash
        assert self._document(LIVE).record(self._key) is None

    def after_a_restoration(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        assert not lab.version(STYLE, self._key).is_in_trash
        assert self._document(TRASH).record(self._key) is None

    def after_a_look(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        assert lab.version(STYLE, self._key).status is VersionStatus.TRAINING

    def after_a_wish_to_stop(self, lab: TrainingLab) -> None:
        if lab.version(STYLE, self._key).cancel_requested_at is None:
            self._do_again(lab)
        self._pass_time(lab)  # from here on the monitor sees to it by itself
        stopped = lab.version(STYLE, self._key)
        assert stopped.failure_reason is FailureReason.CANCELLED
        jobs = {job.id: job.status for job in self._runpod.endpoint.jobs()}
        assert jobs[self._scene.job_id] == "CANCELLED"

    def after_a_deletion_of_what_runs(self, lab: TrainingLab) -> None:
        self.after_a_wish_to_stop(lab)
        self.after_a_deletion(lab)

    def after_sending(self, lab: TrainingLab) -> None:
        """No job without its version, no version with two jobs, and none that cannot be started any more."""
        is_answered = self._is_answered()
        self._await_what_was_sent(lab)
        if self._is_impatient:
            self._do_again(lab)
        self._pass_time(lab)
        if not self._is_impatient:
            self._do_again(lab)
            lab.monitor.turn()
        version = lab.version(STYLE, self._key)
        if version.status is VersionStatus.DRAFT:
            assert self._taken(version) == 0, "what was sent is offered to be started again"
            lab.start_draft(STYLE, self._key)
            lab.monitor.turn()
            version = lab.version(STYLE, self._key)
        if version.job_id is None:
            assert not is_answered or self._scene.deed.fault is LOST, "the answer had arrived, and is lost"
            self._may_be_running(lab, version)
        else:
            assert self._jobs(version) == [version.job_id], "it has two jobs"
            assert version.status is VersionStatus.TRAINING
        assert self._taken(version) <= 1, "it was sent twice"

    def after_a_delivery(self, lab: TrainingLab) -> None:
        self._pass_time(lab)
        version = lab.version(STYLE, self._key)
        assert self._jobs(version) == [version.job_id]
        assert list((self._bench.folder / "state" / "outbox").glob("*.json")) == []

    def after_a_new_style(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        self._nothing_unfinished_shows(lab)
        ids = [style.id for style in lab.styles()]
        assert len(ids) == len(set(ids)) >= 2

    def after_a_salvage(self, lab: TrainingLab) -> None:
        self._do_again(lab)
        self._bench.waits.clear()  # a damaged file is looked at for 2 s before it is called so
        damaged = (self._scene.before / "styles" / f"{STYLE}_ink" / LIVE).read_bytes()
        aside = [path.read_bytes() for path in self._root.glob(".lora_lab/damaged/*")]
        assert damaged in aside
        assert lab.damage(STYLE) is None

    # -- what these have in common

    def _pass_time(self, lab: TrainingLab) -> None:
        """Until what a dead process was about is anybody's."""
        self._bench.clock.advance(seconds=121)
        lab.monitor.turn()

    def _is_answered(self) -> bool:
        """Whether the lab had kept the id of the job before it died, or was past doing so."""
        is_in_outbox = any((self._bench.folder / "state" / "outbox").glob("*.json"))
        return is_in_outbox or self._scene.death.has_gone_on

    def _await_what_was_sent(self, lab: TrainingLab) -> None:
        """A request that has left is taken, though its sender is dead."""
        if self._scene.death.has_sent and self._scene.deed.fault is not REFUSED:
            version = lab.version(STYLE, self._key)
            until(lambda: self._jobs(version))

    def _may_be_running(self, lab: TrainingLab, version: Version) -> None:
        assert version.status is VersionStatus.PENDING
        assert version.submission_state(self._bench.clock()) is SubmissionState.UNKNOWN
        before = self._taken(version)
        lab.start_draft(STYLE, self._key)
        assert self._taken(version) == before

    def _taken(self, version: Version) -> int:
        """How often RunPod was asked to run it, and did not refuse."""
        since = self._runpod.endpoint.requests[self._scene.requests_before :]
        calls = [call for call in since if call.verb == "run" and call.body]
        asked = sum(_request_id(call.body["input"]) == version.request_id for call in calls)
        was_refused = self._scene.deed.fault is REFUSED and self._scene.death.has_sent
        return max(0, asked - was_refused)

    def _jobs(self, version: Version) -> list[str]:
        jobs = [job.id for job in self._runpod.endpoint.jobs()]
        inputs = {job: self._runpod.trainer.input_of(job) for job in jobs}
        return [job for job in jobs if _request_id(inputs[job]) == version.request_id]

    def _document(self, document: str, root: Path | None = None) -> HistoryDocument:
        path = next((root or self._root).glob(f"{STYLE}_*")) / document
        return HistoryDocument.parse(path.read_bytes() if path.exists() else EMPTY)

    def _keys_before(self) -> tuple[set[str], set[str]]:
        """Those that cannot be lost; and all, with that of the record whose end the damaged history lacks."""
        is_damaged = self._scene.deed.template == "damaged"
        root = (self._scene.before.with_name("quiet") if is_damaged else self._scene.before) / "styles"
        live = [record_key(record) for record in self._document(LIVE, root).records]
        trash = [record_key(record) for record in self._document(TRASH, root).records]
        return {*live[: -1 if is_damaged else None], *trash}, {*live, *trash}


def _comparable(state: object) -> str:
    text = json.dumps(state, sort_keys=True)
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return text


def _request_id(job_input: Mapping[str, Any]) -> object:
    return job_input["training_config"]["request_id"]


_FOLLOW_UPS: Mapping[str, Callable[[Aftermath, TrainingLab], None]] = {
    "save_draft": Aftermath.after_a_draft,
    "save the first draft": Aftermath.after_a_draft,
    "start": Aftermath.after_sending,
    "start the first one": Aftermath.after_sending,
    "start, not waited for": Aftermath.after_sending,
    "start, refused": Aftermath.after_sending,
    "start, reply lost": Aftermath.after_sending,
    "start_draft": Aftermath.after_sending,
    "mark_good": Aftermath.after_a_mark,
    "rename": Aftermath.after_a_rename,
    "delete": Aftermath.after_a_deletion,
    "delete a running one": Aftermath.after_a_deletion_of_what_runs,
    "restore": Aftermath.after_a_restoration,
    "cancel": Aftermath.after_a_wish_to_stop,
    "check_status": Aftermath.after_a_look,
    "monitor turn": Aftermath.after_a_look,
    "empty the outbox": Aftermath.after_a_delivery,
    "create_style": Aftermath.after_a_new_style,
    "accept_salvage": Aftermath.after_a_salvage,
}
