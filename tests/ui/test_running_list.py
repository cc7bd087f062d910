"""What runs now, as the sidebar lists it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lora_core import Style, Tracked, Version
from lora_core.times import to_iso
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import Screen, Screens
from ui.running_list import waiting_text

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def waiting(number: int, *, status: str = "pending", endpoint: str = "e", **changes: Any) -> Tracked:
    """A training sent as the `number`th."""
    submission = {
        "state": "sent",
        "submittedAt": to_iso(NOW + timedelta(seconds=number)),
        "baseUrl": "https://r",
        "endpointId": endpoint,
    }
    raw = {"id": f"job-{number}", "requestId": "1_1", "status": status, "submission": submission, **changes}
    return Tracked(Style("1", "S", None, "1_s"), Version("1", raw))


def entries(screen: Screen) -> list[str]:
    """Each training in a line: its button, and what stands at its bar."""
    names = [one.label for one in screen.app.sidebar.button if (one.key or "").startswith("running:")]
    bars: list[Any] = list(screen.app.sidebar.get("progress"))
    lines = [f"{name} | {bar.proto.text}" for name, bar in zip(names, bars, strict=True)]
    return [line.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def started(screens: Screens, *names: str) -> None:
    for name in names:
        screen = screens.open("new").fill(learning_rate=f"{len(screens.lab.running()) + 1}e-5", name=name)
        screen.start()
        screens.sent(name)


def test_entries_stand_in_the_order_of_their_start_with_all_their_figures(
    screens: Screens, runpod: FakeRunpod
) -> None:
    started(screens, "first", "x" * 80, "third")
    screens.lab.refresh()
    for name, step in (("first", 840), ("x" * 80, 2)):
        job_id = screens.version(name).job_id or ""
        runpod.trainer.progress(job_id, step=step, total_steps=2000, s_per_step=0.36)
    screens.lab.refresh()
    first, second, third = entries(screens.open("new"))
    assert first == "🔄 first · Flat Landscapes | 42% · 840 / 2,000 · 6 min 58 s left · 0.36 s/step"
    assert second.startswith(f"🔄 {'x' * 17}… · Flat Lan… | 0% · 2 / 2,000")
    assert third == "⏳ third · Flat Landscapes | waiting for a worker"


def test_a_runpod_that_does_not_answer_is_told_in_the_sidebar(screens: Screens, runpod: FakeRunpod) -> None:
    started(screens, "V1")
    screens.lab.refresh()
    screen = screens.open("new")
    assert not screen.app.sidebar.warning
    runpod.is_down()
    screens.lab.refresh()
    (warning,) = [one.value.replace("\\", "") for one in screen.run().app.sidebar.warning]
    assert warning.startswith("The endpoint could not be asked: ")
    assert "The last answer came" in warning
    runpod.calm()
    screens.lab.refresh()
    assert not screen.run().app.sidebar.warning


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "waiting for a worker"),
        ([waiting(1), waiting(2)], "waiting for a worker, after 2 of yours"),
        ([waiting(9)], "waiting for a worker"),
        ([waiting(1, status="training")], "waiting for a worker"),
        ([waiting(1, endpoint="another")], "waiting for a worker"),
        ([waiting(1, cancelRequestedAt=to_iso(NOW))], "waiting for a worker"),
    ],
)
def test_how_many_of_ones_own_wait_before_it_is_told(others: list[Tracked], said: str) -> None:
    one = waiting(5)
    assert waiting_text(one.version, [*others, one]) == said


def test_what_trains_waits_for_nothing() -> None:
    one = waiting(5, status="training")
    assert waiting_text(one.version, [waiting(1), one]) is None
