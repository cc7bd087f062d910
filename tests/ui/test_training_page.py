"""The Training screen: what the form shows, what forbids a start, and what a start makes."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from local_endpoint import Fault
from lora_core import PARAMETER_NAMES, SubmissionState, VersionStatus
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import PARAMETERS, ROOT, STYLE, Screens, record, until
from ui.field_labels import LABELS

FIXTURES = ROOT / "tests" / "fixtures" / "styles"
OTHER = {
    "network_dim": 32,
    "network_alpha": 8.5,
    "learning_rate": 5e-5,
    "max_train_steps": 1234,
    "lr_scheduler": "constant_with_warmup",
    "lr_warmup_steps": 50,
    "optimizer_type": "Lion",
    "batch_size": 4,
    "num_repeats": 3,
    "gradient_dtype": "fp16",
    "save_every_n_steps": 617,
    "class_tokens": "style of nobody",
}
SHOWN = {
    **{name: str(value) for name, value in OTHER.items()},
    "learning_rate": "5e-5",
    "network_alpha": "8.5",
}


# -- the first opening


def test_an_empty_root_offers_a_sample_style_and_creates_it(empty: Screens) -> None:
    screen = empty.address().run()
    assert "No style yet" in screen.text
    screen.click("create_sample")
    assert screen.query == {"style": "1", "version": "new"}
    assert screen.can_start
    assert [style.name for style in empty.lab.styles()] == ["Flat Landscapes"]


def test_an_empty_root_takes_a_style_of_ones_own(empty: Screens) -> None:
    screen = empty.address().run()
    screen.click("create_style")
    assert "A style needs a name." in screen.text
    screen.put("new_style_name", "Ink & *Water*").click("create_style")
    assert [style.name for style in empty.lab.styles()] == ["Ink & *Water*"]
    assert screen.title == "Datasets"
    screen.go_to("training")
    assert not screen.can_start
    assert "choose a selection set" in screen.text


def test_a_new_version_starts_from_the_defaults(screens: Screens) -> None:
    screen = screens.open("new")
    shown = screen.values(*PARAMETER_NAMES, "selection_set_id", "name", "description")
    assert shown == {
        **{name: str(value) for name, value in PARAMETERS.items()},
        "selection_set_id": 1,
        "name": "",
        "description": "",
    }
    assert screen.field("name").placeholder == "V1"
    assert screen.can_start
    assert not screen.is_edited


# -- selecting a version


def test_selecting_a_version_loads_all_twelve_parameters_and_its_dataset(screens: Screens) -> None:
    screens.history(
        record(2), record(1, parameters=OTHER, selectionSetId=2, description="This was about rates")
    )
    screen = screens.open("V2").choose_version(screens.version("V1"))
    assert screen.values(*PARAMETER_NAMES) == SHOWN
    assert screen.values("selection_set_id", "description") == {"selection_set_id": 2, "description": ""}
    assert "This was about rates" in screen.text
    assert screen.query == {"style": "1", "version": "V1"}
    screen.choose_version(screens.version("V2"))
    assert screen.values("learning_rate", "max_train_steps") == {
        "learning_rate": "0.0001",
        "max_train_steps": "2000",
    }


def test_a_draft_is_loaded_with_its_own_description_and_name(screens: Screens) -> None:
    screens.history(record(1, status="draft", parameters=OTHER, description="half an idea"))
    screen = screens.open("V1")
    assert screen.values(*PARAMETER_NAMES) == SHOWN
    assert screen.values("description", "name") == {"description": "half an idea", "name": "V1"}
    assert screen.field("name").disabled


def test_what_an_old_record_lacks_is_an_empty_field_that_forbids_a_start(screens: Screens) -> None:
    lacking = {name: value for name, value in PARAMETERS.items() if name != "save_every_n_steps"}
    screens.history(record(1, parameters=lacking))
    screen = screens.open("V1")
    assert screen.field("save_every_n_steps").value == ""
    assert not screen.can_start
    assert "Save every n steps is not recorded or empty" in screen.text
    assert "It cannot be started yet, see Save every n steps." in screen.text
    screen.click(f"use:{screen.form_id}:save_every_n_steps:500")
    assert screen.field("save_every_n_steps").value == "500"
    assert screen.can_start


def test_an_optimizer_that_the_trainer_does_not_know_stays_shown_and_forbids_a_start(
    screens: Screens,
) -> None:
    screens.history(record(1, parameters={**PARAMETERS, "optimizer_type": "adafactor"}))
    screen = screens.open("V1")
    assert screen.field("optimizer_type").value == "adafactor"
    assert not screen.can_start
    assert "does not know optimizer_type 'adafactor'" in screen.text
    screen.click(f"use:{screen.form_id}:optimizer_type:adamw8bit")
    assert screen.field("optimizer_type").value == "adamw8bit"
    assert screen.can_start


def test_a_version_whose_selection_set_is_gone_is_shown_and_asks_for_another(screens: Screens) -> None:
    screens.history(record(1, selectionSetId=9))
    screen = screens.open("V1")
    assert screen.field("selection_set_id").value == 9
    assert not screen.can_start
    assert "No dataset is chosen: choose a selection set." in screen.text
    assert "Check status:job-1-e1" in screen.keys
    screen.fill(selection_set_id=2)
    assert screen.can_start


@pytest.mark.parametrize("style_folder", sorted(path.name for path in FIXTURES.iterdir()))
def test_every_version_of_files_that_exist_already_can_be_looked_at(
    empty: Screens, style_folder: str
) -> None:
    shutil.copytree(FIXTURES, empty.styles)
    before = {path: path.read_bytes() for path in empty.styles.rglob("*.json")}
    style = empty.lab.style(style_folder)
    versions = empty.lab.versions(style_folder)
    screen = empty.open("new", style=style.id)
    for version in versions:
        screen.choose_version(version)
        assert screen.selected == version.key
    screen.go_to("history")
    assert len(screen.column("Version")) == len(versions)
    assert {path: path.read_bytes() for path in empty.styles.rglob("*.json")} == before


@pytest.mark.parametrize(
    "odd",
    [
        {"parameters": None, "selectionSetId": None, "imageCount": None, "timestamp": None},
        {"parameters": {**PARAMETERS, "max_train_steps": 10**30, "network_dim": 2**70}},
        {"parameters": {**PARAMETERS, "learning_rate": -1, "batch_size": 0, "num_repeats": -5}},
        {"parameters": {**PARAMETERS, "lr_scheduler": "", "optimizer_type": " ", "gradient_dtype": "int8"}},
        {"status": "resting"},
        {"status": None},
        {"status": "training", "id": "style_1_vV1"},
        {"name": "x" * 300, "description": "y" * 3000},
        {"name": "new"},
        {"timestamp": "yesterday", "completedAt": "2025-10-01T08:00:00.000Z", "startedAt": "soon"},
        {"status": "failed", "error": "# no *markdown*\n" * 200, "failureReason": "boredom"},
        {"status": "draft", "name": "z" * 120, "selectionSetId": 7},
    ],
    ids=lambda odd: ",".join(f"{name}={str(value)[:12]}" for name, value in odd.items()),
)
def test_a_record_of_any_oddity_is_shown_on_both_screens(screens: Screens, odd: dict[str, Any]) -> None:
    screens.history(record(2), record(1, **odd))
    version = screens.lab.versions(STYLE)[1]
    screen = screens.open("V2").choose_version(version)
    assert screen.selected == version.key
    screen.go_to("history")
    assert len(screen.column("Version")) == 2
    screen.select_rows(version.name)
    screen.select_rows(version.name, "V2")


# -- typing


def test_a_rate_may_be_typed_as_one_times_ten_to_the_minus_four(screens: Screens) -> None:
    screen = screens.open("new").fill(learning_rate="1e-4", max_train_steps=" 500 ").save()
    parameters = screens.version("V1").raw["parameters"]
    assert (parameters["learning_rate"], parameters["max_train_steps"]) == (0.0001, 500)
    assert screen.values("learning_rate", "max_train_steps") == {
        "learning_rate": "0.0001",
        "max_train_steps": "500",
    }


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("learning_rate", "abc", "Learning rate is no number: enter a number above 0."),
        ("max_train_steps", "2000.5", "Steps is no whole number"),
        ("network_dim", "", "Network dim is not recorded or empty"),
        ("network_alpha", "inf", "Network alpha is no number"),
        ("batch_size", "0", "Batch size is 0"),
        ("lr_warmup_steps", "9" * 5000, "Warm-up steps is no whole number"),
        ("max_train_steps", "9" * 30, "Steps is no usable number"),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_no_usable_number_is_told_at_its_field_and_forbids_a_start(
    screens: Screens, field: str, typed: str, sentence: str
) -> None:
    screen = screens.open("new").fill(**{field: typed})
    assert screen.field(field).value == typed
    assert sentence in screen.text
    assert f"It cannot be started yet, see {LABELS[field]}." in screen.text
    assert not screen.can_start
    screen.fill(**{field: str(PARAMETERS[field])})
    assert screen.can_start
    assert not screen.is_edited


@pytest.mark.parametrize("typed", ["abc", "2000.5", ""])
def test_a_draft_keeps_even_what_cannot_be_started_or_says_why_not(screens: Screens, typed: str) -> None:
    screen = screens.open("new").fill(max_train_steps=typed, learning_rate="3e-4").save()
    if screens.records():
        assert screen.values("max_train_steps", "learning_rate") == {
            "max_train_steps": "",
            "learning_rate": "0.0003",
        }
    else:
        assert screen.app.error
        assert screen.field("max_train_steps").value == typed
    assert not screen.can_start


def test_a_click_on_start_that_arrives_with_an_unusable_edit_starts_nothing(screens: Screens) -> None:
    screen = screens.open("new")
    screen.field("learning_rate").set_value("abc")
    screen.click(f"start:{screen.form_id}")
    assert screens.records() == []
    assert "Learning rate is no number" in screen.text


def test_a_suggestion_fills_its_field(screens: Screens) -> None:
    screen = screens.open("new").fill(network_dim="8")
    assert "Network alpha above network_dim" in screen.text
    screen.click(f"use:{screen.form_id}:network_alpha:8")
    assert screen.field("network_alpha").value == "8"
    assert "Network alpha above network_dim" not in screen.text
    screen.fill(lr_warmup_steps="100", lr_scheduler="constant")
    assert not screen.can_start
    screen.click(f"use:{screen.form_id}:lr_scheduler:constant_with_warmup")
    assert screen.field("lr_scheduler").value == "constant_with_warmup"
    assert screen.can_start


def test_what_two_findings_suggest_is_offered_once(screens: Screens) -> None:
    screen = screens.open("new").fill(selection_set_id=2, num_repeats="32", batch_size="300")
    assert "An epoch has only 256 image views" in screen.text
    assert "takes batch_size up to 256" in screen.text
    uses = [key for key in screen.keys if key.startswith("use:") and ":batch_size:" in key]
    screen.click(*uses)
    assert screen.field("batch_size").value == "256"


def test_edits_survive_a_change_of_version_of_style_and_of_page(screens: Screens) -> None:
    screens.lab.create_style("Second")
    screens.history(record(2), record(1))
    edits = {"learning_rate": "3e-4", "lr_scheduler": "constant", "description": "not yet", "name": "Mine"}
    screen = screens.open("V1").fill(**edits)
    screen.choose_version(screens.version("V2"))
    assert screen.values(*edits) == {
        "learning_rate": "0.0001",
        "lr_scheduler": "cosine_with_restarts",
        "description": "",
        "name": "",
    }
    screen.new().fill(learning_rate="7e-4")
    screen.choose_version(screens.version("V1"))
    assert screen.values(*edits) == edits
    screen.choose_style("2_second").choose_style(STYLE)
    assert screen.values(*edits) == edits
    screen.go_to("history").go_to("training")
    assert screen.values(*edits) == edits
    assert screen.new().field("learning_rate").value == "7e-4"
    screen.choose_version(screens.version("V1")).discard()
    assert screen.values(*edits) == {
        "learning_rate": "0.0001",
        "lr_scheduler": "cosine_with_restarts",
        "description": "",
        "name": "",
    }
    assert not screen.is_edited
    assert screen.new().field("learning_rate").value == "7e-4"


# -- drafts


def test_a_draft_is_saved_changed_and_saved_again(screens: Screens) -> None:
    screen = screens.open("new").fill(learning_rate="2e-4", description="first thought").save()
    (kept,) = screens.records()
    assert (kept["status"], kept["name"], kept["description"]) == ("draft", "V1", "first thought")
    assert screen.selected == kept["key"]
    screen.fill(learning_rate="3e-4", description="", selection_set_id=2).save()
    (again,) = screens.records()
    assert again["key"] == kept["key"]
    assert again["parameters"]["learning_rate"] == 0.0003
    assert again["selectionSetId"] == 2
    assert not again.get("description")
    assert not screen.is_edited


def test_a_draft_has_the_name_that_was_typed_and_a_taken_one_is_told(screens: Screens) -> None:
    screen = screens.open("new").fill(name="  Warm light  ").save()
    assert [one["name"] for one in screens.records()] == ["Warm light"]
    screen.new().fill(name="WARM LIGHT", learning_rate="2e-4").save()
    assert len(screens.records()) == 1
    assert "WARM LIGHT" in screen.text
    assert screen.values("name", "learning_rate") == {"name": "WARM LIGHT", "learning_rate": "2e-4"}
    screen.fill(name="Cold light").save()
    assert [one["name"] for one in screens.records()] == ["Cold light", "Warm light"]


def test_two_new_versions_in_a_row_are_two(screens: Screens) -> None:
    screens.open("new").save().new().save().new().save()
    assert [one["name"] for one in screens.records()] == ["V3", "V2", "V1"]
    assert len({one["key"] for one in screens.records()}) == 3


def test_a_draft_is_started_as_it_is_typed(screens: Screens, runpod: FakeRunpod) -> None:
    screen = screens.open("new").save().fill(learning_rate="4e-4", description="now").start()
    version = screens.sent("V1")
    assert runpod.count("run") == 1
    assert version.status is VersionStatus.PENDING
    assert version.parameters.learning_rate == 0.0004
    assert version.description == "now"
    assert screen.selected == version.key


# -- starting


def test_a_start_makes_a_version_based_on_the_selected_one_and_the_form_keeps_the_values(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screens.history(record(1, parameters=OTHER, selectionSetId=2))
    screen = screens.open("V1").fill(learning_rate="2e-4", description="warmer").start()
    version = screens.sent("V2")
    assert version.based_on == screens.version("V1").key
    assert version.raw["parameters"] == {**OTHER, "learning_rate": 0.0002}
    assert version.selection_set_id == 2
    assert version.description == "warmer"
    assert screen.selected == version.key
    assert screen.query == {"style": "1", "version": "V2"}
    screen.run()
    assert screen.values(*PARAMETER_NAMES) == {**SHOWN, "learning_rate": "0.0002"}
    assert screen.field("description").value == ""
    assert "warmer" in screen.text
    assert f"running:{STYLE}/{version.key}" in screen.keys
    assert runpod.count("run") == 1


def test_what_is_in_flight_cannot_be_started_again_unchanged_but_with_an_edit(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = screens.open("new").start()
    screens.sent("V1")
    screen.run()
    assert not screen.can_start
    assert "V1 is being trained with exactly this" in screen.text
    screen.fill(learning_rate="2e-4").start()
    screens.sent("V2")
    assert runpod.count("run") == 2
    screen.choose_version(screens.version("V1"))
    assert not screen.can_start


def test_a_refused_submission_is_a_draft_again_with_runpods_sentence(
    screens: Screens, runpod: FakeRunpod
) -> None:
    runpod.next_answers("run", Fault.reply(400, {"error": "the *queue* is closed today"}))
    screen = screens.open("new").fill(learning_rate="2e-4").start()
    until(lambda: screens.version("V1").status is VersionStatus.DRAFT, what="it is a draft again")
    screen.run()
    assert "the *queue* is closed today" in "".join(one.value for one in screen.app.code)
    assert "It was not started" in screen.text
    assert screen.field("learning_rate").value == "0.0002"
    screen.start()
    assert screens.sent("V1").status is VersionStatus.PENDING
    assert "the queue is closed" not in screen.run().text


def test_a_lost_reply_is_told(screens: Screens, runpod: FakeRunpod) -> None:
    runpod.next_answers("run", Fault.lost_reply())
    screen = screens.open("new").start()
    until(
        lambda: (
            (submission := screens.version("V1").submission) and submission.state is SubmissionState.UNKNOWN
        ),
        what="the outcome is unknown",
    )
    screen.run()
    assert "a job may be running and costing money" in screen.text
    assert runpod.count("run") == 1


def test_with_runpod_it_is_told_which_keys_the_bucket_must_hold(screens: Screens, runpod: FakeRunpod) -> None:
    screen = screens.open("new").fill(selection_set_id=2)
    assert any("16 files must already lie in the bucket" in one.label for one in screen.app.expander)
    screen.app.session_state[f"bucket:{screen.form_id}"] = True
    screen.run()
    (keys,) = [one.value.splitlines() for one in screen.app.code if "lora-lab-test" in one.value]
    assert len(keys) == 16
    assert keys[0].endswith("/styles/1/image_001.jpg")
    assert keys[1].endswith("/styles/1/image_001.txt")
    assert f"RunPod endpoint {runpod.address.endpoint_id}" in _sidebar(screen.app)


def test_half_a_configuration_opens_history_and_forbids_starts(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", "half-a-key")
    screen = screens.open("new")
    assert screen.title == "History"
    screen.go_to("training")
    assert not screen.can_start
    assert "RUNPOD_ENDPOINT_ID" in screen.text
    assert "half-a-key" not in screen.text
    screen.save()
    assert len(screens.records()) == 1


def test_settings_that_cannot_be_are_told_and_nothing_else_is_shown(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_TTL_HOURS", "2")
    screen = screens.open("new")
    assert "RUNPOD_TTL_HOURS must be at least" in screen.text
    assert not [key for key in screen.keys if key.startswith("start:")]


# -- when the disk does not do what it should


def test_a_disk_that_takes_nothing_is_told_and_what_was_typed_stays(screens: Screens) -> None:
    screen = screens.open("new").fill(learning_rate="2e-4")
    own = screens.styles / ".lora_lab"
    if own.exists():
        shutil.rmtree(own)
    own.write_text("in the way")
    screen.save()
    assert screen.app.error
    assert screens.records() == []
    own.unlink()
    assert screen.field("learning_rate").value == "2e-4"
    screen.save()
    assert [one["name"] for one in screens.records()] == ["V1"]


def test_a_root_that_is_no_folder_is_told(empty: Screens) -> None:
    empty.styles.write_text("a file in the folder's place")
    for screen in (empty.address().run(), empty.open("new").go_to("history")):
        assert screen.app.error or "No style yet" in screen.text


def test_a_damaged_style_does_not_stop_the_others(screens: Screens) -> None:
    screens.lab.create_style("Second")
    (screens.styles / "2_second" / "training_versions.json").write_text('{"versions": [')
    screen = screens.open("new", style="2")
    assert "cannot be read" in screen.text
    assert screen.choose_style(STYLE).can_start


# -- folders that were copied


def test_two_folders_of_one_id_are_told_apart_and_cannot_be_started(screens: Screens) -> None:
    shutil.copytree(screens.styles / STYLE, screens.styles / "1_a_copy")
    screens.history(record(1, parameters={**PARAMETERS, "learning_rate": 0.0007}))
    screen = screens.open("new").choose_style(STYLE)
    assert not screen.can_start
    assert "Two folders have the id 1; rename one of them." in screen.text
    assert screen.field("learning_rate").value == "0.0007"
    assert all("(1_" in option for option in screen.widget(screen.style_box).options)
    again = screens.open(screen.query["version"], style=screen.query["style"])
    assert again.widget(again.style_box).value == STYLE


def test_a_folder_that_was_copied_while_something_ran_in_it_is_shown(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = screens.open("new").start()
    screens.sent("V1")
    shutil.copytree(screens.styles / STYLE, screens.styles / "2_a_copy")
    (screens.styles / "2_a_copy" / "style.json").unlink()
    screen.run()
    assert len([key for key in screen.keys if key.startswith("running:")]) == 2
    assert runpod.count("run") == 1


def _sidebar(app: Any) -> str:
    return "\n".join(one.value for one in app.sidebar.caption).replace("\\", "")


def test_no_page_writes_anything_by_being_looked_at(screens: Screens) -> None:
    screens.history(record(1))
    before = _files(screens.styles)
    screens.open("V1").new().go_to("history").select_rows("V1")
    assert _files(screens.styles) == before


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
