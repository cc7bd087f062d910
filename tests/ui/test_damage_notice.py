"""A history or a trash that cannot be read: what was found is shown, and written only on consent."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lora_core import TrainingLab, histories
from tests.ui.screens import STYLE, Screen, Screens, record

LIVE, TRASH = "training_versions.json", "training_versions.trash.json"


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file is waited for; here nobody goes on writing it."""
    monkeypatch.setattr(histories, "_STABLE_S", 0.1)


def damaged(screens: Screens, text: str, document: str = LIVE) -> Path:
    path = screens.styles / STYLE / document
    path.write_text(text)
    return path


def accept_key(screen: Screen) -> str:
    (key,) = [key for key in screen.keys if key.startswith("accept_salvage:")]
    return key


def table(screen: Screen) -> dict[str, list[str]]:
    (found,) = screen.app.dataframe
    return {name: list(found.value[name]) for name in found.value}


def label(screen: Screen) -> str:
    return str(screen.widget(accept_key(screen)).label)


CUT = json.dumps({"versions": [record(3), record(2, timestamp=None, status=None), record(1)]}, indent=2)[
    :-200
]


def test_a_damaged_history_shows_what_was_found_and_goes_on_after_consent(screens: Screens) -> None:
    path = damaged(screens, CUT)

    screen = screens.open("new")

    assert f"{STYLE}/{LIVE} cannot be read (no valid JSON" in screen.text
    assert "2 versions can be saved of this style's history." in screen.text
    assert table(screen) == {
        "Version": ["V3", "V2"],
        "Status": ["completed", "not recorded"],
        "Created": ["3 Oct 2025", "not recorded"],
    }
    assert '"name": "V1"' in screen.text
    assert label(screen) == "Keep the copy and go on with 2 versions"
    assert screen.style_box in screen.keys
    assert path.read_text() == CUT

    damage = screens.lab.damage(STYLE)
    assert damage is not None
    kept = screens.styles / damage.copy
    assert str(kept) in screen.text
    assert not kept.exists()

    screen.go_to("history").click(accept_key(screen))
    assert kept.read_text() == CUT
    assert [one["name"] for one in screens.records()] == ["V3", "V2"]
    assert screen.column("Version") == ["V3", "V2"]
    assert screen.go_to("training").choose_version(screens.version("V3")).can_start


def test_one_version_is_spoken_of_as_one_and_none_as_none(screens: Screens) -> None:
    damaged(screens, json.dumps({"versions": [record(1)]})[:-1])
    screen = screens.open_history()
    assert "1 version can be saved" in screen.text
    assert label(screen) == "Keep the copy and go on with 1 version"

    damaged(screens, "\0" * 100)
    screen.run()
    assert "it holds nothing but zero bytes" in screen.text
    assert "No version can be saved" in screen.text
    assert label(screen) == "Keep the copy and go on with an empty history"
    screen.click(accept_key(screen))
    assert screens.records() == []
    assert "This style has no version yet" in screen.text


def test_a_damaged_trash_is_told_from_the_history(screens: Screens) -> None:
    screens.history(record(2))
    path = damaged(screens, json.dumps({"versions": [record(1), ["odd"]]}), TRASH)

    screen = screens.open_history()

    assert f"{STYLE}/{TRASH} cannot be read (entry 2 of its versions is a list, not a version)" in screen.text
    assert "Proposed repair of the trash" in screen.text
    assert "can be saved of this style's trash; the history itself is whole." in screen.text
    assert "odd" in screen.text
    screen.click(accept_key(screen))
    assert [one["name"] for one in json.loads(path.read_bytes())["versions"]] == ["V1"]
    assert [one["name"] for one in screens.records()] == ["V2"]
    assert "Trash (1)" in screen.widget("history:view").options


def test_where_both_are_damaged_the_history_comes_first_and_then_the_trash(screens: Screens) -> None:
    damaged(screens, CUT)
    damaged(screens, "[", TRASH)

    screen = screens.open_history()
    assert "Proposed repair of the history" in screen.text
    screen.click(accept_key(screen))
    assert "Proposed repair of the trash" in screen.text
    screen.click(accept_key(screen))
    assert screen.column("Version") == ["V3", "V2"]


def test_what_is_in_the_repair_in_another_form_is_told(screens: Screens) -> None:
    twice = json.dumps(record(1))[:-1] + ', "status": "failed", "x": NaN}'
    damaged(screens, f'{{"versions": [{twice}, {{"name": "*bare*", "status": 5}}]}}')

    screen = screens.open_history()

    assert 'V1: "status" stands twice in it, and the last one counts.' in screen.text
    assert "V1: NaN is no number in JSON, so it is kept as a text." in screen.text
    assert "*bare*: it has no id, so it gets a key of its own." in screen.text
    assert '"status": "completed"\n---\n"x": NaN' in screen.text
    assert table(screen)["Status"] == ["failed", "5"]


def test_the_original_can_be_downloaded_whole(screens: Screens) -> None:
    path = screens.styles / STYLE / LIVE
    path.write_bytes(b'\xff\xfe{"versions": [' + b"x" * 150_000)

    screen = screens.open_history()

    (button,) = screen.app.get("download_button")
    assert button.proto.label == "Download the damaged file"  # type: ignore[attr-defined]
    damage = screens.lab.damage(STYLE)
    assert damage is not None
    assert damage.original == path.read_bytes()


def test_what_is_too_long_to_be_shown_is_not_left_out_silently(screens: Screens) -> None:
    damaged(screens, "x" * 150_000)

    screen = screens.open_history()

    assert (
        "These are the first 100,000 of 150,000 characters; all of the file is in the download" in screen.text
    )
    assert [len(value) for value in screen.values_of("code") if "xxx" in value] == [100_000]


def test_a_click_on_a_repair_does_not_accept_another_one(screens: Screens) -> None:
    damaged(screens, CUT)
    screen = screens.open_history()
    screen.widget(accept_key(screen)).click()
    path = damaged(screens, CUT[:-50])

    screen.run()

    assert path.read_text() == CUT[:-50]
    assert "cannot be read" in screen.text
    assert not (screens.styles / ".lora_lab" / "damaged").exists()


def test_a_disk_that_takes_nothing_is_told_and_the_file_stays(screens: Screens) -> None:
    path = damaged(screens, CUT)
    screen = screens.open_history()
    own = screens.styles / ".lora_lab"
    (own / "damaged").write_text("in the way")

    screen.click(accept_key(screen))

    assert len(screen.app.error) == 2
    assert path.read_text() == CUT


def test_a_file_that_heals_while_the_page_is_drawn_is_told(screens: Screens) -> None:
    path = damaged(screens, CUT)

    class Healing(TrainingLab):
        """Somebody mends the file between the reading and the look at what is wrong with it."""

        def damage(self, style_id: int | str) -> None:
            screens.history(record(1))
            assert super().damage(style_id) is None

    def page(lab):  # type: ignore[no-untyped-def] # its source is run in another place
        import streamlit

        from ui.damage_notice import readable

        with readable(lab):
            streamlit.text(", ".join(version.name for version in lab.versions("1")))

    with Healing(screens.lab.settings) as lab:
        app = AppTest.from_function(page, args=(lab,), default_timeout=30).run()
        assert [one.value for one in app.info] == [
            "The file was damaged a moment ago and can be read again now."
        ]
        app.button(key="show_healed").click().run()
        assert [one.value for one in app.text] == ["V1"]
    assert path.exists()


def test_a_damaged_style_stops_no_other_one_where_all_are_listed(screens: Screens) -> None:
    screens.history(record(2), record(1))
    other = screens.lab.create_style("Second")
    (screens.styles / other.folder / LIVE).write_text(CUT)

    screen = screens.open_history().put("history:scope", "All styles")

    assert screen.column("Version") == ["V2", "V1"]
    assert f"{other.folder}/{LIVE} cannot be read" in screen.text
    assert not [key for key in screen.keys if key.startswith("accept_salvage:")]
    screen.put("history:scope", "This style")
    assert "cannot be read" not in screen.text
