"""Which version a session looks at: chosen here, named by the address, stored by the browser, the newest."""

import pytest

from tests.ui.screens import STYLE, Screen, Screens, record

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


# -- what is not there is said


def notice(screen: Screen) -> str:
    return " ".join(one.value for one in screen.app.warning).replace("\\", "")


def test_a_version_that_is_not_there_is_named_until_another_one_is_chosen(two: Screens) -> None:
    screen = two.open("V9")
    assert notice(screen) == "V9 is not there (any more): V3 is shown."
    assert notice(screen.run()) == "V9 is not there (any more): V3 is shown."  # a refresh moves nothing
    assert notice(screen.choose_version(two.version("V2"))) == ""


def test_a_version_in_the_trash_is_said_to_be_there(two: Screens) -> None:
    two.lab.delete(STYLE, "V1")
    assert notice(two.open("V1")) == "V1 is in the trash: V3 is shown."


def test_a_style_that_is_not_there_is_named(two: Screens) -> None:
    screen = two.open("W1", style="99")
    assert notice(screen) == "Style 99 is not there (any more): Flat Landscapes is shown."
    assert notice(screen.new()) == ""


def test_an_address_that_names_what_is_there_is_not_remarked_upon(two: Screens) -> None:
    stored = {STORED_STYLE: "9", "training_1_selectedVersionId": "gone"}
    for screen in (two.open("V2"), two.open("new"), two.open(""), two.address(stored=stored).run()):
        assert notice(screen) == ""


def test_script_in_an_address_is_shown_as_text(two: Screens) -> None:
    screen = two.open("<script>alert(1)</script> **bold**")
    assert notice(screen).startswith("<script>alert(1)</script> **bold** is not there")
    assert "\\*\\*bold" in screen.app.warning[0].value


# -- the lines of the dropdown


def lines(screen: Screen) -> list[str]:
    (key,) = [key for key in screen.keys if key.startswith("version_box:")]
    found: list[str] = screen.app.selectbox(key=key).options
    return found


def test_of_versions_made_on_one_day_the_time_is_told(screens: Screens) -> None:
    screens.history(record(3, timestamp="2025-10-02T21:15:00.000Z"), record(2), record(1))
    told = [line.split(" · ")[2] for line in lines(screens.open("V1"))]
    assert told == ["2 Oct 2025 21:15", "2 Oct 2025 08:00", "1 Oct 2025"]


def test_two_versions_that_read_the_same_are_told_apart_and_can_both_be_chosen(screens: Screens) -> None:
    doubled = {"name": "test", "timestamp": "2025-10-02T08:00:00.000Z"}
    screens.history(record(2, **doubled), record(1, **doubled))
    screen = screens.open("job-1-e1")
    assert len(set(lines(screen))) == 2
    assert screen.choose_version(screens.version("job-2-e1")).selected == "job-2-e1"
    assert screen.choose_version(screens.version("job-1-e1")).selected == "job-1-e1"


def test_a_version_whose_form_was_edited_says_so_in_its_line(two: Screens) -> None:
    screen = two.open("V2").fill(max_train_steps="900")
    assert [" · edited · " in line for line in lines(screen)] == [False, True, False]
    assert not any("edited" in line for line in lines(screen.discard()))


def test_a_new_version_that_was_begun_says_so_at_its_button(two: Screens) -> None:
    screen = two.open("new")
    assert screen.widget("new_version").label == "NEW"
    screen.fill(max_train_steps="900").choose_version(two.version("V2"))
    assert screen.widget("new_version").label == "NEW · edited"
    assert screen.new().values("max_train_steps") == {"max_train_steps": "900"}


def test_a_long_description_does_not_go_to_the_browser_whole(screens: Screens) -> None:
    screens.history(record(1, description="word " * 1000))
    (line,) = lines(screens.open("V1"))
    assert line.endswith("word …") and len(line) < 260


def test_a_line_follows_its_record(two: Screens) -> None:
    screen = two.open("V1")
    two.lab.describe(STYLE, "V2", "Now with a note")
    assert "Now with a note" in lines(screen.run())[1]


# -- versions that are too old for the dropdown


@pytest.fixture
def many(screens: Screens) -> Screens:
    """One style of 320 versions; the oldest two are called test and Test."""
    records = [
        record(
            number, name=f"V{number}", timestamp=f"2025-{1 + number // 28:02}-{1 + number % 28:02}T08:00:00Z"
        )
        for number in range(320, 2, -1)
    ]
    old = [
        record(2, name="test", description="Warm light"),
        record(1, name="Test", description="warm and low"),
    ]
    screens.history(*records, *old)
    return screens


SEARCH = f"version_search:{STYLE}"


def test_a_style_whose_versions_are_all_listed_has_no_search(two: Screens) -> None:
    assert not any(key.startswith("version_search:") for key in two.open("V1").keys)


def test_the_newest_are_listed_and_the_selected_one(many: Screens) -> None:
    assert len(lines(many.open("V320"))) == 300
    screen = many.open("V3")
    assert len(lines(screen)) == 301
    assert screen.selected == "job-3-e1"


def test_the_full_name_of_an_old_version_selects_it(many: Screens) -> None:
    screen = many.open("V320").put(SEARCH, " v7 ")
    assert screen.selected == "job-7-e1"
    assert screen.widget(SEARCH).value == ""
    assert screen.query["version"] == "V7"


def test_of_two_names_that_differ_by_case_only_the_exact_one_is_meant(many: Screens) -> None:
    assert many.open("V320").put(SEARCH, "Test").selected == "job-1-e1"
    assert many.open("V320").put(SEARCH, "test").selected == "job-2-e1"
    screen = many.open("V320").put(SEARCH, "TEST")
    assert screen.selected == "job-320-e1"
    assert [line.split(" · ")[0] for line in lines(screen)[1:]] == ["✅ test", "✅ Test"]


def test_words_list_what_matches_however_old(many: Screens) -> None:
    screen = many.open("V320").put(SEARCH, "low WARM")
    assert [line.split(" · ")[0] for line in lines(screen)] == ["✅ V320", "✅ Test"]
    assert screen.choose_version(many.version("job-1-e1")).selected == "job-1-e1"
    assert lines(screen)[0].startswith("✅ Test")


def test_what_nothing_matches_leaves_the_selection_alone(many: Screens) -> None:
    screen = many.open("V320").put(SEARCH, "**no such thing**")
    assert screen.selected == "job-320-e1"
    assert len(lines(screen)) == 1
    assert len(lines(screen.put(SEARCH, ""))) == 300
