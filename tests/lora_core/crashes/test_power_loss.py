"""The power fails after each operation of the lab: what was confirmed is there and whole, the rest old or new."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lora_core import TrainingLab
from tests.lora_core.bench import STYLE
from tests.lora_core.crashes.deeds import DEEDS, NEW_STYLE, NEW_TOKEN
from tests.lora_core.crashes.operations import Kind, Operation
from tests.lora_core.crashes.promises import Promises
from tests.lora_core.crashes.recording import Recording, restored
from tests.lora_core.crashes.trial import BenchOverFolder, Trial

pytestmark = pytest.mark.xdist_group("crashes at every operation")

OPENED = 2
"""Over so many of what a cut may leave anew, extremes first, a lab is opened; the files are looked at in all."""
WRITING = (
    "save the first draft",
    "save_draft",
    "start the first one",
    "start_draft",
    "mark_good",
    "delete",
    "restore",
    "create_style",
    "accept_salvage",
)


@contextmanager
def recorded(trial: Trial, name: str) -> Iterator[Recording]:
    with trial.copied(DEEDS[name]) as (bench, _):
        yield Recording(DEEDS[name], bench)


@pytest.mark.parametrize("name", WRITING)
def test_a_power_cut_takes_nothing_that_was_confirmed(name: str, trial: Trial, tmp_path: Path) -> None:
    with recorded(trial, name) as recording:
        for promises, trees in recording.cuts():
            for tree in trees[:OPENED]:
                restored(tree, tmp_path / "cut")
                bench = BenchOverFolder(tmp_path / "cut", trial.runpod, trial.clock)
                with bench.open_lab() as lab:
                    it_opens(lab, recording, promises)
                assert bench.waits == [] or name == "accept_salvage"
                shutil.rmtree(tmp_path / "cut")


def it_opens(lab: TrainingLab, recording: Recording, promises: Promises) -> None:
    """A lab over what is left: every version once, nothing unfinished, and the next change takes nothing away."""
    for style in lab.styles():
        if style.id != STYLE:
            assert (style.name, style.trigger_token) == (NEW_STYLE, NEW_TOKEN), "half a style shows"
    if recording.deed.template == "damaged":
        return
    assert lab.damage(STYLE) is None
    promises.are_shown(_state(lab, recording.deed.key))
    others = _others(lab, recording.deed.key)
    for version in lab.versions(STYLE):
        if version.key != recording.deed.key:
            lab.describe(STYLE, version.key, "written afterwards")
            break
    promises.are_shown(_state(lab, recording.deed.key))
    assert _others(lab, recording.deed.key) == others


def _state(lab: TrainingLab, key: str) -> tuple[object, object]:
    live = {version.key: version.raw for version in lab.versions(STYLE)}
    trash = {version.key: version.raw for version in lab.trash(STYLE)}
    return live.get(key), trash.get(key)


def _others(lab: TrainingLab, key: str) -> list[tuple[str, object]]:
    versions = [*lab.versions(STYLE), *lab.trash(STYLE)]
    return sorted((version.key, version.raw.get("status")) for version in versions if version.key != key)


# -- the model can fail


LEFT_OUT: dict[str, Callable[[Operation], bool]] = {
    "the fsync of files": lambda operation: operation.kind is Kind.FSYNC,
    "the fsync of folders": lambda operation: operation.kind is Kind.FSYNC_FOLDER,
    "the fsync of the root": lambda operation: _is_fsync_of(operation, "styles"),
    "the fsync of the state folder": lambda operation: _is_fsync_of(operation, "state"),
    "the fsync of answers": lambda operation: operation.kind is Kind.FSYNC and "outbox" in operation.path,
}


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("mark_good", "the fsync of files"),
        ("mark_good", "the fsync of folders"),
        ("save the first draft", "the fsync of folders"),
        ("create_style", "the fsync of the root"),
        ("start the first one", "the fsync of the state folder"),
        ("start the first one", "the fsync of answers"),
    ],
)
def test_a_lab_is_caught_that_leaves_out(name: str, left_out: str, trial: Trial) -> None:
    with recorded(trial, name) as recording, pytest.raises((AssertionError, ValueError)):
        for _ in recording.cuts(unless=LEFT_OUT[left_out]):
            pass


def _is_fsync_of(operation: Operation, folder: str) -> bool:
    return operation.kind is Kind.FSYNC_FOLDER and operation.path == folder
