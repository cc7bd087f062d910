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
    listed: dict[str, Any] = st.session_state.setdefault(_LISTED, {})
    with st.container(horizontal=True, gap="small"):
        is_listed = button("List what would happen", key="datasets:import_dry", disabled=not path)
        is_imported = button(
            "Import",
            key="datasets:import",
            type="primary",
            disabled=not path or listed.get("path") != path,
            help="First list what would happen.",
        )
    with st.spinner(
        "Going through it …"
    ):  # around the presses: between one and its work a run could be stopped here
        if is_listed():
            _run(lab, path, listed, dry_run=True)
            st.rerun()
        if is_imported():
            _run(lab, path, listed, dry_run=False)
            st.rerun()
    _report(path, listed)


def _run(lab: TrainingLab, path: str, listed: dict[str, Any], *, dry_run: bool) -> None:
    try:
        lines = list(lab.import_folder(path, dry_run=dry_run).lines)
    except LoraCoreError as error:
        listed.update(path=None, is_dry=dry_run, lines=[], error=str(error))
    else:
        listed.update(path=path, is_dry=dry_run, lines=lines, error="")


def _report(path: str, listed: dict[str, Any]) -> None:
    if not listed:
        return
    if listed["error"]:
        st.error(words.escaped(listed["error"]), icon=":material/error:")
    elif listed["path"] == path:
        st.markdown("**This would happen:**" if listed["is_dry"] else "**Imported:**")
        for line in listed["lines"]:
            st.markdown(f"- {words.escaped(line)}")
