"""A disk that goes away while the screens are open: they say so, forget nothing, and go on when it is back."""

import os
from pathlib import Path

import pytest
import streamlit as st

from lora_core import VersionStatus
from tests.lora_core.bench import FakeRunpod
from tests.lora_core.faulty_disk import gone, pipe_in_its_place
from tests.ui.screens import STYLE, Screens, record

IS_AWAY = "the disk or folder on which it lies is away or does not answer. Nothing was changed. Bring it back"


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every heartbeat that a page starts, by its seconds."""
    started: list[float] = []
    fragment = st.fragment

    def noted(function: object, *, run_every: float) -> object:
        started.append(run_every)
        return fragment(function, run_every=run_every)  # type: ignore[call-overload]

    monkeypatch.setattr(st, "fragment", noted)
    return started


def sidebar(screen: object) -> str:
    told = [*screen.app.sidebar.caption, *screen.app.sidebar.warning]  # type: ignore[attr-defined]
    return "\n".join(str(one.value) for one in told).replace("\\", "")


def test_styles_whose_disk_is_away_are_not_told_as_no_styles(screens: Screens, beats: list[float]) -> None:
    screens.history(record(1))
    screen = screens.open("new").fill(learning_rate="2e-4")
    with gone(screens.styles, screens.styles / STYLE):
        beats.clear()
        for page in ("training", "history"):
            screen.go_to(page)
            assert IS_AWAY in screen.text
            assert "No style yet" not in screen.text
            assert IS_AWAY in sidebar(screen)
            assert "Nothing is training" not in sidebar(screen)
        assert beats == [15, 15]  # it goes on looking whether the disk is back
        assert screen.app.session_state["heartbeat:seen"] is None  # and then draws the page anew
        assert not screens.styles.exists()

    screen.go_to("training")

    assert screen.field("learning_rate").value == "2e-4"
    assert IS_AWAY not in sidebar(screen)
    assert [one["name"] for one in screens.records()] == ["V1"]


def test_a_start_while_the_disk_is_away_is_told_and_what_was_typed_stays(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = screens.open("new").fill(learning_rate="2e-4")
    with gone(screens.styles, screens.styles / STYLE):
        screen.start()
        assert IS_AWAY in screen.text
    screen.run()

    assert runpod.count("run") == 0
    assert screen.field("learning_rate").value == "2e-4"
    screen.start()
    assert screens.sent("V1").parameters.learning_rate == 2e-4
    assert runpod.count("run") == 1


def test_a_history_that_cannot_be_read_costs_its_own_page_and_not_the_list_of_what_runs(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = screens.open("new").start()
    version = screens.sent("V1")
    screens.lab.monitor.nudge()
    screens.lab.refresh()
    other = screens.lab.create_style("Other")

    with pipe_in_its_place(screens.styles, screens.styles / STYLE / "training_versions.json"):
        there = screens.open("new", style=other.id)
        assert "pipe" not in there.text
        assert f"running:{STYLE}/{version.key}" in there.keys
        assert "Nothing is training" not in sidebar(there)
        screen.run()
        assert "it is no regular file, but a pipe" in screen.text

    screen.run()
    assert "it is no regular file" not in screen.text
    assert screens.version("V1").status in (VersionStatus.PENDING, VersionStatus.TRAINING)
    assert runpod.count("run") == 1


def test_a_training_whose_history_cannot_be_read_is_not_told_as_ended(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = screens.open("new").start()
    version = screens.sent("V1")
    screen.run()
    runpod.trainer.complete(runpod.job_of(version))
    screens.lab.refresh()

    with pipe_in_its_place(screens.styles, screens.styles / STYLE / "training_versions.json"):
        screen.run()
        assert screen.app.toast == []
    screen.run()

    assert [one.value for one in screen.app.toast] == ["V1 · completed"]


def test_models_that_are_away_cost_their_size_and_not_the_page(screens: Screens, folder: Path) -> None:
    screens.history(record(1, loraUrl="s3://bucket/V1.safetensors"), record(2))
    (folder / "models").symlink_to(folder / "away")

    screen = screens.open("1_1760000000001")
    assert IS_AWAY in screen.text
    assert "s3://bucket/V1.safetensors" in screen.text
    history = screens.open_history().select_rows("V1", "V2")
    assert "What differs between 2 versions" in history.text or "They do not differ" in history.text
    assert os.path.lexists(folder / "models")
