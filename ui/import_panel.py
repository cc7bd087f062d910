"""Bringing in the styles of the old system: what would happen is listed first."""

from typing import Any, Final

import streamlit as st

from lora_core import LoraCoreError, TrainingLab
from ui import words
from ui.pressed import button

_PATH: Final = "datasets:import_path"
_LISTED: Final = "datasets:import_listed"


def import_panel(lab: TrainingLab) -> None:
    """A folder or a ZIP on the machine that the lab runs on."""
    st.markdown(
        "Bring in the styles of a folder of the old system, or of a ZIP of it. Repeating it changes nothing."
    )
    path = st.text_input(
        "Path of the folder or ZIP, on the machine where the lab runs",
        key=_PATH,
        placeholder="/data/style_images",
        persist_state="session",
    ).strip()
    with st.container(horizontal=True, gap="small"):
        is_listed = button("List what would happen", key="datasets:import_dry", disabled=not path)
        is_imported = button(
            "Import",
            key="datasets:import",
            type="primary",
            disabled=not path or st.session_state.get(_LISTED, {}).get("path") != path,
            help="First list what would happen.",
        )
    if is_listed():
        _run(lab, path, dry_run=True)
    if is_imported():
        _run(lab, path, dry_run=False)
    _report(path)


def _run(lab: TrainingLab, path: str, *, dry_run: bool) -> None:
    state: dict[str, Any] = {"path": path, "is_dry": dry_run, "lines": [], "error": ""}
    try:
        with st.spinner("Looking it through …" if dry_run else "Importing …"):
            report = lab.import_folder(path, dry_run=dry_run)
        state["lines"] = list(report.lines)
    except LoraCoreError as error:
        state |= {"path": None, "error": str(error)}
    st.session_state[_LISTED] = state
    st.rerun()


def _report(path: str) -> None:
    listed = st.session_state.get(_LISTED)
    if listed is None:
        return
    if listed["error"]:
        st.error(words.escaped(listed["error"]), icon=":material/error:")
    elif listed["path"] == path:
        st.markdown("**This would happen:**" if listed["is_dry"] else "**Imported:**")
        for line in listed["lines"]:
            st.markdown(f"- {words.escaped(line)}")
