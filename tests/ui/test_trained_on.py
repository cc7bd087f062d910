"""The details show what a version was trained on, and whether it is still so."""

import json
from pathlib import Path

import pytest

from lora_core.datasets import frozen
from tests.ui.screens import STYLE, Screen, Screens, record


@pytest.fixture
def kept(screens: Screens) -> Path:
    """V1 was trained on the twelve pictures of set 1, as they are; answers the style's folder."""
    lab = screens.lab
    dataset = lab.dataset(STYLE, 1)
    assert dataset is not None
    screens.history(record(2), record(1, dataset=frozen(lab._histories.store, dataset)))
    return screens.styles / STYLE


def told(screen: Screen) -> str:
    """What stands above the pictures."""
    (said,) = [one for one in screen.values_of("markdown") if "rained on" in one or "exact list" in one]
    return said.removeprefix(":small[").removesuffix("]")


@pytest.mark.usefixtures("kept")
def test_pictures_that_are_as_they_were_are_said_to_be(screens: Screens) -> None:
    assert told(screens.open("V1")) == "Trained on 12 pictures. They are as they were."


def test_what_has_changed_and_what_is_gone_is_told_and_named_once_asked_for(
    screens: Screens, kept: Path
) -> None:
    (kept / "image_002.jpg").write_bytes((kept / "image_003.jpg").read_bytes())
    (kept / "image_004.jpg").write_bytes(b"no picture any more")
    (kept / "image_005.jpg").unlink()
    (kept / "image_006.txt").write_text("another caption")
    screen = screens.open("V1")
    said = told(screen)
    assert "2 have changed since." in said
    assert "1 is gone." in said
    assert "1 caption is not the same any more." in said
    assert "- image_002.jpg" not in screen.text
    key = f"trained_on:{screens.version('V1').key}"
    screen.app.session_state[key] = True
    screen.run()
    for line in (
        "- image_001.jpg\n",
        "- image_002.jpg :orange[changed since]",
        "- image_005.jpg :orange[not here]",
        "- image_006.jpg :orange[caption changed since]",
    ):
        assert line in screen.text


def test_pictures_none_of_which_is_here_are_not_said_to_be_gone(screens: Screens, kept: Path) -> None:
    for path in kept.glob("*.jpg"):
        path.unlink()
    assert told(screens.open("V1")) == "Trained on 12 pictures. None of them is at hand here."


def test_the_list_is_there_when_the_set_is_not(screens: Screens, kept: Path) -> None:
    (kept / "selection_sets.json").write_text(json.dumps({"sets": []}))
    assert told(screens.open("V1")) == "Trained on 12 pictures. They are as they were."


def test_a_version_without_a_list_says_so_and_shows_its_set_as_it_is(screens: Screens, kept: Path) -> None:
    assert "was not recorded. This is set 1 as it is now" in told(screens.open("V2"))
    (kept / "selection_sets.json").write_text(json.dumps({"sets": []}))
    assert told(screens.open("V2")) == "The exact list of its pictures was not recorded."


@pytest.mark.usefixtures("kept")
def test_history_says_it_too(screens: Screens) -> None:
    screen = screens.open_history().select_rows("V1")
    assert "Trained on 12 pictures" in told(screen)
