"""The form beyond its fields: what differs, what is recommended, what is kept, what opens by itself."""

import json
from typing import Any

import pytest

from lora_core import PARAMETER_NAMES
from tests.ui.screens import PARAMETERS, STYLE, Screen, Screens, record
from ui import form_state

NEW_EDITS = f"training_edits_{STYLE}/new"


def marks(screen: Screen) -> dict[str, str]:
    """Fields that are marked as different, and what each mark says."""
    found = {key: screen.widget(key).label for key in screen.keys if key.startswith("back:")}
    return {
        key.rpartition(":")[2]: label.removeprefix(":orange[was ").removesuffix("]").replace("\\", "")
        for key, label in found.items()
    }


def strip(screen: Screen) -> list[str]:
    """What the small pictures are called."""
    return [one.alt for element in screen.app.main.get("image") for one in element.proto.imgs]


def advanced_key(screen: Screen) -> str:
    return f"advanced:{screen.app.session_state['form:advanced']['turn']}"


def advanced_is_open(screen: Screen) -> bool:
    return bool(screen.app.session_state[advanced_key(screen)])


def toggle_advanced(screen: Screen, is_open: bool) -> Screen:
    screen.app.session_state[advanced_key(screen)] = is_open
    return screen.run()


def kept(screen: Screen) -> dict[str, Any] | None:
    """What the browser is asked to keep of the form's edits; None where it is to forget them."""
    text = screen.stores[f"training_edits_{screen.form_id}"]
    return None if text is None else json.loads(text)


# -- what differs from the version it is based on


def test_what_differs_from_the_version_it_is_based_on_is_marked_and_a_click_puts_it_back(
    screens: Screens,
) -> None:
    screens.history(record(1))
    screen = screens.open("V1")
    assert marks(screen) == {}
    screen.fill(learning_rate="3e-4", selection_set_id=2, optimizer_type="Lion", class_tokens="a *b*")
    assert marks(screen) == {
        "learning_rate": "0.0001",
        "selection_set_id": "Set 1 · 12 images",
        "optimizer_type": "adamw8bit",
        "class_tokens": "style SBai_style_1",
    }
    screen.click(f"back:{screen.form_id}:learning_rate")
    assert screen.field("learning_rate").value == "0.0001"
    screen.click(f"back:{screen.form_id}:selection_set_id")
    assert screen.field("selection_set_id").value == 1
    assert marks(screen).keys() == {"optimizer_type", "class_tokens"}
    assert screen.is_edited


@pytest.mark.parametrize("typed", ["1e-4", "0.00010", " 0.0001 ", ".0001"])
def test_the_same_number_typed_otherwise_is_no_difference_and_no_edit(screens: Screens, typed: str) -> None:
    screens.history(record(1))
    screen = screens.open("V1").fill(learning_rate=typed)
    assert marks(screen) == {}
    assert not screen.is_edited
    assert screen.field("learning_rate").value == "0.0001"


def test_a_new_version_from_the_defaults_has_nothing_to_differ_from(screens: Screens) -> None:
    screen = screens.open("new").fill(learning_rate="3e-4", selection_set_id=2)
    assert marks(screen) == {}
    assert screen.is_edited


def test_a_draft_is_compared_with_the_version_it_was_based_on(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1").fill(network_dim="32", network_alpha="32").save()
    assert not screen.is_edited
    assert marks(screen) == {"network_dim": "16", "network_alpha": "16"}
    screen.click(f"back:{screen.form_id}:network_dim")
    assert screen.field("network_dim").value == "16"
    assert screen.is_edited
    screen.save()
    assert screens.records()[0]["parameters"]["network_dim"] == 16


def test_a_draft_whose_base_is_gone_has_nothing_to_differ_from(screens: Screens) -> None:
    screens.history(record(2, status="draft", basedOn="nobody"), record(1))
    assert marks(screens.open("V2").fill(learning_rate="3e-4")) == {}


def test_what_the_base_did_not_record_is_said_and_a_click_empties_the_field_again(screens: Screens) -> None:
    lacking = {name: value for name, value in PARAMETERS.items() if name != "save_every_n_steps"}
    screens.history(record(1, parameters=lacking))
    screen = screens.open("V1").fill(save_every_n_steps="250")
    assert marks(screen) == {"save_every_n_steps": "not recorded"}
    screen.click(f"back:{screen.form_id}:save_every_n_steps")
    assert screen.field("save_every_n_steps").value == ""
    assert not screen.is_edited


# -- beside a new version


def test_what_a_new_version_will_do_stands_beside_its_form_and_follows_it(screens: Screens) -> None:
    screen = screens.open("new")
    assert "What it will do" in screen.text
    screen.fill(lr_scheduler="constant")
    (chart,) = screen.app.main.get("vega_lite_chart")
    assert "Learning rate over 2000 steps: 0.0001 in the first" in str(chart.proto)
    screen.fill(learning_rate="fast")
    assert not screen.app.main.get("vega_lite_chart")
    assert "drawn here once the fields give one" in screen.text
    screens.history(record(1))
    assert "What it will do" not in screens.open("V1").text


# -- Advanced


def test_advanced_is_closed_where_nothing_in_it_matters(screens: Screens) -> None:
    screens.history(record(1))
    for name in ("new", "V1"):
        screen = screens.open(name)
        assert not advanced_is_open(screen)
        assert len(screen.app.main.get("vega_lite_chart")) == (name == "new")  # beside the form
        assert all(screen.field(name) for name in PARAMETER_NAMES)


@pytest.mark.parametrize(
    "parameters",
    [
        {"optimizer_type": "Lion"},
        {"lr_scheduler": "constant_with_warmup", "lr_warmup_steps": 100},
        {"lr_warmup_steps": 2000},
        {"save_every_n_steps": None},
    ],
    ids=str,
)
def test_advanced_opens_by_itself_where_a_field_in_it_differs_or_has_a_finding(
    screens: Screens, parameters: dict[str, Any]
) -> None:
    screens.history(record(1, parameters={**PARAMETERS, **parameters}))
    assert advanced_is_open(screens.open("V1"))


def test_advanced_stays_as_the_user_leaves_it(screens: Screens) -> None:
    screens.history(record(1))
    screen = toggle_advanced(screens.open("V1"), True).fill(optimizer_type="Lion")
    screen.click(f"back:{screen.form_id}:optimizer_type")
    assert advanced_is_open(screen)
    screen.new().choose_version(screens.version("V1"))
    assert advanced_is_open(screen)
    toggle_advanced(screen, False).fill(learning_rate="2e-4")
    assert not advanced_is_open(screen)
    screen.new().choose_version(screens.version("V1"))
    assert not advanced_is_open(screen)


def test_advanced_that_was_closed_opens_again_only_for_something_new(screens: Screens) -> None:
    screens.history(record(1, parameters={**PARAMETERS, "lr_warmup_steps": 100}))
    screen = toggle_advanced(screens.open("V1"), False).fill(learning_rate="2e-4")
    assert not advanced_is_open(screen)
    screen.fill(max_train_steps="200")  # now the warm-up is half of it
    assert advanced_is_open(screen)
    screen.fill(max_train_steps="2000")
    assert advanced_is_open(screen)


def test_advanced_stands_for_each_version_as_it_was_left(screens: Screens) -> None:
    screens.history(record(2), record(1))
    screen = toggle_advanced(screens.open("V1"), True).choose_version(screens.version("V2"))
    assert not advanced_is_open(screen)
    assert advanced_is_open(screen.choose_version(screens.version("V1")))


# -- the schedule


def test_the_schedule_of_a_version_is_drawn_once_it_is_asked_for(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1")
    assert not screen.app.main.get("vega_lite_chart")
    screen.app.session_state["schedule"] = True
    assert len(screen.run().app.main.get("vega_lite_chart")) == 1
    screen.fill(learning_rate="abc")
    assert not screen.app.main.get("vega_lite_chart")
    assert "drawn here once the fields give one" in screen.text


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [("adamwschedulefree", "needs no schedule"), ("prodigy", "finds the rate itself; the curve is")],
)
def test_what_a_schedule_means_for_an_optimizer_is_said(screens: Screens, optimizer: str, said: str) -> None:
    assert said in screens.open("new").fill(optimizer_type=optimizer).text


# -- what is recommended


def test_the_recommendation_shows_what_it_would_change_before_it_does(screens: Screens) -> None:
    screen = screens.open("new").fill(network_dim="8", description="mine")
    key = "recommended"
    assert f"use_recommended:{screen.form_id}" not in screen.keys
    screen.app.session_state[key] = True
    screen.run()
    assert "| Steps | 2000 | **500** |" in screen.text
    assert "| Network dim | 8 | **16** |" in screen.text
    assert "Learning rate |" not in screen.text
    assert screen.field("max_train_steps").value == "2000"
    screen.click(f"use_recommended:{screen.form_id}")
    assert screen.values("max_train_steps", "num_repeats", "network_dim", "save_every_n_steps") == {
        "max_train_steps": "500",
        "num_repeats": "1",
        "network_dim": "16",
        "save_every_n_steps": "100",
    }
    assert screen.field("description").value == "mine"
    assert screen.app.session_state[key] is False
    screen.app.session_state[key] = True
    assert "already matches what usually works for 12 images" in screen.run().text
    assert screen.discard().field("max_train_steps").value == "2000"


def test_what_was_recommended_is_undone_field_by_field(screens: Screens) -> None:
    screens.history(record(1))
    screen = screens.open("V1")
    screen.app.session_state["recommended"] = True
    screen.run().click(f"use_recommended:{screen.form_id}")
    assert marks(screen) == {"max_train_steps": "2000", "num_repeats": "10", "save_every_n_steps": "500"}
    screen.click(f"back:{screen.form_id}:num_repeats")
    assert screen.values("max_train_steps", "num_repeats") == {"max_train_steps": "500", "num_repeats": "10"}


# -- pictures


def test_the_first_pictures_of_the_dataset_are_shown_and_the_rest_is_counted(screens: Screens) -> None:
    screen = screens.open("new")
    assert strip(screen) == [*(f"image_00{number}.jpg" for number in range(1, 9)), "4 more"]
    assert strip(screen.fill(selection_set_id=2)) == [f"image_00{number}.jpg" for number in range(1, 9)]


def test_a_missing_or_broken_picture_says_so_and_none_at_hand_is_one_sentence(screens: Screens) -> None:
    folder = screens.styles / STYLE
    (folder / "image_001.jpg").unlink()
    (folder / "image_002.jpg").write_bytes(b"\xff\xd8 no picture")
    screen = screens.open("new")
    assert strip(screen)[:3] == ["image_001.jpg: not here", "image_002.jpg: no picture", "image_003.jpg"]
    for path in folder.glob("*.jpg"):
        path.unlink()
    assert strip(screen.run()) == []
    assert "None of its pictures is at hand here." in screen.text


# -- edits that the browser keeps


def test_edits_are_kept_in_the_browser_and_forgotten_when_discarded_saved_or_started(
    screens: Screens,
) -> None:
    screen = screens.open("new")
    assert NEW_EDITS not in screen.stores
    screen.fill(learning_rate="3e-4", selection_set_id=2)
    assert kept(screen) == {"learning_rate": "3e-4", "selection_set_id": 2}
    assert kept(screen.discard()) is None
    screen.fill(learning_rate="4e-4").save()
    assert screen.stores[NEW_EDITS] is None


def test_edits_of_another_visit_are_there_again_and_only_a_change_writes_them(screens: Screens) -> None:
    screens.history(record(1))
    item = f"training_edits_{STYLE}/job-1-e1"
    stored = {
        item: json.dumps({"learning_rate": "3e-4", "description": "from *before*", "network_dim": "16"})
    }
    screen = screens.address(stored=stored, style="1", version="V1").run()
    assert screen.values("learning_rate", "description") == {
        "learning_rate": "3e-4",
        "description": "from *before*",
    }
    assert screen.is_edited
    assert item not in screen.stores
    screen.fill(max_train_steps="700")
    assert kept(screen) == {
        "learning_rate": "3e-4",
        "description": "from *before*",
        "max_train_steps": "700",
    }


def test_when_the_browser_answers_late_what_was_typed_meanwhile_stays(screens: Screens) -> None:
    screen = screens.address(stored=None, style="1", version="new").run()
    screen.fill(learning_rate="5e-4")
    screen.app.session_state["browser_storage:answer"] = {
        NEW_EDITS: json.dumps({"learning_rate": "3e-4", "max_train_steps": "700"})
    }
    screen.run()
    assert screen.values("learning_rate", "max_train_steps") == {
        "learning_rate": "5e-4",
        "max_train_steps": "700",
    }


def test_what_was_discarded_before_the_browser_answered_stays_discarded(screens: Screens) -> None:
    screen = screens.address(stored=None, style="1", version="new").run()
    screen.fill(learning_rate="5e-4").discard()
    screen.app.session_state["browser_storage:answer"] = {NEW_EDITS: '{"max_train_steps": "700"}'}
    assert screen.run().field("max_train_steps").value == "2000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[1]",
        "{",
        '{"nobody": "1", "learning_rate": 0.5, "max_train_steps": ["700"], "network_dim": true}',
        '{"selection_set_id": "1", "lr_scheduler": 3, "name": null, "description": {"a": 1}}',
        '{"selection_set_id": -5, "batch_size": "\\ud800"}',
        '{"learning_rate": "1e-4", "network_dim": "16"}',
        '{"selection_set_id": 1' + "0" * 40 + "}",
        "[" * 100_000,
    ],
    ids=lambda text: text[:24],
)
def test_what_a_browser_stored_and_is_no_edit_is_passed_over(screens: Screens, text: str) -> None:
    screen = screens.address(stored={NEW_EDITS: text}, style="1", version="new").run()
    assert not screen.is_edited
    assert screen.can_start
    assert screen.values(*PARAMETER_NAMES) == {name: str(value) for name, value in PARAMETERS.items()}


def test_a_started_draft_is_forgotten_by_the_browser_and_the_others_edits_stay(screens: Screens) -> None:
    other = json.dumps({"learning_rate": "9e-4"})
    stored = {f"training_edits_{STYLE}/somebody": other}
    screen = screens.address(stored=stored, style="1", version="new").run()
    screen.fill(max_train_steps="20").start()
    assert screen.stores[NEW_EDITS] is None
    assert f"training_edits_{STYLE}/somebody" not in screen.stores


# -- the heading and the start


def test_the_heading_says_that_the_form_is_edited(screens: Screens) -> None:
    screen = screens.open("new")
    assert "edited" not in "".join(one.value for one in screen.app.subheader)
    screen.fill(learning_rate="3e-4")
    assert "edited" in "".join(one.value for one in screen.app.subheader)
    assert "edited" not in "".join(one.value for one in screen.discard().app.subheader)


def test_a_click_on_start_together_with_a_field_that_is_just_left_starts_with_its_new_number(
    screens: Screens,
) -> None:
    screen = screens.open("new")
    screen.field("learning_rate").set_value("3e-4")
    screen.field("max_train_steps").set_value("20")
    screen.click(f"start:{screen.form_id}")
    (started,) = screens.records()
    assert started["parameters"]["learning_rate"] == 3e-4
    assert started["parameters"]["max_train_steps"] == 20


def test_an_edit_whose_callback_was_lost_is_still_an_edit(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_state, "changed", lambda *_: None)
    screen = screens.open("new").fill(learning_rate="3e-4", lr_scheduler="cosine")
    assert screen.values("learning_rate", "lr_scheduler") == {
        "learning_rate": "3e-4",
        "lr_scheduler": "cosine",
    }
    screen.fill(max_train_steps="20").start()
    assert screens.records()[0]["parameters"]["learning_rate"] == 3e-4


def test_fields_that_a_browser_posts_as_empty_all_at_once_are_filled_again(screens: Screens) -> None:
    screen = screens.open("new")
    for name in ("learning_rate", "max_train_steps", "network_dim", "network_alpha", "batch_size"):
        screen.field(name).set_value("")
    screen.run()
    assert not screen.is_edited
    assert screen.values("learning_rate", "batch_size") == {"learning_rate": "0.0001", "batch_size": "2"}
