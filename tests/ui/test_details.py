"""The details of a version: what is said of it, and what can be done with it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local_endpoint import Fault
from lora_core import SubmissionState, VersionStatus
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import PARAMETERS, STYLE, Screen, Screens, record, until

GONE = {"status": 404, "title": "Not Found", "detail": "job not found"}


def sent(screens: Screens) -> Screen:
    """Training with V1 selected, which RunPod has just taken."""
    screen = screens.open("new").start()
    screens.sent("V1")
    return screen.run()


def edits_opened(screen: Screen, key: str = "job-1-e1") -> Screen:
    """As after a click on Edit: what is in its box is drawn only then."""
    screen.app.session_state[f"edit_box:{key}"] = True
    return screen.run()


def rename(screen: Screen, key: str, name: str) -> Screen:
    edits_opened(screen, key).widget(f"new_name:{key}").set_value(name)
    return screen.click(f"FormSubmitter:rename:{key}-Rename")


# -- asking RunPod


def test_check_status_says_in_a_sentence_what_was_found(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    key = screens.version("V1").key
    job_id = screens.version("V1").job_id
    assert job_id is not None
    assert job_id in screen.copyable
    runpod.trainer.complete(job_id)
    screen.click(f"Check status:{key}")
    assert screens.version("V1").status is VersionStatus.COMPLETED
    assert re.fullmatch(r"\d\d:\d\d:\d\d · It is completed\\\.", screen.app.info[0].value)


def test_a_runpod_that_cannot_be_asked_changes_nothing_and_is_told(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = sent(screens)
    runpod.is_down()
    screen.click(f"Check status:{screens.version('V1').key}")
    assert screen.app.info
    assert screens.version("V1").status in (VersionStatus.PENDING, VersionStatus.TRAINING)


def test_progress_is_shown_as_the_monitor_knows_it(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    version = screens.version("V1")
    screens.lab.refresh()
    runpod.trainer.step(version.job_id or "", 3)
    screens.lab.refresh()
    screen.run()
    assert re.search(r"\b3 / [\d,]+ steps", _progress_texts(screen))
    assert "loss 0.25" in screen.text


def test_a_running_training_is_opened_from_the_sidebar(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    version = screens.version("V1")
    screen.new()
    assert screen.selected is None
    screen.go_to("history").click(f"running:{STYLE}/{version.key}")
    assert screen.title == "Training"
    assert screen.selected == version.key
    assert runpod.count("run") == 1


def test_a_failure_is_told_in_plain_words_and_the_trainers_text_in_full(
    screens: Screens, runpod: FakeRunpod
) -> None:
    text = "Traceback **most recent**:\n" + "\n".join(f"  line {n} <b>&amp;</b> $x$" for n in range(60))
    screen = sent(screens)
    screens.lab.refresh()
    runpod.trainer.fail(screens.version("V1").job_id or "", text)
    screens.lab.refresh()
    screen.run()
    assert "The trainer ended with an error; no model was made. Its own words stand below" in screen.text
    assert screens.version("V1").error in [one.value for one in screen.app.code]
    assert "line 59 <b>&amp;</b> $x$" in (screens.version("V1").error or "")


def test_cancelling_ends_a_job_and_says_stopping_until_then(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    key = screens.version("V1").key
    runpod.is_down("cancel")
    screen.click(f"cancel:{key}")
    assert "Stopping: asked for, not confirmed by the endpoint yet." in screen.text
    assert f"cancel:{key}" not in screen.keys
    runpod.calm()
    until(
        lambda: screens.lab.refresh() is not None and screens.version("V1").status is VersionStatus.FAILED,
        what="it is cancelled",
    )
    assert "It was cancelled." in screen.run().text


def test_deleting_what_runs_stops_it_first(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    version = screens.version("V1")
    screen.click(f"delete:{version.key}")
    assert runpod.count("cancel") >= 1
    assert screens.records() == []
    assert [one.key for one in screens.lab.trash(STYLE)] == [version.key]
    assert "running:" not in " ".join(screen.keys)


def test_a_job_is_attached_to_a_submission_without_an_answer(screens: Screens, runpod: FakeRunpod) -> None:
    runpod.next_answers("run", Fault.lost_reply())
    screen = screens.open("new").start()
    until(lambda: _submission_state(screens) is SubmissionState.UNKNOWN, what="the outcome is unknown")
    version = screens.version("V1")
    screen.run()
    assert screen.widget(f"attach:{version.key}").disabled
    screen.put(f"attach_id:{version.key}", "no-such-job").click(f"attach:{version.key}")
    assert "knows no job no-such-job" in screen.text
    screen.put(f"attach_id:{version.key}", f" {runpod.job_of(version)} ").click(f"attach:{version.key}")
    assert screens.version("V1").job_id == runpod.job_of(version)
    assert f"attach:{version.key}" not in screen.keys
    assert runpod.count("run") == 1


def test_a_submission_without_an_answer_can_be_given_up(screens: Screens, runpod: FakeRunpod) -> None:
    runpod.next_answers("run", Fault.lost_reply())
    screen = screens.open("new").start()
    until(lambda: _submission_state(screens) is SubmissionState.UNKNOWN, what="the outcome is unknown")
    screen.run().click(f"give_up:{screens.version('V1').key}")
    assert screens.version("V1").status is VersionStatus.FAILED
    assert "It was marked as failed by hand." in screen.text


def test_a_job_that_runpod_does_not_show_yet_is_said_to_be_so(screens: Screens, runpod: FakeRunpod) -> None:
    screen = sent(screens)
    runpod.hook = lambda call: Fault.reply(404, GONE) if call.verb == "status" else None
    screen.click(f"Check status:{screens.version('V1').key}")
    assert "yet" in screen.app.info[0].value
    assert not screens.version("V1").is_final


def test_what_is_known_of_a_submission_without_an_answer_is_said(
    screens: Screens, runpod: FakeRunpod
) -> None:
    runpod.next_answers("run", Fault.reply(502, {"detail": f"no upstream for {runpod.address.api_key}"}))
    screen = screens.open("new").start()
    until(lambda: _submission_state(screens) is SubmissionState.UNKNOWN, what="the outcome is unknown")
    (warning,) = [one.value for one in screen.run().app.warning if "costing money" in one.value]
    assert warning.startswith("The endpoint answered 502 instead of a job id")
    assert runpod.address.api_key not in json.dumps(screens.records())


def test_the_room_of_the_loss_curve_is_kept_before_the_first_point(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = sent(screens)
    assert "it appears here as soon as the trainer tells it" in screen.text
    assert _chart(screen)["alt"] == "Loss by step: nothing told yet."
    runpod.trainer.progress(
        screens.version("V1").job_id or "", step=2, total_steps=2000, loss_history=[[1, 0.5], [2, 0.25]]
    )
    screens.lab.refresh()
    chart = _chart(screen.run())
    assert "at step 2" in chart["alt"]
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 2000]


# -- records of the old system


def test_an_old_pending_record_is_asked_for_and_can_be_given_up(screens: Screens) -> None:
    screens.history(record(1, status="pending"))
    screen = screens.open("V1").click("Check status:job-1-e1")
    assert "does not tell which endpoint trained it" in screen.text
    assert screens.records()[0]["status"] == "pending"
    screen.click("give_up:job-1-e1")
    assert screens.records()[0]["status"] == "failed"
    assert "It is marked as failed." in screen.text
    assert "give_up:job-1-e1" not in screen.keys


# -- notes, names, marks


def test_a_completed_version_is_marked_as_good_and_the_mark_taken_away(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1").click("Mark as good:job-1-e1")
    assert screens.records()[0]["isGood"] is True
    screen.click("No longer good:job-1-e1")
    assert screens.records()[0]["isGood"] is False
    assert "Mark as good:job-1-e1" in screen.keys


@pytest.mark.parametrize("status", ["failed", "training", "pending", "draft"])
def test_only_what_is_completed_can_be_marked_as_good(screens: Screens, status: str) -> None:
    screens.history(record(1, status=status))
    assert "Mark as good:job-1-e1" not in screens.open("V1").keys


def test_a_version_is_renamed_and_a_taken_name_is_told(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = rename(screens.open("V1"), "job-1-e1", "v2")
    assert "v2" in screen.app.info[0].value
    assert [one["name"] for one in screens.records()] == ["V2", "V1"]
    rename(screen, "job-1-e1", " The *good* one ")
    assert [one["name"] for one in screens.records()] == ["V2", "The *good* one"]
    assert screen.query["version"] == "The *good* one"
    assert not screen.app.info
    assert "The *good* one" in screen.text
    assert screen.app.subheader[-1].value.startswith("The \\*good\\* one :green-badge[")


def test_an_empty_name_is_refused_with_a_sentence(screens: Screens) -> None:
    screens.history(record(1))
    screen = rename(screens.open("V1"), "job-1-e1", "   ")
    assert screen.app.info
    assert screens.records()[0]["name"] == "V1"


def test_a_note_is_written_changed_and_taken_away(screens: Screens) -> None:
    screens.history(record(1, description="# before"))
    screen = screens.open("V1")
    assert "# before" in [one.value for one in screen.app.text]
    edits_opened(screen).widget("note_text:job-1-e1").set_value("after\nwards")
    screen.click("FormSubmitter:note:job-1-e1-Save note")
    assert screens.records()[0]["description"] == "after\nwards"
    assert "after\nwards" in [one.value for one in screen.app.text]
    screen.widget("note_text:job-1-e1").set_value("")
    screen.click("FormSubmitter:note:job-1-e1-Save note")
    assert not screens.records()[0].get("description")


def test_the_note_and_the_name_offered_for_editing_are_the_recorded_ones(screens: Screens) -> None:
    screens.history(record(1, description="first"))
    screen = edits_opened(screens.open("V1"))
    screens.lab.describe(STYLE, "V1", "written in another window")
    screens.lab.rename(STYLE, "V1", "Other")
    screen.run()
    assert screen.widget("note_text:job-1-e1").value == "written in another window"
    assert screen.widget("new_name:job-1-e1").value == "Other"


def test_a_deleted_version_gives_way_to_the_newest(screens: Screens) -> None:
    screens.history(record(3), record(2), record(1))
    screen = screens.open("V1").click("delete:job-1-e1")
    assert screen.selected == "job-3-e1"
    assert [one["name"] for one in screens.records()] == ["V3", "V2"]
    assert [one.name for one in screens.lab.trash(STYLE)] == ["V1"]


def test_a_version_that_another_window_deleted_is_acted_on_with_a_sentence(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = screens.open("V1")
    screens.history(record(2))
    screen.click("Check status:job-1-e1")
    assert screen.selected == "job-2-e1"


# -- facts


def test_what_is_not_recorded_is_said_to_be_so(screens: Screens) -> None:
    screens.history(record(1, timestamp=None, selectionSetId=None, imageCount=None))
    text = screens.open("V1").text
    assert "| Created | not recorded |" in text
    assert "| Dataset | not recorded |" in text


def test_where_the_model_is_and_what_it_is_based_on_is_told(screens: Screens, folder: Path) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "style_1_vV2.safetensors").write_bytes(b"x" * 2048)
    screens.history(record(2, loraUrl="https://models.example/v2", basedOn="job-1-e1"), record(1))
    screen = screens.open("V2")
    assert "https://models.example/v2" in screen.copyable
    assert "| Based on | V1 |" in screen.text
    assert "Model · 2.0 kB" in screen.text
    assert "download:job-2-e1" in screen.keys
    assert "The trainer gave no address." in screen.choose_version(screens.version("V1")).text


def test_what_a_finished_training_took_and_how_fast_it_was_stands_at_its_top(screens: Screens) -> None:
    screens.history(
        record(1, startedAt="2025-10-01T08:10:00.000Z", completedAt="2025-10-01T08:20:00.000Z"),
        record(2, status="failed", error="E", failedAt="2025-10-01T08:20:00.000Z"),
    )
    screen = screens.open("V1")
    assert "| Took | Speed |\n| --- | --- |\n| 10 min | 0.3 s/step |" in screen.text
    assert re.search(r"\| Completed \| 1 Oct 2025, 08:20 UTC \(\d+ days ago\) \|", screen.text)
    assert "Took" not in screen.choose_version(screens.version("V2")).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"failureReason": "trainer", "error": "CUDA out of memory"}, "The GPU ran out of memory."),
        ({"error": "OSError: No space left on device"}, "The worker's disk was full."),
        ({"failureReason": "trainer", "error": "loss is nan at step 7"}, "The loss grew without bound."),
        ({"failureReason": "worker_lost", "error": "out of memory"}, "The machine under it was lost"),
        ({"failureReason": "timed_out", "error": "executionTimeout exceeded"}, "longer than allowed"),
        ({"failureReason": "lost", "error": "gone"}, "It ended without a trace"),
        ({"error": "E"}, "The training failed. What was said of it stands below."),
        ({}, "The training failed; why was not recorded."),
    ],
)
def test_a_failure_says_what_to_do_next(screens: Screens, changes: dict[str, str], said: str) -> None:
    screens.history(record(1, status="failed", **changes))
    screen = screens.open("V1")
    assert said in screen.text
    assert changes.get("error", "job-1-e1") in [*(one.value for one in screen.app.code), *screen.copyable]


def test_a_model_that_is_not_at_hand_says_how_to_get_it(screens: Screens, folder: Path) -> None:
    screens.history(
        record(1, loraUrl="https://m.example/a"),
        record(2, loraUrl="s3://b/a.safetensors"),
        record(3, loraUrl="file:///gone.safetensors"),
    )
    screen = screens.open("V1")
    assert f"A copy in {folder / 'models'} can be downloaded here" in screen.text
    assert (
        f"aws s3 cp s3://b/a.safetensors {folder / 'models'}/"
        in screen.choose_version(screens.version("V2")).text
    )
    assert "Its file is gone" in screen.choose_version(screens.version("V3")).text


def test_a_model_too_large_for_the_page_says_where_it_lies(screens: Screens, folder: Path) -> None:
    (folder / "models").mkdir()
    path = folder / "models" / "style_1_vV1.safetensors"
    with path.open("wb") as file:
        file.truncate(200_000_001)
    screens.history(record(1, loraUrl="https://m.example/a"))
    screen = screens.open("V1")
    assert f"it lies at {path}" in screen.text
    assert "download:job-1-e1" not in screen.keys


def test_checkpoints_are_listed_with_step_and_size_once_their_list_is_opened(
    screens: Screens, folder: Path
) -> None:
    (folder / "models").mkdir()
    for step in (500, 1000):
        name = f"style_1_vV1-step{step:08}.safetensors"
        (folder / "models" / name).write_bytes(b"x" * step)
    screens.history(record(1, status="failed", error="E"))
    screen = screens.open("V1")
    (box,) = [one for one in screen.app.expander if one.label.startswith("Checkpoints")]
    assert box.label == "Checkpoints · 2"
    assert not [key for key in screen.keys if key.startswith("checkpoint:")]
    screen.app.session_state["checkpoints:job-1-e1"] = True
    shown: list[Any] = list(screen.run().app.main.get("download_button"))
    assert [one.proto.label for one in shown] == ["step 500 · 500 bytes", "step 1,000 · 1.0 kB"]


def test_a_sentence_stays_until_another_version_is_looked_at(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = screens.open("V1").click("Check status:job-1-e1")
    assert screen.app.info
    assert screen.run().app.info
    screen.choose_version(screens.version("V2"))
    assert not screen.choose_version(screens.version("V1")).app.info


def test_text_of_others_is_never_markdown(screens: Screens) -> None:
    nasty = "**a** :red[b] $c$ <i>d</i> [e](https://f) `g` # h"
    screens.history(record(1, name=nasty, description=nasty, basedOn="x", parameters=dict(PARAMETERS)))
    screen = screens.open("new").choose_version(screens.lab.versions(STYLE)[0])
    assert nasty in screen.text
    for kind in ("markdown", "caption", "info", "warning", "error", "badge"):
        assert not [value for value in screen.values_of(kind) if "**a**" in value]


def _chart(screen: Screen) -> dict[str, Any]:
    (chart,) = screen.app.main.get("vega_lite_chart") or screen.app.main.get("arrow_vega_lite_chart")
    return {**json.loads(chart.proto.spec), "alt": chart.proto.alt}


def _progress_texts(screen: Screen) -> str:
    found = [*screen.app.main.get("progress"), *screen.app.sidebar.get("progress")]
    return "\n".join(str(one.proto.text) for one in found).replace("\\", "")


def _submission_state(screens: Screens) -> SubmissionState | None:
    submission = screens.version("V1").submission
    return submission.state if submission else None
