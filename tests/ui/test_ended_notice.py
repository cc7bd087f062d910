"""What ended since this browser last looked: told until it is dismissed, and no more often."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lora_core.times import to_iso
from tests.lora_core.bench import FakeRunpod
from tests.ui.screens import STYLE, Screen, Screens, record

NOW = datetime.now(UTC)
BROWSER = "5f0d3c0a-0000-4000-8000-000000000000"


def ended(number: int, minutes_ago: int, **changes: Any) -> dict[str, Any]:
    """A version that ended so many minutes ago, completed unless it is told otherwise."""
    at = to_iso(datetime.now(UTC) - timedelta(minutes=minutes_ago))
    key = "failedAt" if changes.get("status") == "failed" else "completedAt"
    return record(number, **{key: at, **changes})


def browser(minutes_ago: int, **more: Any) -> dict[str, str]:
    """localStorage of a browser that looked last so many minutes ago."""
    since = to_iso(datetime.now(UTC) - timedelta(minutes=minutes_ago))
    return {
        "training_ended": json.dumps({"browser": BROWSER, "since": since, "seen": [], "awaited": [], **more})
    }


@pytest.fixture(autouse=True)
def nothing_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own, as far as tabs are concerned."""
    newest: dict[str, str] = {}
    monkeypatch.setattr("ui.ended_memory._newest", lambda: newest)


def opened(screens: Screens, stored: dict[str, str]) -> Screen:
    return screens.address(stored=stored, style="1", version="new").run()


def labels(screen: Screen, place: str = "ended:1_") -> list[str]:
    """What the notice lists, without how long ago it was."""
    found = [one for one in (*screen.app.main, *screen.app.sidebar) if (one.key or "").startswith(place)]
    return [re.sub(r" \((just now|[^(]* ago)\)$", "", str(one.label).replace("\\", "")) for one in found]


def test_what_ended_since_the_browser_last_looked_is_told_the_latest_first(screens: Screens) -> None:
    screens.history(
        ended(3, 12, status="failed", failureReason="worker_lost", error="E"),
        ended(2, 30),
        ended(1, 90),
    )
    screen = opened(screens, browser(60))
    assert labels(screen) == ["❌ V3 failed: worker lost", "✅ V2 completed"]
    assert "Since you last looked" in screen.text
    assert "(30 min ago)" in screen.widget(f"ended:{STYLE}/job-2-e1").label.replace("\\", "")


def test_a_new_browser_is_told_nothing_and_looks_from_now_on(screens: Screens) -> None:
    screens.history(ended(1, 5))
    screen = opened(screens, {})
    assert labels(screen) == []
    assert screen.ended_memory["since"] >= to_iso(NOW)
    screens.history(record(2, completedAt=to_iso(datetime.now(UTC) + timedelta(seconds=1))), ended(1, 5))
    assert labels(opened(screens, {"training_ended": json.dumps(screen.ended_memory)})) == ["✅ V2 completed"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"since": 7, "browser": "b"}',
        '{"since": "2025-01-01T00:00:00Z"}',
        '{"since": "2999-01-01T00:00:00Z", "browser": "b"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_memory_of_ours_counts_as_a_new_browser(screens: Screens, text: str) -> None:
    screens.history(ended(1, 5))
    screen = opened(screens, {"training_ended": text})
    assert labels(screen) == []
    assert screen.ended_memory["since"] >= to_iso(NOW)


def test_odd_entries_of_a_memory_are_left_out(screens: Screens) -> None:
    screens.history(ended(1, 5))
    screen = opened(screens, browser(60, seen=[7, None, "x"], awaited=["../etc/passwd", f"{STYLE}/gone", 8]))
    assert labels(screen) == ["✅ V1 completed"]


def test_a_click_selects_it_and_it_is_told_no_more(screens: Screens) -> None:
    screens.history(ended(2, 5), ended(1, 6))
    screen = opened(screens, browser(60)).go_to("history")
    assert len(labels(screen)) == 2
    screen.click(f"ended:{STYLE}/job-1-e1")
    assert screen.title == "Training"
    assert screen.selected == "job-1-e1"
    assert labels(screen) == ["✅ V2 completed"]
    assert labels(opened(screens, {"training_ended": json.dumps(screen.ended_memory)})) == ["✅ V2 completed"]


def test_choosing_it_elsewhere_counts_as_seen_but_being_shown_at_the_opening_does_not(
    screens: Screens,
) -> None:
    screens.history(ended(2, 5), ended(1, 6))
    screen = screens.address(stored=browser(60), style="1", version="V1").run()
    assert len(labels(screen)) == 2
    screen.choose_version(screens.version("V2"))
    assert labels(screen.run()) == ["✅ V1 completed"]


def test_dismissing_ends_it_and_moves_the_moment_on(screens: Screens) -> None:
    screens.history(ended(2, 5), ended(1, 6))
    screen = opened(screens, browser(60)).click("ended:dismiss")
    assert labels(screen) == []
    memory = screen.run().ended_memory
    assert (memory["since"], memory["seen"]) == (screens.records()[0]["completedAt"], [])
    assert labels(opened(screens, {"training_ended": json.dumps(memory)})) == []


def test_two_tabs_of_one_browser_do_not_undo_each_other(screens: Screens) -> None:
    screens.history(ended(2, 5), ended(1, 6))
    first, second = opened(screens, browser(60)), opened(screens, browser(60))
    first.click("ended:dismiss")
    second.run()
    assert labels(second) == []
    assert second.run().ended_memory == first.run().ended_memory


def test_a_long_list_says_how_many_more_there_are(screens: Screens) -> None:
    screens.history(*(ended(number, 60 - number) for number in range(30, 0, -1)))
    screen = opened(screens, browser(90))
    assert len(labels(screen)) == 8
    assert "and 22 more in History" in screen.text
    assert labels(screen.click("ended:dismiss")) == []
    assert screen.run().ended_memory["seen"] == []


def test_with_more_than_one_style_each_is_named(screens: Screens) -> None:
    second = screens.lab.create_style("Second **Light**")
    screens.history(ended(1, 5))
    screens.history(ended(1, 6, id="other-e1"), style=second.folder)
    assert labels(opened(screens, browser(60)), "ended:") == [
        "✅ V1 of Flat Landscapes completed",
        "✅ V1 of Second **Light** completed",
        "Dismiss",
    ]


def test_what_ends_while_the_page_is_open_stands_in_the_sidebar_and_above_at_the_next_opening(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = opened(screens, {}).start()
    version = screens.sent("V1")
    screen.new().run()
    runpod.trainer.complete(version.job_id or "")
    screens.lab.refresh()
    screen.run()
    assert labels(screen) == []
    assert labels(screen, f"just_ended:{STYLE}") == ["✅ V1 completed"]
    again = opened(screens, {"training_ended": json.dumps(screen.ended_memory)})
    assert (labels(again), labels(again, "just_ended:")) == (["✅ V1 completed"], [])
    screen.click("just_ended:dismiss")
    assert labels(again.run()) == []


def test_an_end_that_becomes_known_long_after_it_is_told_all_the_same(
    screens: Screens, runpod: FakeRunpod
) -> None:
    screen = opened(screens, {}).start()
    version = screens.sent("V1")
    memory = screen.run().ended_memory
    assert memory["awaited"] == [f"{STYLE}/{version.key}"]
    runpod.trainer.complete(version.job_id or "")
    screens.lab.refresh()
    # RunPod was away, and this browser has looked, and dismissed something, since that end.
    later = {**memory, "since": to_iso(datetime.now(UTC) + timedelta(minutes=1))}
    told = opened(screens, {"training_ended": json.dumps(later)})
    assert labels(told) == ["✅ V1 completed"]
    assert told.click("ended:dismiss").run().ended_memory["awaited"] == []


def test_a_deleted_version_is_not_told(screens: Screens) -> None:
    screens.history(ended(2, 5), ended(1, 6))
    screen = opened(screens, browser(60))
    screens.lab.delete(STYLE, "V2")
    assert labels(screen.run()) == ["✅ V1 completed"]


def test_nothing_is_told_or_written_while_the_browser_has_not_answered(screens: Screens) -> None:
    screens.history(ended(1, 5))
    screen = screens.address(stored=None, style="1", version="new").run()
    assert labels(screen) == []
    with pytest.raises(KeyError):
        assert screen.ended_memory
