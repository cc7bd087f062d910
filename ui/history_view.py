"""The table of versions: filter, sort, compare, load, trash."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import streamlit as st

from lora_core import LoraCoreError, StoreError, Style, Tracked, TrainingLab, Version, VersionStatus
from ui import words
from ui.comparison_table import comparison_table
from ui.page import open_training
from ui.selection import Selection, select
from ui.trash_view import trash_view
from ui.version_details import version_details

_EVERY = "All styles"
_THIS = "This style"
_EXACT = 2**53
_WITHOUT_STYLE = (
    "Status",
    "Version",
    "Good",
    "Created",
    "Rate",
    "Steps",
    "Dim",
    "Alpha",
    "Optimizer",
    "Images",
    "Description",
    "Error",
)


def history_view(lab: TrainingLab, style: Style) -> None:
    """Versions and, in a tab of its own, the trash."""
    versions_tab, trash_tab = st.tabs(["Versions", f"Trash ({len(lab.trash(style.folder))})"])
    with versions_tab:
        _versions(lab, style)
    with trash_tab:
        trash_view(lab, style)


def _versions(lab: TrainingLab, style: Style) -> None:
    shown = _filtered(_all(lab, style))
    if not shown:
        st.info(
            "No version matches. Change the filter, or start one in Training.", icon=":material/search_off:"
        )
        return
    picked = _table(lab, shown)
    if len(picked) == 1:
        _one(lab, picked[0])
    elif len(picked) > 1:
        comparison_table(lab, picked)
    else:
        st.caption("Select a row to see it, or two and more to compare them.")


def _all(lab: TrainingLab, style: Style) -> list[Tracked]:
    scope = st.segmented_control(
        "Show", [_THIS, _EVERY], default=_THIS, key="history:scope", label_visibility="collapsed"
    )
    if scope != _EVERY:
        return [Tracked(style, version) for version in lab.versions(style.folder)]
    found: list[Tracked] = []
    for one in lab.styles():
        try:
            found += [Tracked(one, version) for version in lab.versions(one.folder)]
        except StoreError as error:  # its own page tells more; the other styles go on
            st.warning(words.escaped(error), icon=":material/broken_image:")
    return found


def _filtered(tracked: list[Tracked]) -> list[Tracked]:
    left, middle, right = st.columns([4, 5, 2], vertical_alignment="bottom")
    with left:
        text = st.text_input(
            "Search", key="history:search", placeholder="Name, description, parameter value …"
        )
    with middle:
        statuses = st.pills(
            "Status", [status.value for status in VersionStatus], selection_mode="multi", key="history:status"
        )
    with right:
        only_good = st.toggle("Good only", key="history:good")
    return [
        one
        for one in tracked
        if (not statuses or one.version.status_text in statuses)
        and (not only_good or one.version.is_good)
        and _matches(one, text)
    ]


def _matches(one: Tracked, text: str) -> bool:
    version = one.version
    told = [
        one.style.name,
        version.name,
        version.description,
        version.error or "",
        version.status_text,
        version.id,
    ]
    told += [words.number(value) for value in version.parameters.as_dict().values()]
    haystack = " ".join(told).casefold()
    return all(word in haystack for word in text.casefold().split())


def _table(lab: TrainingLab, shown: list[Tracked]) -> list[Tracked]:
    now = datetime.now(UTC)
    event = st.dataframe(
        [_row(lab, one, now) for one in shown],
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        key=_table_key(shown),
        column_order=None if len({one.style.folder for one in shown}) > 1 else _WITHOUT_STYLE,
        column_config={
            "Created": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm", timezone=str(words.zone())
            ),
            "Rate": st.column_config.NumberColumn(format="%g"),
            "Good": st.column_config.CheckboxColumn(),
        },
    )
    rows = event["selection"]["rows"]
    return [shown[row] for row in rows if row < len(shown)]


def _table_key(shown: list[Tracked]) -> str:
    """Selected are rows by number: another list is another table, or they would be other versions."""
    listed = "\n".join(f"{one.style.folder}/{one.version.key}" for one in shown)
    return f"history:table:{sha256(listed.encode(errors='replace')).hexdigest()[:16]}"


def _row(lab: TrainingLab, one: Tracked, now: datetime) -> dict[str, Any]:
    version, parameters = one.version, one.version.parameters
    seen = words.look(version, lab.sighting(version), now)
    return {
        "Status": f"{seen.icon} {seen.word}",
        "Style": one.style.name,
        "Version": version.name,
        "Good": version.is_good,
        "Created": version.created_at,
        "Rate": _cell(parameters.learning_rate),
        "Steps": _cell(parameters.max_train_steps),
        "Dim": _cell(parameters.network_dim),
        "Alpha": _cell(parameters.network_alpha),
        "Optimizer": parameters.optimizer_type,
        "Images": _cell(version.image_count),
        "Description": version.description,
        "Error": version.error or "",
    }


def _cell(number: int | float | None) -> int | float | None:
    """A file may hold integers that no column takes."""
    return float(number) if isinstance(number, int) and abs(number) > _EXACT else number


def _one(lab: TrainingLab, one: Tracked) -> None:
    if st.button("Load into Training", type="primary", icon=":material/open_in_browser:", key="history:load"):
        select(one.style, one.version.key)
        open_training()
    try:
        version: Version = lab.version(one.style.folder, one.version.key)
    except LoraCoreError as error:
        st.error(words.escaped(error))
        return
    version_details(lab, Selection(one.style, version))
