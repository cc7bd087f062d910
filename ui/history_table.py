"""The grid of versions, and which of them are selected in it.

A grid knows rows by number. Its key therefore names the rows that it shows: another list is another grid, and a
click that was on its way to the old one selects nothing in the new one. What is selected is kept by version.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import streamlit as st

from lora_core import Tracked
from ui import words
from ui.history_listing import COLUMNS, Listing

_ROW_PX: Final = 35
"""Streamlit 1.67 at its own size of text."""


def version_grid(
    shown: Listing, *, name: str, tallest: int, tallest_compared: int, with_style: bool, alt: str
) -> list[Tracked]:
    """Draws the rows; answers those that are selected.

    At most `tallest` are seen at once, and `tallest_compared` while several are selected.
    """
    key = f"{name}:{shown.fingerprint}"
    has_changed = _changed(f"{name}:looks", shown)
    if key not in st.session_state:
        st.session_state[key] = _state(_rows_of(shown, st.session_state.get(f"{name}:chosen", ())))
    elif has_changed:
        # A grid that is sorted by the cell has another order now, and the browser (1.67) would go on marking the
        # places where the selected rows were.
        st.session_state[key] = _state(st.session_state[key]["selection"]["rows"])
    is_several = len(st.session_state[key]["selection"]["rows"]) > 1
    event = st.dataframe(
        shown.table,
        height=_ROW_PX * (min(len(shown.rows), tallest_compared if is_several else tallest) + 1) + 3,
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        key=key,
        column_order=[column for column in COLUMNS if with_style or column != "Style"],
        column_config=_config(),
        placeholder="",
        alt=alt,
    )
    picked = [shown.rows[row] for row in event["selection"]["rows"] if row < len(shown.rows)]
    st.session_state[f"{name}:chosen"] = [_identity(one) for one in picked]
    return picked


def listed(shown: int, of: int) -> str:
    """How many of how many."""
    return f"{shown} of {of} versions." if shown != of else "1 version." if of == 1 else f"{of} versions."


def _rows_of(shown: Listing, chosen: Collection[tuple[str, str]]) -> list[int]:
    if not chosen:
        return []
    at = {_identity(one): number for number, one in reversed(list(enumerate(shown.rows)))}
    return sorted(at[one] for one in chosen if one in at)


def _state(rows: Sequence[int]) -> dict[str, Any]:
    return {"selection": {"rows": list(rows), "columns": [], "cells": []}}


def _changed(name: str, shown: Listing) -> bool:
    """Whether any cell is another one than in the run before."""
    looks = hash((tuple(id(one.version.raw) for one in shown.rows), *shown.table["Status"].to_pylist()))
    before = st.session_state.get(name)
    st.session_state[name] = looks
    return before is not None and before != looks


def _identity(one: Tracked) -> tuple[str, str]:
    return one.style.folder, one.version.key


def _config() -> dict[str, Any]:
    zone = str(words.zone())
    column = st.column_config
    return {
        "Version": column.TextColumn(width=90, pinned=True),
        "Style": column.TextColumn(width=130),
        "Status": column.TextColumn(width=125),
        "Good": column.TextColumn(width=55),
        "Created": column.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=zone, width=145),
        "Rate": column.NumberColumn(format="%g", width=75),
        "Steps": column.NumberColumn(format="%d", width=65),
        "Dim": column.NumberColumn(format="%d", width=55),
        "Alpha": column.NumberColumn(format="%g", width=60),
        "Final loss": column.NumberColumn(
            format="%.4g", width=80, help="Where the smoothed loss curve ends."
        ),
        "Images": column.NumberColumn(format="%d", width=65),
        "Set": column.NumberColumn(format="%d", width=50),
        "Optimizer": column.TextColumn(width=110),
        "Description": column.TextColumn(width=220),
        "Error": column.TextColumn(width=220),
        "Batch": column.NumberColumn(format="%d", width=60),
        "Repeats": column.NumberColumn(format="%d", width=70),
        "Scheduler": column.TextColumn(width=150),
        "Warm-up": column.NumberColumn(format="%d", width=75),
        "Ended": column.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=zone, width=145),
        "Duration": column.NumberColumn(format="compact", width=85),
    }
