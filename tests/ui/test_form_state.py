"""What was typed and is recorded nowhere."""

from collections.abc import Iterator

import pytest
import streamlit as st

from ui import form_state

FORM, OTHER = "1_style/a", "1_style/new"


@pytest.fixture(autouse=True)
def session() -> Iterator[None]:
    """A session's state, empty; without a script Streamlit keeps one per process."""
    for key in list(st.session_state):
        del st.session_state[key]
    yield
    for key in list(st.session_state):
        del st.session_state[key]


def test_edits_are_kept_per_form() -> None:
    form_state.put(FORM, "name", "one", "")
    form_state.put(OTHER, "name", "two", "")
    assert form_state.edits(FORM) == {"name": "one"}
    assert form_state.edits(OTHER) == {"name": "two"}
    assert form_state.edits("1_style/b") == {}


def test_a_field_that_is_back_at_what_is_recorded_is_no_edit() -> None:
    form_state.put(FORM, "name", "one", "")
    form_state.put(FORM, "name", "", "")
    assert form_state.edits(FORM) == {}


def test_discarding_forgets_the_edits_of_one_form_only() -> None:
    form_state.put(FORM, "name", "one", "")
    form_state.put(OTHER, "name", "two", "")
    form_state.discard(FORM)
    form_state.discard("1_style/never typed into")
    assert form_state.edits(FORM) == {}
    assert form_state.edits(OTHER) == {"name": "two"}


def test_a_form_intends_one_version_until_it_has_become_one() -> None:
    intended = form_state.intended_key(FORM)
    form_state.put(FORM, "name", "one", "")
    form_state.discard(FORM)
    assert form_state.intended_key(FORM) == intended
    assert form_state.intended_key(OTHER) != intended
    form_state.using(FORM)()
    assert form_state.intended_key(FORM) != intended
    assert form_state.edits(FORM) == {}


def test_a_widget_shows_the_value_and_keeps_what_is_being_typed() -> None:
    key = form_state.widget_key(FORM, "network_dim", "16", "16")
    st.session_state[key] = "32"
    form_state.changed(FORM, "network_dim")
    assert form_state.edits(FORM) == {"network_dim": "32"}
    assert form_state.widget_key(FORM, "network_dim", "32", "16") == key
    assert st.session_state[key] == "32"


def test_what_the_widgets_hold_is_taken_in_also_without_their_callbacks() -> None:
    st.session_state[form_state.widget_key(FORM, "network_dim", "16", "16")] = "32"
    st.session_state[form_state.widget_key(FORM, "batch_size", "2", "2")] = "0.5"
    form_state.settle(FORM, lambda field, _: field == "network_dim")
    assert form_state.edits(FORM) == {"network_dim": "32"}
    assert form_state.is_kept(FORM)
    assert not form_state.is_kept(OTHER)


def test_the_fields_of_a_form_that_is_no_longer_shown_are_not_taken_for_edits() -> None:
    st.session_state[form_state.widget_key(FORM, "network_dim", "16", "16")] = "32"
    form_state.widget_key(OTHER, "network_dim", "16", "16")
    form_state.changed(FORM, "network_dim")
    form_state.settle(FORM, lambda *_: True)
    assert form_state.edits(FORM) == {}


def test_what_a_field_was_showing_before_it_was_changed_for_the_user_is_no_edit_when_it_comes_back_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(form_state, "monotonic", lambda: now)
    key = form_state.widget_key(FORM, "network_dim", "32", "16")
    form_state.discard(FORM)
    form_state.widget_key(FORM, "network_dim", "16", "16")
    st.session_state[key] = "32"  # the browser has not drawn the 16 yet
    form_state.changed(FORM, "network_dim")
    assert form_state.edits(FORM) == {}
    assert st.session_state[form_state.widget_key(FORM, "network_dim", "16", "16")] == "16"
    now += 2
    st.session_state[key] = "32"  # typed again
    form_state.changed(FORM, "network_dim")
    assert form_state.edits(FORM) == {"network_dim": "32"}


def test_an_empty_choice_is_a_value_like_any_other() -> None:
    key = form_state.widget_key(FORM, "selection_set_id", 2, None)
    form_state.widget_key(FORM, "selection_set_id", None, None)
    assert key in st.session_state
    assert st.session_state[key] is None


def test_only_plain_values_are_kept() -> None:
    form_state.put(FORM, "selection_set_id", 2, None)
    form_state.widget_key(FORM, "selection_set_id", 2, None)
    form_state.intended_key(FORM)
    kept = [value for _, value in st.session_state.items()]
    assert all(type(value) in (str, int, dict, type(None)) for value in kept)
