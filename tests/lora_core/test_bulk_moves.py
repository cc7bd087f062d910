"""Many versions at once: to the trash and back, each file written once."""

import json
from pathlib import Path
from typing import Any

import pytest

from lora_core import NameTakenError, StoreUnavailableError, TrainingLab, TrainingParameters, VersionStatus
from lora_core.bulk_moves import BulkMove
from lora_core.stores import LocalStore
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, started

LIVE, TRASH = "training_versions.json", "training_versions.trash.json"


def record(number: int, **changes: Any) -> dict[str, Any]:
    raw = {
        "id": f"job-{number}",
        "name": f"V{number}",
        "timestamp": f"2025-{1 + number // 28:02}-{1 + number % 28:02}T08:00:00.000Z",
        "status": "failed" if number % 2 else "completed",
        "parameters": TrainingParameters().model_dump(),
        "unknown": {"kept": [1, 2.50, None]},
    }
    return {**raw, **changes}


@pytest.fixture
def folder(bench: Bench) -> Path:
    """The style's folder, ten versions in it."""
    write(bench.history_file, [record(number) for number in range(10, 0, -1)])
    return bench.history_file.parent


def write(path: Path, records: list[dict[str, Any]]) -> None:
    # As the old system wrote a number, which orjson would write in another way.
    path.write_text(json.dumps({"versions": records}, indent=2).replace("2.5,", "2.50,"))


def names(path: Path) -> list[str]:
    return [one["name"] for one in json.loads(path.read_bytes())["versions"]]


FAILED = [f"job-{number}" for number in (9, 7, 5, 3, 1)]


def test_many_are_deleted_and_what_stays_keeps_every_byte(lab: TrainingLab, folder: Path) -> None:
    before = (folder / LIVE).read_text()
    assert lab.delete_many(STYLE, FAILED) == BulkMove(tuple(FAILED))
    assert names(folder / LIVE) == ["V10", "V8", "V6", "V4", "V2"]
    assert names(folder / TRASH) == ["V9", "V7", "V5", "V3", "V1"]
    for path in (folder / LIVE, folder / TRASH):
        assert path.read_text().count("2.50") == 5
    assert lab.restore_many(STYLE, FAILED) == BulkMove(tuple(FAILED))
    assert (folder / LIVE).read_text() == before
    assert names(folder / TRASH) == []


def test_each_file_is_written_once_however_many_are_moved(
    lab: TrainingLab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write_one = LocalStore.write

    def noted(store: LocalStore, name: str, *arguments: Any, **keywords: Any) -> Any:
        written.append(name.rpartition("/")[2])
        return write_one(store, name, *arguments, **keywords)

    monkeypatch.setattr(LocalStore, "write", noted)
    lab.delete_many(STYLE, FAILED)
    lab.restore_many(STYLE, FAILED)
    assert written == [TRASH, LIVE, LIVE, TRASH]
    assert folder.is_dir()


def test_keys_that_are_gone_or_unknown_are_passed_over(lab: TrainingLab, folder: Path) -> None:
    lab.delete(STYLE, "job-3")
    assert lab.delete_many(STYLE, ["job-3", "job-1", "nothing"]) == BulkMove(("job-1",))
    assert names(folder / TRASH) == ["V3", "V1"]
    assert lab.delete_many(STYLE, []) == lab.restore_many(STYLE, ["job-9"]) == BulkMove(())


def test_they_join_what_lies_in_the_trash_already_by_date(lab: TrainingLab, folder: Path) -> None:
    lab.delete_many(STYLE, ["job-8", "job-4"])
    lab.delete_many(STYLE, ["job-9", "job-6", "job-1"])
    assert names(folder / TRASH) == ["V9", "V8", "V6", "V4", "V1"]


def test_of_two_with_one_id_neither_is_deleted_and_the_others_are(lab: TrainingLab, folder: Path) -> None:
    write(folder / LIVE, [record(3), record(2, name="twin"), record(2), record(1)])
    done = lab.delete_many(STYLE, ["job-1", "job-2", "job-3"])
    assert done.moved == ("job-1", "job-3")
    assert [problem.startswith("Two versions have the id job-2") for problem in done.problems] == [True]
    assert names(folder / LIVE) == ["twin", "V2"]


def test_one_whose_name_is_taken_stays_in_the_trash_and_the_others_come_back(
    lab: TrainingLab, folder: Path
) -> None:
    lab.delete_many(STYLE, FAILED)
    write(folder / LIVE, [record(11, name="v7")])
    done = lab.restore_many(STYLE, FAILED)
    assert done.moved == ("job-9", "job-5", "job-3", "job-1")
    assert done.problems == ("There is a version V7 again; rename it, then restore this one.",)
    assert names(folder / TRASH) == ["V7"]
    with pytest.raises(NameTakenError):  # as one by one
        lab.restore(STYLE, "job-7")


def test_of_two_of_one_name_in_the_trash_the_older_comes_back(lab: TrainingLab, folder: Path) -> None:
    write(folder / TRASH, [record(30, name="test"), record(29, name="Test")])
    done = lab.restore_many(STYLE, ["job-30", "job-29"])
    assert done.moved == ("job-29",)
    assert names(folder / TRASH) == ["test"]


def test_one_that_is_live_as_well_counts_as_live(lab: TrainingLab, folder: Path) -> None:
    write(folder / TRASH, [record(4, description="as it was deleted")])
    assert lab.restore_many(STYLE, ["job-4"]).moved == ("job-4",)
    assert lab.version(STYLE, "job-4").description == ""
    assert names(folder / TRASH) == []
    assert len(names(folder / LIVE)) == 10


def test_an_interrupted_move_leaves_each_in_one_place_at_least(
    lab: TrainingLab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_one = LocalStore.write

    def fails_for_live(store: LocalStore, name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.endswith(LIVE):
            raise StoreUnavailableError("The disk is full.")
        return write_one(store, name, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "write", fails_for_live)
        with pytest.raises(StoreUnavailableError):
            lab.delete_many(STYLE, FAILED)
    assert len(lab.versions(STYLE)) == 10
    assert lab.trash(STYLE) == []
    assert lab.delete_many(STYLE, FAILED).moved == tuple(FAILED)
    assert names(folder / TRASH) == ["V9", "V7", "V5", "V3", "V1"]


def test_what_still_runs_is_cancelled_first_and_followed_in_the_trash(lab: TrainingLab, bench: Bench) -> None:
    running = [started(lab, description=f"try {number}") for number in (1, 2)]
    draft = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET)
    lab.refresh()
    done = lab.delete_many(STYLE, [*(version.key for version in running), draft.key])
    assert len(done.moved) == 3
    assert lab.versions(STYLE) == []
    cancelled = [call for call in bench.runpod.endpoint.requests if call.verb == "cancel"]
    assert len({call.job_id for call in cancelled}) == 2
    lab.refresh()
    assert {version.status for version in lab.trash(STYLE)} == {VersionStatus.FAILED, VersionStatus.DRAFT}
    assert lab.running() == []
