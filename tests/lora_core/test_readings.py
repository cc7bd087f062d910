"""What is kept beside a history is of that very state of it, whoever changes it and in what way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lora_core.errors import DamagedDocumentError
from lora_core.forecast import FinishedJobs
from lora_core.histories import TRASH
from lora_core.sets_document import SelectionSet
from tests.lora_core.storage import StyleFolder


def record(number: int, **changes: Any) -> dict[str, Any]:
    job = {"id": f"job-{number}", "name": f"V{number}", "key": f"key-{number}", "status": "completed"}
    return {**job, **changes}


def running(number: int) -> dict[str, Any]:
    return record(number, status="training", submission={"state": "sent"})


def finished(number: int, seconds: int) -> dict[str, Any]:
    submission = {"state": "sent", "baseUrl": "here", "endpointId": "e", "executionMs": seconds * 1000}
    return record(number, submission=submission, parameters={"max_train_steps": 100})


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    lab = StyleFolder(tmp_path / "root")
    lab.put(record(2), record(1))
    return lab


def names(lab: StyleFolder) -> list[str]:
    return [version.name for version in lab.records.live(lab.style)]


def test_an_unchanged_history_is_worked_out_once(lab: StyleFolder) -> None:
    first, second = lab.records.live(lab.style), lab.records.live(lab.style)
    assert all(one is other for one, other in zip(first, second, strict=True))
    first.clear()  # a list of the caller's own
    assert names(lab) == ["V2", "V1"]


def put_another(lab: StyleFolder) -> None:
    lab.put(record(3), record(2), record(1))


def write_the_same_length_in_place(lab: StyleFolder) -> None:
    text = lab.live_path.read_text().replace('"V2"', '"W2"')
    with lab.live_path.open("r+") as file:
        file.write(text)


def rename_here(lab: StyleFolder) -> None:
    lab.records.rename(lab.style, "key-1", "Warm")


def delete_here(lab: StyleFolder) -> None:
    lab.records.delete(lab.style, "key-2")


def take_away(lab: StyleFolder) -> None:
    lab.live_path.unlink()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put_another, ["V3", "V2", "V1"]),
        (write_the_same_length_in_place, ["W2", "V1"]),
        (rename_here, ["V2", "Warm"]),
        (delete_here, ["V1"]),
        (take_away, []),
    ],
)
def test_every_change_of_a_history_is_seen(
    lab: StyleFolder, change: Callable[[StyleFolder], None], expected: list[str]
) -> None:
    assert names(lab) == ["V2", "V1"]
    assert lab.records.taken_names(lab.style) == {"V1", "V2"}
    change(lab)
    assert names(lab) == expected
    deleted = {version.name for version in lab.records.trash(lab.style)}
    assert lab.records.taken_names(lab.style) == {*expected, *deleted}


def test_what_runs_is_what_runs_now(lab: StyleFolder) -> None:
    def in_flight() -> list[str]:
        return [version.name for version in lab.records.in_flight(lab.style)]

    lab.put(running(2), record(1))
    assert in_flight() == ["V2"]
    lab.put(record(2), running(1))
    assert in_flight() == ["V1"]
    lab.put(running(3), record(2), document=TRASH)
    assert in_flight() == ["V1", "V3"]
    lab.put(running(3), record(2))  # live again as well, and counted once
    assert in_flight() == ["V3"]


def test_a_damaged_trash_does_not_hide_the_history(lab: StyleFolder) -> None:
    lab.trash_path.write_text("{")
    assert names(lab) == ["V2", "V1"]
    assert lab.records.find(lab.style, "key-1").name == "V1"
    with pytest.raises(DamagedDocumentError):
        lab.records.trash(lab.style)


def test_of_two_records_with_one_identity_the_first_is_found(lab: StyleFolder) -> None:
    lab.put(record(2, name="newer"), record(2, name="older"))
    assert lab.records.find(lab.style, "key-2").name == "newer"


def test_selection_sets_are_those_of_the_file_as_it_is(lab: StyleFolder) -> None:
    path = lab.folder / "selection_sets.json"
    assert lab.sets.all(lab.style) == []
    path.write_text(json.dumps({"sets": [{"id": 1, "filenames": ["a.jpg"]}]}))
    assert lab.sets.all(lab.style) == [SelectionSet(1, ("a.jpg",))]
    path.write_text(json.dumps({"sets": [{"id": 1, "filenames": ["b.jpg"]}]}))
    assert lab.sets.all(lab.style) == [SelectionSet(1, ("b.jpg",))]
    path.write_text("{")
    assert lab.sets.all(lab.style) == []


def test_a_trigger_that_a_newer_version_tells_is_taken_over(lab: StyleFolder) -> None:
    assert lab.style.trigger_token == "SBai_style_7"
    lab.put(record(3, parameters={"class_tokens": "style fox"}), record(2))
    assert lab.style.trigger_token == "fox"
    (lab.folder / "style.json").write_text(json.dumps({"name": "Paper", "triggerToken": "owl"}))
    assert (lab.style.name, lab.style.trigger_token) == ("Paper", "owl")


def test_finished_jobs_follow_the_history(lab: StyleFolder) -> None:
    jobs = FinishedJobs(lab.histories, lab.records)

    def seconds(base_url: str = "here", endpoint_id: str | None = "e") -> list[float]:
        found = jobs.of([lab.style], base_url=base_url, endpoint_id=endpoint_id)
        return [job.execution_s for job in found]

    assert seconds() == []
    lab.put(finished(2, 20), finished(1, 10))
    assert (seconds(), seconds("elsewhere"), seconds(endpoint_id=None)) == ([10, 20], [], [10, 20])
    lab.put(finished(2, 30), finished(1, 10))
    assert seconds() == [10, 30]
