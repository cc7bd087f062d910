"""Ways in which a training could be paid twice, lost, or shown as what it is not."""

import json
import shutil
from typing import Any

import pytest

from local_endpoint import Call, Fault
from lora_core import FailureReason, NotAllowedError, Outlook, TrainingLab, VersionStatus
from lora_core.document import HistoryDocument
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, started


def draft(lab: TrainingLab, **arguments: Any) -> str:
    return lab.save_draft(STYLE, **{"parameters": PARAMETERS, "selection_set_id": SET, **arguments}).key


def put_old_record(bench: Bench, **content: Any) -> None:
    record = {
        "name": "Old",
        "status": "draft",
        "parameters": PARAMETERS.model_dump(),
        "selectionSetId": SET,
        **content,
    }
    record["parameters"] = {**record["parameters"], "class_tokens": "style SBai_style_1"}
    bench.history_file.write_bytes(HistoryDocument.parse(b'{"versions": []}').inserted(record).data)


def test_a_computer_that_slept_between_two_tries_sends_nothing_any_more(bench: Bench) -> None:
    lab = bench.open_lab()
    bench.runpod.next_answers("run", Fault.reply(429, b""))

    def sleep(_: float) -> None:
        bench.clock.advance(minutes=10)

    lab._submissions._wait = sleep
    version = started(lab)
    assert bench.runpod.count("run") == 1
    assert version.status is VersionStatus.DRAFT


def test_a_version_that_was_settled_before_the_first_post_is_never_sent(bench: Bench) -> None:
    lab, other = bench.open_lab(), bench.open_lab()
    may_go_on = lab._submissions._may_go_on

    def slept_before_looking(*arguments: Any) -> bool:
        bench.clock.advance(minutes=10)
        other.give_up(STYLE, "V1")
        return may_go_on(*arguments)

    lab._submissions._may_go_on = slept_before_looking  # type: ignore[method-assign]
    version = started(lab)
    assert bench.runpod.count("run") == 0
    assert version.failure_reason is FailureReason.GIVEN_UP


def test_a_stop_asked_for_between_two_tries_is_the_end_of_it(bench: Bench, lab: TrainingLab) -> None:
    tries = []

    def refuse_and_stop(call: Call) -> Fault | None:
        if call.verb != "run":
            return None
        tries.append(call)
        other = bench.open_lab()
        other.cancel(STYLE, "V1")
        return Fault.reply(429, b"")

    bench.runpod.hook = refuse_and_stop
    version = started(lab)
    assert len(tries) == 1
    assert version.status is VersionStatus.DRAFT


def test_what_may_run_cannot_be_given_up_while_its_endpoint_does_not_answer(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    lab.refresh()
    bench.runpod.is_down()
    with pytest.raises(NotAllowedError, match="may still run"):
        lab.give_up(STYLE, version.key)
    bench.runpod.hook = None
    bench.clock.advance(minutes=1)
    lab.refresh()
    assert lab.version(STYLE, version.key).status is VersionStatus.TRAINING


def test_after_its_ttl_it_may_be_given_up_though_nobody_answers(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    bench.runpod.is_down()
    bench.clock.advance(hours=25)
    assert lab.give_up(STYLE, version.key).failure_reason is FailureReason.GIVEN_UP


def test_an_unknown_status_cannot_be_given_up(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    bench.runpod.next_answers("status", Fault.reply(200, {"id": version.id, "status": "THROTTLED"}))
    with pytest.raises(NotAllowedError, match="THROTTLED"):
        lab.give_up(STYLE, version.key)


def test_giving_up_takes_the_answer_from_the_outbox_first(bench: Bench, lab: TrainingLab) -> None:
    broken = []

    def break_disk(call: Call) -> None:
        if call.verb == "run":
            broken.append(bench.broken_disk())
            broken[0].__enter__()

    bench.runpod.hook = break_disk
    version = started(lab)
    broken[0].__exit__(None, None, None)
    bench.runpod.hook = None
    bench.clock.advance(seconds=130)
    with pytest.raises(NotAllowedError, match="cancel it instead"):
        lab.give_up(STYLE, version.key)
    assert lab.version(STYLE, version.key).job_id == bench.runpod.job_ids()[0]


def test_a_job_that_comes_late_for_a_version_that_was_given_up_is_followed(
    bench: Bench, lab: TrainingLab
) -> None:
    other = bench.open_lab()

    def give_up_meanwhile(call: Call) -> None:
        if call.verb == "run":
            bench.clock.advance(seconds=130)
            other.give_up(STYLE, "V1")

    bench.runpod.hook = give_up_meanwhile
    version = started(lab)
    bench.runpod.hook = None
    lab.refresh()
    fresh = lab.version(STYLE, version.key)
    assert fresh.status is VersionStatus.TRAINING
    assert fresh.failure_reason is None and fresh.error is None


def test_a_second_job_for_one_version_is_told_and_not_forgotten(bench: Bench, lab: TrainingLab) -> None:
    other = bench.open_lab()
    stray = started(other, name="stray")
    bench.forget_own_writes()
    bench.history_file.write_bytes(  # the stray's record is gone; its job is what the user will attach
        HistoryDocument.parse(bench.history_file.read_bytes()).removed(stray.key).data
    )

    def attach_meanwhile(call: Call) -> None:
        if call.verb == "run":
            bench.clock.advance(seconds=130)
            other.attach_job(STYLE, "V1", stray.id)

    bench.runpod.hook = attach_meanwhile
    version = started(lab, name="V1")
    second = next(job for job in bench.runpod.job_ids() if job != stray.id)
    assert version.id == stray.id
    assert version.raw["submission"]["otherJobs"] == [second]
    assert version.note and second in version.note


def test_a_style_that_could_not_be_read_once_is_followed_again_though_it_did_not_change(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    lab.monitor.turn()
    folder = bench.history_file.parent
    folder.chmod(0)
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("in the way")
    bench.clock.advance(minutes=1)
    lab.monitor.nudge()
    lab.monitor.turn()
    folder.unlink()
    aside.rename(folder)
    folder.chmod(0o755)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    for _ in range(3):
        bench.clock.advance(minutes=1)
        lab.monitor.turn()
    assert lab.version(STYLE, version.key).status is VersionStatus.COMPLETED


def test_a_damaged_style_stops_neither_the_review_nor_the_start_of_another(
    bench: Bench, lab: TrainingLab
) -> None:
    broken = lab.create_style("Broken")
    (bench.folder / "styles" / broken.folder / "training_versions.json").write_text('{"versions": [')
    assert lab.review(STYLE, PARAMETERS, SET).blocks == ()
    version = started(lab)
    lab.refresh()
    assert lab.seconds_left(lab.version(STYLE, version.key)) is not None


@pytest.mark.parametrize(
    "old_id", ["1_1760254040983", "draft-17602", "a0e9d299-9849-4986-bd76-8294f2f92f5f-e1"]
)
def test_an_old_systems_draft_gets_a_request_id_when_it_is_started(
    bench: Bench, lab: TrainingLab, old_id: str
) -> None:
    put_old_record(bench, id=old_id)
    version = lab.start_draft(STYLE, "Old")
    assert version.key == old_id
    assert version.id == bench.runpod.job_ids()[0]
    assert version.request_id and version.request_id.startswith("1_")
    bench.runpod.trainer.complete(version.id)
    lab.refresh()
    assert lab.version(STYLE, old_id).status is VersionStatus.COMPLETED


def test_a_draft_of_a_copied_folder_can_be_started(bench: Bench, lab: TrainingLab) -> None:
    key = draft(lab)
    copy = bench.history_file.parent.with_name("17_copy")
    shutil.copytree(bench.history_file.parent, copy)
    version = lab.start_draft(17, key)
    assert version.request_id and version.request_id.startswith("17_")
    assert lab.version(STYLE, key).status is VersionStatus.DRAFT


def test_unknown_keys_among_the_parameters_survive_a_start(bench: Bench, lab: TrainingLab) -> None:
    put_old_record(bench, id="x-1", parameters={**PARAMETERS.model_dump(), "seed": 42})
    revision = {"parameters": PARAMETERS, "selection_set_id": SET, "description": ""}
    version = lab.start_draft(STYLE, "Old", revision=revision)
    assert version.raw["parameters"]["seed"] == 42


def test_a_draft_that_another_tab_started_does_not_swallow_this_tabs_values(
    bench: Bench, lab: TrainingLab
) -> None:
    key = draft(lab)
    first = {"parameters": PARAMETERS, "selection_set_id": SET, "description": ""}
    lab.start_draft(STYLE, key, revision=first)
    assert lab.start_draft(STYLE, key, revision=first).key == key
    changed = {**first, "parameters": PARAMETERS.model_copy(update={"learning_rate": 5e-4})}
    with pytest.raises(NotAllowedError, match="Start yours as a new version"):
        lab.start_draft(STYLE, key, revision=changed)
    assert bench.runpod.count("run") == 1


def test_half_a_character_inside_an_error_that_is_json_is_shown_as_text(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.trainer.fail(version.id, json.dumps({"error_message": "no file caf\udce9.txt"}))
    lab.refresh()
    error = lab.version(STYLE, version.key).error
    assert error and error.encode() and "caf?.txt" in error


def test_half_characters_of_old_records_are_shown_as_question_marks(bench: Bench, lab: TrainingLab) -> None:
    bench.history_file.write_text(
        '{"versions": [{"id": "a", "name": "V\\ud83d", "status": "\\ud83d", "parameters": {}}]}'
    )
    version = lab.versions(STYLE)[0]
    assert (version.name, version.status_text) == ("V?", "?")


def test_a_record_of_the_year_one_keeps_no_other_waiting(bench: Bench, lab: TrainingLab) -> None:
    odd, other = started(lab), started(lab)
    document = HistoryDocument.parse(bench.history_file.read_bytes())
    submission = {**odd.raw["submission"], "submittedAt": "0001-01-01T00:00:00.000Z"}
    bench.history_file.write_bytes(document.patched(odd.key, {"submission": submission}).data)
    bench.leave_model(odd)
    for job_id in bench.runpod.job_ids():
        bench.runpod.trainer.complete(job_id)
    bench.clock.advance(minutes=2)
    lab.refresh()
    assert lab.version(STYLE, other.key).status is VersionStatus.COMPLETED


def test_a_clock_that_is_set_back_stops_no_polling(bench: Bench, lab: TrainingLab) -> None:
    bench.clock.advance(hours=2)
    version = started(lab)
    lab.monitor.turn()
    bench.clock.advance(hours=-2)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    for _ in range(4):
        lab.monitor.turn()
        bench.clock.advance(seconds=61)
    assert lab.version(STYLE, version.key).status is VersionStatus.COMPLETED


def test_a_model_place_that_was_changed_since_says_nothing_of_a_training(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.endpoint.forget(bench.runpod.job_of(version))
    bench.clock.advance(hours=30)
    bench.bucket.folder = bench.folder / "another bucket"
    bench.bucket.folder.mkdir()
    check = lab.check_status(STYLE, version.key)
    assert check.version.status is VersionStatus.PENDING
    assert check.outlook is Outlook.ENDED_UNKNOWN


def test_a_model_that_was_seen_absent_is_awaited_though_the_bucket_cannot_be_read_now(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.bucket.folder.mkdir(parents=True, exist_ok=True)
    bench.runpod.trainer.complete_silently(bench.runpod.job_of(version))
    assert lab.check_status(STYLE, version.key).outlook is Outlook.MODEL_AWAITED
    bench.bucket.is_readable = False
    assert lab.check_status(STYLE, version.key).version.status is VersionStatus.PENDING
    bench.bucket.is_readable = True
    bench.leave_model(version)
    assert lab.check_status(STYLE, version.key).version.lora_url is not None


def test_two_jobs_of_one_key_in_two_folders_are_told_apart(bench: Bench, lab: TrainingLab) -> None:
    key = draft(lab)
    copy = bench.history_file.parent.with_name("17_copy")
    shutil.copytree(bench.history_file.parent, copy)
    first, second = lab.start_draft(STYLE, key), lab.start_draft(17, key)
    bench.runpod.trainer.progress(second.id, step=7, total_steps=100)
    lab.refresh()
    seen = [lab.sighting(version) for version in (first, second)]
    assert [one and one.progress and one.progress.step for one in seen] == [None, 7]
    for version in (first, second):
        bench.runpod.trainer.complete(version.id)
    lab.refresh()
    urls = {lab.version(STYLE, key).lora_url, lab.version(17, key).lora_url}
    assert len(urls) == 2 and None not in urls


def test_a_draft_that_was_just_started_elsewhere_is_cancelled_when_it_is_deleted(
    bench: Bench, lab: TrainingLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = draft(lab)
    other = bench.open_lab()
    deliver = lab._records.find

    def find_then_start(style: Any, reference: str) -> Any:
        found = deliver(style, reference)
        monkeypatch.setattr(lab._records, "find", deliver)
        other.start_draft(STYLE, key)
        return found

    monkeypatch.setattr(lab._records, "find", find_then_start)
    deleted = lab.delete(STYLE, key)
    assert deleted.is_in_trash
    assert deleted.cancel_requested_at is not None
    assert bench.runpod.count("cancel") == 1


def test_a_closed_lab_starts_nothing_and_says_so(bench: Bench, lab: TrainingLab) -> None:
    key = draft(lab)
    lab.close()
    with pytest.raises(NotAllowedError, match="open it again"):
        lab.start_draft(STYLE, key)
    with pytest.raises(NotAllowedError, match="open it again"):
        started(lab)
    assert [version.status for version in bench.open_lab().versions(STYLE)] == [VersionStatus.DRAFT]


def test_a_lab_that_is_closed_while_it_starts_leaves_a_draft(bench: Bench, lab: TrainingLab) -> None:
    beginning = lab._submissions.beginning

    def closed_right_after() -> Any:
        changes = beginning()
        lab._submissions._workers.shutdown()
        return changes

    lab._submissions.beginning = closed_right_after  # type: ignore[method-assign]
    version = started(lab)
    assert version.status is VersionStatus.DRAFT
    assert version.error and "could not be sent from here" in version.error
    assert bench.runpod.count("run") == 0


def webhook(job_id: str, *, echoed: str | None, status: str = "IN_PROGRESS") -> bytes:
    body: dict[str, Any] = {"id": job_id, "status": status}
    if echoed is not None:
        body["input"] = {"training_config": {"request_id": echoed}}
    return json.dumps(body).encode()


def test_a_webhook_cannot_give_a_version_the_job_of_another(bench: Bench, lab: TrainingLab) -> None:
    other = started(lab)
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    assert lab.receive_webhook(webhook(other.id, echoed=version.request_id), version.request_id) is None
    assert lab.version(STYLE, version.key).job_id is None


@pytest.mark.parametrize("echoed", ["own", "another", None])
def test_a_webhook_gives_a_version_only_a_job_that_is_its_own(
    bench: Bench, lab: TrainingLab, echoed: str | None
) -> None:
    """A made-up id would hide the job that runs; so the body must name the request, or RunPod the job."""
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    named = {"own": version.request_id, "another": "1_1"}.get(echoed or "")
    lab.receive_webhook(webhook("made-up-u1", echoed=named), version.request_id)
    assert (lab.version(STYLE, version.key).job_id == "made-up-u1") is (echoed == "own")


def test_a_webhook_without_its_request_is_believed_when_runpod_knows_the_job(
    bench: Bench, lab: TrainingLab
) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]
    lab.receive_webhook(webhook(job_id, echoed=None), version.request_id)
    assert lab.version(STYLE, version.key).job_id == job_id


def test_an_id_without_its_suffix_gives_way_to_the_whole_one(bench: Bench, lab: TrainingLab) -> None:
    """RunPod can be asked by the whole id; a webhook may come first, and without the suffix."""
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]
    lab.receive_webhook(webhook(job_id.removesuffix("-u1"), echoed=version.request_id), version.request_id)
    assert lab.version(STYLE, version.key).job_id == job_id.removesuffix("-u1")
    lab.receive_webhook(webhook(job_id, echoed=version.request_id), version.request_id)
    after = lab.version(STYLE, version.key)
    assert (after.job_id, after.status) == (job_id, VersionStatus.TRAINING)


def test_a_clock_that_was_set_back_neither_loses_a_training_nor_hides_its_model(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    forgotten = started(lab)
    for one in (version, forgotten):
        bench.runpod.trainer.complete(one.id)
        bench.runpod.endpoint.forget(one.id)
    bench.clock.advance(hours=-30)
    bench.leave_model(version)
    lab.refresh()
    assert lab.version(STYLE, version.key).status is VersionStatus.COMPLETED
    check = lab.check_status(STYLE, forgotten.key)
    assert check.version.status is VersionStatus.PENDING
    assert check.sentence == (
        "This computer's clock was set back since the training was sent, so its age is not known. Set the clock right."
    )
