"""The old system's page saves the list that it read before: what the lab made since must not go with it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_endpoint import Call, Fault
from lora_core import TrainingLab, VersionStatus, json_text
from lora_core.document import HistoryDocument, record_key
from lora_core.foreign_saves import former_states, mended, state_of
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, started


def as_javascript_writes(value: Any) -> Any:
    """8.0 is written as 8 there."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: as_javascript_writes(one) for name, one in value.items()}
        case list():
            return [as_javascript_writes(one) for one in value]
    return value


class OldPage:
    """Reads the whole list when it is opened, and writes it whole, in place, when something is saved."""

    def __init__(self, bench: Bench) -> None:
        self._file = bench.history_file
        self.versions: list[dict[str, Any]] = json.loads(self._file.read_bytes())["versions"]

    def save(self) -> None:
        with self._file.open("w") as file:
            json.dump({"versions": as_javascript_writes(self.versions)}, file, indent=2)

    def of(self, name: str) -> dict[str, Any]:
        return next(one for one in self.versions if one["name"] == name)


def names(lab: TrainingLab) -> list[str]:
    return [version.name for version in lab.versions(STYLE)]


def test_a_version_made_since_the_page_was_opened_stays(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    second = started(lab)
    page.save()
    assert names(lab) == ["V2", "V1"]
    assert lab.version(STYLE, "V2").raw == second.raw
    assert [one.version.name for one in lab.running()] == ["V2", "V1"]


def test_it_is_written_back_by_the_monitor_or_with_the_next_change(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    started(lab)
    page.save()
    lab.versions(STYLE)
    assert [one["name"] for one in OldPage(bench).versions] == ["V1"], "reading writes nothing"
    lab.mark_good(STYLE, "V1", True)
    assert [one["name"] for one in OldPage(bench).versions] == ["V2", "V1"]
    page.save()
    lab.refresh()
    assert [one["name"] for one in OldPage(bench).versions] == ["V2", "V1"]


def test_a_training_that_the_page_knew_as_a_draft_is_not_sent_again(bench: Bench, lab: TrainingLab) -> None:
    key = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET).key
    page = OldPage(bench)
    lab.start_draft(STYLE, key)
    page.save()
    version = lab.version(STYLE, key)
    assert (version.status, version.job_id) == (VersionStatus.PENDING, bench.runpod.job_ids()[0])
    assert lab.start_draft(STYLE, key).job_id == version.job_id
    assert bench.runpod.count("run") == 1


def test_a_status_that_was_reached_since_stays(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    page = OldPage(bench)
    bench.runpod.trainer.complete(version.id)
    lab.refresh()
    bench.runpod.endpoint.forget(version.id)
    page.of("V1")["isGood"] = True
    page.save()
    after = lab.version(STYLE, "V1")
    assert after.status is VersionStatus.COMPLETED and after.lora_url
    assert after.is_good, "the page's own edit stays"


def test_what_was_deleted_since_stays_deleted(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    lab.delete(STYLE, "V1")
    page.save()
    assert names(lab) == []
    assert [version.name for version in lab.trash(STYLE)] == ["V1"]
    lab.restore(STYLE, "V1")
    assert names(lab) == ["V1"]


def test_what_the_page_adds_edits_and_deletes_of_its_own_stays_so(bench: Bench, lab: TrainingLab) -> None:
    old = {"id": "old-e1", "name": "old", "status": "completed", "parameters": {}}
    started(lab)
    page = OldPage(bench)
    page.versions += [old, {**old, "id": "other-e1", "name": "other"}]
    page.of("V1")["description"] = "good with 0.8"
    page.save()
    started(lab)
    page.versions = [one for one in page.versions if one["name"] != "other"]
    page.save()
    assert names(lab) == ["V2", "V1", "old"]
    assert lab.version(STYLE, "V1").description == "good with 0.8"


def test_what_a_person_writes_into_the_file_stays(bench: Bench, lab: TrainingLab) -> None:
    """It is no state that the record ever had, so it is no stale one."""
    started(lab)
    editor = OldPage(bench)
    editor.of("V1").update(status="failed", error="I pulled the plug.")
    editor.save()
    assert lab.version(STYLE, "V1").error == "I pulled the plug."


def test_a_spoiled_copy_of_the_last_write_changes_nothing(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    started(lab)
    for copy in (bench.history_file.parent.parent / ".lora_lab" / "kept").iterdir():
        copy.write_bytes(b"\0" * 100)
    page.save()
    assert names(bench.open_lab()) == ["V1"]


keys = st.sampled_from(["a", "b", "c"])
records = st.fixed_dictionaries(
    {"status": st.sampled_from(["draft", "pending", "completed"]), "isGood": st.booleans()},
    optional={"submission": st.fixed_dictionaries({"state": st.sampled_from(["sending", "sent"])})},
)


@st.composite
def documents(draw: Callable[..., Any]) -> HistoryDocument:
    chosen = draw(st.lists(keys, unique=True))
    made = [
        {"id": f"id-{key}", **({"key": key} if draw(st.booleans()) else {}), **draw(records)}
        for key in chosen
    ]
    return HistoryDocument.parse(json.dumps({"versions": made}).encode())


@given(saved=documents(), ours=documents(), former=documents(), trashed=st.sets(keys))
def test_mending_gives_back_what_is_ours_once_and_takes_nothing_of_others(
    saved: HistoryDocument, ours: HistoryDocument, former: HistoryDocument, trashed: set[str]
) -> None:
    states = {state_of(record) for record in former.records}
    after = mended(saved, ours, former=states, trashed=trashed)
    assert mended(after, ours, former=states, trashed=trashed).data == after.data
    there = {record_key(record) for record in after.records}
    assert {record_key(record) for record in ours.records if "key" in record} <= there | trashed
    for record in saved.records:
        mine = ours.record(record_key(record)) or {}
        is_sent_since = "submission" in mine and "submission" not in record
        if "key" not in record or (state_of(record) not in states and not is_sent_since):
            assert after.record(record_key(record)) == record
    assert mended(ours, ours, former=(), trashed=trashed) is ours


def test_a_state_is_left_by_a_change_of_status_and_by_a_deletion_but_not_by_a_note() -> None:
    before = HistoryDocument.parse(
        b'{"versions": [{"key": "a", "status": "pending"}, {"id": "x", "status": "draft"}]}'
    )
    (record,) = (one for one in before.records if "key" in one)
    assert list(former_states(before, before.patched("a", {"status": "training"}))) == [state_of(record)]
    assert list(former_states(before, before.removed("a"))) == [state_of(record)]
    assert list(former_states(before, before.patched("a", {"description": "note", "isGood": True}))) == []
    assert list(former_states(before, before.removed("x"))) == [], "the old system's own"


@pytest.mark.parametrize("is_good", [True, False])
def test_a_mark_does_not_hide_that_a_record_is_stale(bench: Bench, lab: TrainingLab, is_good: bool) -> None:
    version = started(lab)
    page = OldPage(bench)
    bench.runpod.trainer.fail(version.id)
    lab.refresh()
    page.of("V1")["isGood"] = is_good
    page.save()
    after = lab.version(STYLE, "V1")
    assert (after.status, after.is_good) == (VersionStatus.FAILED, is_good)


def test_the_id_of_a_job_is_not_taken_back_by_a_copy_that_is_older_than_the_file() -> None:
    """As a disk could leave it that loses the copy in a power cut, but not the file."""
    sent = {
        "key": "a",
        "id": "job-u1",
        "requestId": "1_2",
        "status": "pending",
        "submission": {"state": "sent"},
    }
    draft = {"key": "a", "id": "1_2", "requestId": "1_2", "status": "draft"}
    saved, ours = (HistoryDocument.parse(json.dumps({"versions": [one]}).encode()) for one in (sent, draft))
    assert mended(saved, ours, former={state_of(sent)}, trashed=()) is saved


WHOLE = PARAMETERS.model_copy(
    update={"network_alpha": 8.0, "learning_rate": 1.0, "optimizer_type": "prodigy"}
)


@pytest.mark.parametrize("edit", [{}, {"max_train_steps": 200}])
def test_a_draft_that_was_started_since_is_not_sent_again_however_the_page_spells_it(
    bench: Bench, lab: TrainingLab, edit: dict[str, Any]
) -> None:
    key = lab.save_draft(STYLE, parameters=WHOLE, selection_set_id=SET).key
    page = OldPage(bench)
    lab.start_draft(STYLE, key)
    page.of("V1")["parameters"].update(edit)
    page.save()
    lab.start_draft(STYLE, key)
    assert bench.runpod.count("run") == 1
    assert lab.version(STYLE, key).job_id == bench.runpod.job_ids()[0]


def test_an_old_draft_that_the_lab_started_is_not_sent_again(bench: Bench, lab: TrainingLab) -> None:
    draft = {"id": "old", "name": "old", "status": "draft", "selectionSetId": SET}
    draft["parameters"] = {**PARAMETERS.model_dump(), "class_tokens": "style SBai_style_1"}
    bench.history_file.write_text(json.dumps({"versions": [draft]}))
    page = OldPage(bench)
    lab.start_draft(STYLE, "old")
    page.save()
    lab.start_draft(STYLE, "old")
    assert bench.runpod.count("run") == 1


def test_what_an_interrupted_restore_left_in_the_trash_takes_nothing_that_runs(
    bench: Bench, lab: TrainingLab
) -> None:
    key = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET).key
    lab.delete(STYLE, key)
    trash = bench.history_file.with_name("training_versions.trash.json")
    in_both = trash.read_bytes()
    lab.restore(STYLE, key)
    trash.write_bytes(in_both)
    page = OldPage(bench)
    version = lab.start_draft(STYLE, key)
    page.save()
    assert [one.version.key for one in lab.running()] == [key]
    lab.refresh()
    assert lab.version(STYLE, key).job_id == version.job_id


def test_a_save_that_did_what_the_lab_was_about_to_do_is_the_labs_own(bench: Bench, lab: TrainingLab) -> None:
    """Else the copy of before would bring back a `sending` that nobody answers any more."""
    key = lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET).key
    no = Fault.reply(429, b"", headers={"retry-after": "60"})
    bench.runpod.next_answers("run", no)
    refused = lab.start_draft(STYLE, key)
    page = bench.history_file.read_bytes()

    def page_saves(_: Call) -> Fault:
        bench.history_file.write_bytes(page)
        return no

    bench.runpod.hook = page_saves
    lab.start_draft(STYLE, key)
    bench.runpod.hook = None
    assert lab.version(STYLE, key).raw == refused.raw
    assert bench.open_lab().version(STYLE, key).status is VersionStatus.DRAFT


def test_the_same_save_is_put_right_each_time(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    started(lab)
    for _ in range(3):
        page.save()
        lab.refresh()
        assert len(OldPage(bench).versions) == 2


def test_what_two_roots_share_by_a_link_is_left_to_both(bench: Bench, lab: TrainingLab) -> None:
    draft = lab.save_draft(STYLE, parameters=PARAMETERS)
    other_root = bench.folder / "other"
    other_root.mkdir()
    folder = bench.history_file.parent
    (other_root / folder.name).symlink_to(folder)
    other = bench.open_lab(lora_lab_root=str(other_root))
    before = lab.version(STYLE, draft.key).raw
    other.revise_draft(STYLE, draft.key, parameters={"max_train_steps": 200})
    other.revise_draft(STYLE, draft.key, parameters=PARAMETERS)
    other.delete(STYLE, draft.key)
    assert before and [one.key for one in other.trash(STYLE)] == [draft.key]


def test_former_states_that_are_no_text_harm_nobody(bench: Bench, lab: TrainingLab) -> None:
    started(lab)
    page = OldPage(bench)
    started(lab)
    for file in (bench.history_file.parent.parent / ".lora_lab" / "former").iterdir():
        file.write_bytes(b"\xff\xfe\n" + file.read_bytes())
    page.save()
    assert names(bench.open_lab()) == ["V2", "V1"]


def test_half_a_character_in_a_key_is_no_obstacle() -> None:
    document = HistoryDocument.parse(b'{"versions": [{"key": "\\ud800x", "status": "draft"}]}')
    assert list(former_states(document, document.removed("\ud800x")))


def test_many_versions_are_put_back_with_as_few_readings_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an old page that saves an empty list over a thousand would hold the next look up for seconds."""
    elements = json_text.elements
    readings: list[str] = []

    def counted(text: str, start: int) -> Any:
        readings.append(text)
        return elements(text, start)

    def put_back(count: int) -> int:
        made = [{"id": f"i{at}", "key": f"k{at}", "status": "draft"} for at in range(count)]
        ours = HistoryDocument.parse(json.dumps({"versions": made}).encode())
        readings.clear()
        after = mended(HistoryDocument.parse(b'{"versions": []}'), ours, former=(), trashed=())
        assert [record["key"] for record in after.records] == [f"k{at}" for at in range(count)]
        return len(readings)

    monkeypatch.setattr(json_text, "elements", counted)
    assert put_back(300) == put_back(1)
