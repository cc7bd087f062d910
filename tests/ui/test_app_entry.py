"""The launcher, the pages' shape, and the process's one lab."""

import ast
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lora_core import ConfigurationError
from tests.ui.conftest import close_lab
from tests.ui.screens import ROOT, Screens
from ui import process

PAGES = sorted((ROOT / "pages").glob("*.py"))
MOST_LINES = 110


def monitors() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lora-lab-monitor"]


@pytest.mark.parametrize("query", [{}, {"style": "1", "version": "new"}, {"style": "9", "version": "<b>"}])
def test_the_launcher_runs_as_a_plain_script_too(screens: Screens, query: dict[str, str]) -> None:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    app.session_state["browser_storage:answer"] = {}
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert [header.value for header in app.header] == ["Training"]
    assert screens.lab.monitor.is_running
    app.switch_page("pages/history.py").run()
    assert not app.exception
    assert [header.value for header in app.header] == ["History"]


def test_a_version_is_loaded_from_history_under_the_plain_script_as_well(screens: Screens) -> None:
    screens.lab.save_draft(1, parameters={}, selection_set_id=1)
    app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
    app.session_state["browser_storage:answer"] = {}
    app.run().switch_page("pages/history.py").run()
    (table,) = [one for one in app.dataframe if (one.key or "").startswith("history:table")]
    app.session_state[table.key or ""] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run().button(key="history:load").click().run()
    assert not app.exception
    assert [header.value for header in app.header] == ["Training"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_a_flat_short_script_that_begins_with_its_setup(path: Path) -> None:
    source = path.read_text()
    docstring, *statements = ast.parse(source).body
    assert isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)
    first = next(one for one in statements if not isinstance(one, ast.Import | ast.ImportFrom))
    assert ast.unparse(first).startswith("page_setup(")
    defining = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, defining)]
    assert len(source.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_is_in_the_navigation_and_runs_on_an_empty_root(empty: Screens, path: Path) -> None:
    screen = empty.open("new").go_to(path.stem)
    assert screen.title.casefold() == path.stem


def test_all_sessions_share_one_lab_with_one_monitor(screens: Screens) -> None:
    screens.open("new")
    first = process.lab()
    screens.open("new").go_to("history")
    assert process.lab() is first
    assert len(monitors()) == 1
    close_lab()
    assert monitors() == []


def test_a_reload_of_the_code_gets_a_lab_of_its_own_classes(screens: Screens) -> None:
    former = screens.lab

    class TrainingLabOfBefore(type(former)):  # type: ignore[misc]
        """As the class that the old code had: the same name, another object."""

    former.__class__ = TrainingLabOfBefore
    assert process.lab() is not former
    assert not former.monitor.is_running
    assert len(monitors()) == 1


def test_a_monitor_that_has_ended_is_started_again(screens: Screens) -> None:
    screens.lab.monitor.stop()
    screens.open("new")
    assert screens.lab.monitor.is_running


def test_settings_that_cannot_be_are_one_sentence_without_their_values(
    screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_EXECUTION_TIMEOUT_HOURS", "soonish")
    assert screens.styles.is_dir()
    with pytest.raises(ConfigurationError, match="RUNPOD_EXECUTION_TIMEOUT_HOURS") as caught:
        process.lab()
    assert "soonish" not in str(caught.value)
