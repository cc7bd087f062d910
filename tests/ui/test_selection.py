"""Which version a session looks at: chosen here, named by the address, stored by the browser, the newest."""

import pytest

from tests.ui.screens import STYLE, Screens, record

STORED_STYLE = "training_selectedStyleId"


@pytest.fixture
def two(screens: Screens) -> Screens:
    """Two styles of three versions each."""
    second = screens.lab.create_style("Second")
    screens.history(record(3), record(2), record(1))
    other = [record(number, id=f"other-{number}-e1", name=f"W{number}") for number in (3, 2, 1)]
    screens.history(*other, style=second.folder)
    return screens


def test_without_any_hint_it_is_the_newest_of_the_first_style(two: Screens) -> None:
    screen = two.address().run()
    assert screen.selected == "job-3-e1"
    assert screen.query == {"style": "1", "version": "V3"}


def test_what_the_browser_stored_comes_before_the_newest(two: Screens) -> None:
    stored = {STORED_STYLE: "2", "training_2_selectedVersionId": "other-1-e1"}
    screen = two.address(stored=stored).run()
    assert screen.query == {"style": "2", "version": "W1"}


def test_the_browser_may_have_stored_a_new_version(two: Screens) -> None:
    screen = two.address(stored={STORED_STYLE: "1", "training_1_selectedVersionId": "new"}).run()
    assert screen.selected is None
    assert screen.query == {"style": "1", "version": "new"}


def test_the_address_comes_before_what_the_browser_stored(two: Screens) -> None:
    stored = {STORED_STYLE: "2", "training_1_selectedVersionId": "job-2-e1"}
    assert two.address(stored=stored, style="1", version="V1").run().selected == "job-1-e1"
    assert two.address(stored=stored, style="1").run().selected == "job-2-e1"
    assert two.address(stored=stored, style="1", version="new").run().selected is None


def test_what_was_chosen_here_comes_before_the_address(two: Screens) -> None:
    screen = two.open("V1").choose_version(two.version("V2"))
    screen.app.query_params["version"] = "V1"
    assert screen.run().selected == "job-2-e1"
    assert screen.query == {"style": "1", "version": "V2"}


@pytest.mark.parametrize("name", ["V2", "v2", "job-2-e1", "job-2", "1_1760000000002"])
def test_the_address_may_name_a_version_in_any_way(two: Screens, name: str) -> None:
    assert two.open(name).selected == "job-2-e1"


@pytest.mark.parametrize("style", ["2", "2_second"])
def test_the_address_may_name_a_style_by_id_or_folder(two: Screens, style: str) -> None:
    screen = two.open("W2", style=style)
    assert screen.selected == "other-2-e1"
    assert screen.query == {"style": "2", "version": "W2"}


@pytest.mark.parametrize("hint", ["V9", "", "../../etc", "<script>", "%00", "job"])
def test_a_name_that_nothing_has_gives_way_to_the_newest(two: Screens, hint: str) -> None:
    assert two.open(hint).selected == "job-3-e1"
    stored = {STORED_STYLE: hint, "training_1_selectedVersionId": hint}
    assert two.address(stored=stored).run().selected == "job-3-e1"


def test_a_style_that_is_gone_gives_way_to_the_first(two: Screens) -> None:
    screen = two.open("W1", style="99")
    assert screen.query["style"] == "1"


def test_a_version_in_the_trash_is_not_selected(two: Screens) -> None:
    two.lab.delete(STYLE, "V1")
    assert two.open("V1").selected == "job-3-e1"


def test_without_an_address_a_page_waits_for_the_browser_and_then_goes_on(two: Screens) -> None:
    screen = two.address(stored=None).run()
    assert "Looking up what this browser had selected last" in screen.text
    assert not any(key.startswith("style_box:") for key in screen.keys)
    screen.app.session_state["browser_storage:answer"] = {STORED_STYLE: "2"}
    assert screen.run().query == {"style": "2", "version": "W3"}


def test_a_browser_that_never_answers_is_waited_for_only_a_moment(two: Screens) -> None:
    screen = two.address(stored=None).run()
    screen.app.session_state["browser_storage:since"] -= 60
    assert screen.run().selected == "job-3-e1"


def test_with_an_address_that_names_style_and_version_a_page_does_not_wait(two: Screens) -> None:
    assert two.address(stored=None, style="1", version="V2").run().selected == "job-2-e1"
    screen = two.address(stored=None, style="1").run()
    assert "Looking up what this browser had selected last" in screen.text


def test_a_style_chosen_before_the_browser_has_answered_is_not_lost(two: Screens) -> None:
    screen = two.address(stored=None, style="1", version="V2").run().choose_style("2_second")
    screen.app.session_state["browser_storage:answer"] = {}
    assert screen.run().query == {"style": "2", "version": "W3"}


def test_each_style_remembers_its_version(two: Screens) -> None:
    screen = two.open("V1").choose_version(two.version("V2")).choose_style("2_second")
    screen.choose_version(two.lab.version("2", "W1")).choose_style(STYLE)
    assert screen.selected == "job-2-e1"
    assert screen.choose_style("2_second").selected == "other-1-e1"


def test_a_selection_outlives_a_rename_of_the_version(two: Screens) -> None:
    screen = two.open("V1")
    two.lab.rename(STYLE, "V1", "Warm")
    assert screen.run().selected == "job-1-e1"
    assert screen.query == {"style": "1", "version": "Warm"}


def test_a_new_version_made_elsewhere_does_not_move_the_selection(two: Screens) -> None:
    screen = two.address().run()
    assert screen.selected == "job-3-e1"
    two.history(record(4), record(3), record(2), record(1))
    assert screen.run().selected == "job-3-e1"


def test_a_version_that_is_called_new_is_not_mistaken_for_a_new_one(screens: Screens) -> None:
    screens.history(record(2, name="New"), record(1))
    screen = screens.open("V1").choose_version(screens.version("job-2-e1"))
    assert screen.selected == "job-2-e1"
    again = screens.open(screen.query["version"])
    assert again.selected == "job-2-e1"


def test_only_what_this_session_chose_is_stored_in_the_browser(two: Screens) -> None:
    screen = two.open("V1")
    assert screen.stores == {}
    screen.choose_version(two.version("V2"))
    assert screen.stores == {STORED_STYLE: "1", "training_1_selectedVersionId": "job-2-e1"}
    screen.choose_style("2_second")
    assert screen.stores == {STORED_STYLE: "2"}
    screen.new()
    assert screen.stores == {STORED_STYLE: "2", "training_2_selectedVersionId": "new"}
