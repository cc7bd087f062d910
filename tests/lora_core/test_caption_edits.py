"""What edits make of captions: only what they are about, and twice is once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.caption_edits import (
    CaptionEdit,
    FillEmpty,
    RemoveWord,
    Replace,
    Subject,
    TriggerAtEnd,
    TriggerAtFront,
    Write,
    edited,
    one_line,
)

TRIGGER = "SBai_style_16"
SUBJECT = Subject("fox_in_snow (3).jpg", 4, TRIGGER)


@pytest.mark.parametrize(
    ("before", "front", "end"),
    [
        ("a fox", f"{TRIGGER}, a fox", f"a fox, {TRIGGER}"),
        ("a fox, snow", f"{TRIGGER}, a fox, snow", f"a fox, snow, {TRIGGER}"),
        ("A fox.", f"{TRIGGER}, A fox.", f"A fox. {TRIGGER}"),
        ("a fox,", f"{TRIGGER}, a fox,", f"a fox, {TRIGGER}"),
        (TRIGGER, TRIGGER, TRIGGER),
        (f"{TRIGGER}, a fox", f"{TRIGGER}, a fox", f"a fox, {TRIGGER}"),
        (f"a fox, {TRIGGER}", f"{TRIGGER}, a fox", f"a fox, {TRIGGER}"),
        ("a fox, sbai_STYLE_16 , snow", "sbai_STYLE_16, a fox, snow", "a fox, snow, sbai_STYLE_16"),
        (f"style {TRIGGER}, a fox", f"style {TRIGGER}, a fox", f"a fox, style {TRIGGER}"),
        (f"{TRIGGER}, a fox, {TRIGGER}", f"{TRIGGER}, a fox", f"a fox, {TRIGGER}"),
        (f"a fox in {TRIGGER} colours", f"a fox in {TRIGGER} colours", f"a fox in {TRIGGER} colours"),
        (f"a fox, {TRIGGER}0", f"{TRIGGER}, a fox, {TRIGGER}0", f"a fox, {TRIGGER}0, {TRIGGER}"),
        (f"{TRIGGER},a  fox", f"{TRIGGER},a  fox", f"a  fox, {TRIGGER}"),
        (None, None, None),
        ("", "", ""),
        (" ", " ", " "),
    ],
)
def test_the_trigger_stands_once_and_where_it_is_wanted(
    before: str | None, front: str | None, end: str | None
) -> None:
    assert edited(TriggerAtFront(), before, SUBJECT) == front
    assert edited(TriggerAtEnd(), before, SUBJECT) == end


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (Replace("fox", "wolf"), "a fox, foxes", "a wolf, wolfes"),
        (Replace("fox", "wolf", whole_words=True), "a fox, foxes, fox-red", "a wolf, foxes, fox-red"),
        (Replace("Fox", "wolf"), "a fox", "a fox"),
        (Replace("Fox", "wolf", ignore_case=True), "a fox, FOX", "a wolf, wolf"),
        (Replace("a.c", r"\1"), "abc a.c", r"abc \1"),
        (Replace("", "wolf"), "a fox", "a fox"),
        (Replace(", ", ","), "a, b", "a,b"),
        (Replace("the snow", "ice", whole_words=True), "in the  snow", "in ice"),
        (Replace("größe", "Maß", ignore_case=True), "GRÖSSE GRÖßE", "GRÖSSE Maß"),
        (Replace("fox", "wolf"), None, None),
    ],
)
def test_texts_are_replaced_as_they_are_written(edit: Replace, before: str | None, after: str | None) -> None:
    assert edited(edit, before, SUBJECT) == after


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("snow", "a fox, snow, trees", "a fox, trees"),
        ("snow", "snow, a fox", "a fox"),
        ("snow", "a fox, snow", "a fox"),
        ("snow", "a fox, Snow.", "a fox"),
        ("red", "a red fox in red snow", "a fox in snow"),
        ("fox", "a red fox.", "a red."),
        ("red", "red", ""),
        ("red", "red-haired, tired, red_1", "red-haired, tired, red_1"),
        ("fox", "the fox's tail", "the fox's tail"),
        ("red fox", "a red  fox, Red Fox, a fox", "a, a fox"),
        ("a.c", "abc, a.c", "abc"),
        ("snow", "a  fox , trees", "a  fox , trees"),
        (" ", "a fox", "a fox"),
        ("fox", None, None),
        ("ñandú", "un ñandú, ton", "un, ton"),
    ],
)
def test_a_word_goes_with_its_comma_and_leaves_no_gap(
    word: str, before: str | None, after: str | None
) -> None:
    assert edited(RemoveWord(word), before, SUBJECT) == after


@pytest.mark.parametrize(
    ("pattern", "before", "after"),
    [
        ("{trigger}, {name}, {number}", None, f"{TRIGGER}, fox in snow (3), 4"),
        ("{name}", "", "fox in snow (3)"),
        ("{name}", " \n", "fox in snow (3)"),
        ("{name}", "a fox", "a fox"),
        ("{other} {0} {name.x} {", None, "{other} {0} {name.x} {"),
        ("", None, None),
        ("", "", ""),
        ("a\nb ", None, "a b"),
    ],
)
def test_only_empty_captions_are_filled(pattern: str, before: str | None, after: str | None) -> None:
    assert edited(FillEmpty(pattern), before, SUBJECT) == after


def test_a_placeholder_in_a_pictures_name_is_text() -> None:
    subject = Subject("{trigger}.png", 1, TRIGGER)

    assert edited(FillEmpty("{name}"), None, subject) == "{trigger}"


@pytest.mark.parametrize("before", [None, "", "a fox"])
def test_a_caption_that_is_written_is_one_line(before: str | None) -> None:
    assert edited(Write(" a fox \n\n in snow\r\n"), before, SUBJECT) == "a fox in snow"
    assert one_line("\n") == ""


WORDS = st.sampled_from(
    ["fox", "a", "snow", TRIGGER, TRIGGER.lower(), f"style {TRIGGER}", "red fox", "", "x."]
)
CAPTIONS = st.lists(WORDS, max_size=6).flatmap(
    lambda words: st.sampled_from([", ", ",", " ", " , "]).map(lambda between: between.join(words))
)
EDITS = st.sampled_from(
    [TriggerAtFront(), TriggerAtEnd(), RemoveWord("fox"), FillEmpty("{name}"), Write("a fox")]
)


@given(CAPTIONS | st.text(max_size=30), EDITS)
def test_an_edit_done_twice_gives_what_it_gave_once(caption: str, edit: CaptionEdit) -> None:
    once = edited(edit, caption, SUBJECT)

    assert edited(edit, once, SUBJECT) == once


@given(
    st.text(st.characters(codec="utf-8", exclude_characters=",\r\n"), max_size=30),
    st.text(st.characters(exclude_characters="\r\n"), max_size=30),
)
def test_the_rest_of_a_caption_stays_when_the_trigger_comes_and_goes(one: str, other: str) -> None:
    caption = f"{one},{other}".strip()
    if TRIGGER.casefold() in caption.casefold() or not caption.strip(", \t"):
        return

    front = edited(TriggerAtFront(), caption, SUBJECT)

    assert front == f"{TRIGGER}, {caption}"


@given(CAPTIONS)
def test_a_word_that_was_removed_is_nowhere_and_leaves_no_double_blank(caption: str) -> None:
    after = edited(RemoveWord("fox"), caption, SUBJECT)

    assert after is not None
    assert "fox" not in after.replace(",", " ").split()
    assert "  " not in after or "  " in caption


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (TriggerAtEnd(), f"a fox, in snow, {TRIGGER}"),
        (Replace("snow", "rain"), "a fox, in rain"),
        (RemoveWord("snow"), "a fox, in"),
        (Replace("owl", "hen"), "a fox,\nin snow"),
    ],
)
def test_an_edit_of_a_caption_of_two_lines_is_made_on_the_one_line_that_is_written(
    edit: CaptionEdit, after: str
) -> None:
    assert edited(edit, "a fox,\nin snow", SUBJECT) == after


def test_blanks_as_whole_words_replace_nothing() -> None:
    assert edited(Replace("  ", "x", whole_words=True), "a fox, snow", SUBJECT) == "a fox, snow"
