"""What the lab does when it is killed: each deed is done by the victim, and again by whoever comes after it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_endpoint import Fault
from lora_core import TrainingLab
from tests.lora_core.bench import PARAMETERS, SET, STYLE

NEW_STYLE = "Night Trains"
NEW_TOKEN = "midnight_express"
NEW_NAME = "Midnight"
REFUSED = Fault.reply(400, {"status": 400, "title": "Bad Request", "detail": "the quota is used up"})
LOST = Fault.lost_reply()


@dataclass(frozen=True)
class Deed:
    """One thing that a user asks for, or that the monitor does by itself."""

    name: str
    do: Callable[[TrainingLab], object]
    key: str = ""
    """The one version that it touches."""
    template: str = "quiet"
    """The folders it begins with; see `templates`."""
    ends_job: bool = False
    """Whether it stops the job of the version that it touches, which therefore must be one of its own."""
    fault: Fault | None = None
    """What its request to start a job meets."""
    waited_for: Callable[[TrainingLab], object] | None = None
    """The same, where `do` returns before it is done."""

    def __str__(self) -> str:
        return self.name

    @property
    def again(self) -> Callable[[TrainingLab], object]:
        """What whoever comes afterwards does."""
        return self.waited_for or self.do


def _saved(lab: TrainingLab) -> object:
    return lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET, key="new")


def _started(lab: TrainingLab, wait_s: float | None = None) -> object:
    return lab.start(STYLE, parameters=PARAMETERS, selection_set_id=SET, key="new", wait_s=wait_s)


def _salvaged(lab: TrainingLab) -> object:
    damage = lab.damage(STYLE)
    return damage and lab.accept_salvage(damage)


_ALL = (
    Deed("save_draft", _saved, "new"),
    Deed("save the first draft", _saved, "new", template="bare"),
    Deed("start", _started, "new"),
    Deed("start the first one", _started, "new", template="bare"),
    Deed("start, not waited for", lambda lab: _started(lab, 0), "new", waited_for=_started),
    Deed("start, refused", _started, "new", fault=REFUSED),
    Deed("start, reply lost", _started, "new", fault=LOST),
    Deed("start_draft", lambda lab: lab.start_draft(STYLE, "draft"), "draft"),
    Deed("mark_good", lambda lab: lab.mark_good(STYLE, "finished", True), "finished"),
    Deed("rename", lambda lab: lab.rename(STYLE, "finished", NEW_NAME), "finished"),
    Deed("delete", lambda lab: lab.delete(STYLE, "finished"), "finished"),
    Deed(
        "delete a running one",
        lambda lab: lab.delete(STYLE, "running"),
        "running",
        template="running",
        ends_job=True,
    ),
    Deed("restore", lambda lab: lab.restore(STYLE, "trashed"), "trashed"),
    Deed("cancel", lambda lab: lab.cancel(STYLE, "running"), "running", template="running", ends_job=True),
    Deed(
        "check_status",
        lambda lab: lab.check_status(STYLE, "running"),
        "running",
        template="running",
    ),
    Deed("monitor turn", lambda lab: lab.monitor.turn(), "running", template="running"),
    Deed("empty the outbox", lambda lab: lab.check_status(STYLE, "new"), "new", template="outbox"),
    Deed("create_style", lambda lab: lab.create_style(NEW_STYLE, trigger_token=NEW_TOKEN)),
    Deed("accept_salvage", _salvaged, template="damaged"),
)
DEEDS: Mapping[str, Deed] = {deed.name: deed for deed in _ALL}
