"""What narrows the list of versions: one row of search, statuses and a box with the rest."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final, Literal

import streamlit as st

from lora_core import Condition, VersionFilter, VersionStatus, read_query
from ui import words
from ui.field_labels import LABELS
from ui.history_listing import Listing

_SEARCH: Final = "history:search"
_STATUSES: Final = "history:status"
_FROM: Final = "history:from"
_UNTIL: Final = "history:until"
_GOOD: Final = "history:good"
_VALUES: Final = {
    "selection_set_id": "history:value:selection_set_id",
    "image_count": "history:value:image_count",
    "learning_rate": "history:value:learning_rate",
    "max_train_steps": "history:value:max_train_steps",
    "network_dim": "history:value:network_dim",
    "network_alpha": "history:value:network_alpha",
    "batch_size": "history:value:batch_size",
    "num_repeats": "history:value:num_repeats",
    "optimizer_type": "history:value:optimizer_type",
    "lr_scheduler": "history:value:lr_scheduler",
}
_LABELS: Final = {**LABELS, "image_count": "Images"}
_MOST_VALUES: Final = 200
_KEEP: Final[Literal["session"]] = "session"
"""Streamlit then keeps what a widget holds through a change of page."""

_SEARCH_HELP: Final = (
    "The search box takes conditions, too: `rate=1e-4`, `steps>=2000`, `dim<32`, `optimizer=Lion`, `set=2`, "
    '`images>40`. What belongs together stands in `"quotes"`.'
)


def history_filters(offered: Listing) -> VersionFilter:
    """Draws the row; answers what is looked for. `offered`: all versions that could be found."""
    with st.container(key="history_filters", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="history_search"):
            text = st.text_input(
                "Search",
                key=_SEARCH,
                type="search",
                placeholder="Words, or steps>=2000",
                icon=":material/search:",
                label_visibility="collapsed",
                persist_state=_KEEP,
            )
        active = _active()
        with st.popover(
            f"Filters ({active})" if active else "Filters",
            icon=":material/filter_list:",
            key="history:filters",
            type="primary" if active else "secondary",
        ):
            conditions = _box(offered)
        statuses = st.pills(
            "Status",
            [status.value for status in VersionStatus],
            selection_mode="multi",
            format_func=words.status_label,
            key=_STATUSES,
            label_visibility="collapsed",
            wrap=True,
            persist_state=_KEEP,
        )
        if _is_filtered():
            st.button("Clear", key="history:clear", type="tertiary", on_click=clear)
    query = read_query(text or "")
    for problem in query.problems:
        st.warning(words.escaped(problem), icon=":material/help:")
    return VersionFilter(
        words=query.words,
        conditions=(*query.conditions, *conditions),
        statuses=frozenset(statuses),
        created_from=_midnight(st.session_state.get(_FROM)),
        created_before=_midnight(st.session_state.get(_UNTIL), days_later=1),
        only_good=bool(st.session_state.get(_GOOD)),
    )


def _is_filtered() -> bool:
    """Whether anything narrows the list."""
    return bool(st.session_state.get(_SEARCH) or st.session_state.get(_STATUSES) or _active())


def clear() -> None:
    """A button's `on_click`: everything is shown again."""
    st.session_state[_SEARCH] = ""
    st.session_state[_STATUSES] = []
    st.session_state[_FROM] = st.session_state[_UNTIL] = None
    st.session_state[_GOOD] = False
    for key in _VALUES.values():
        st.session_state[key] = []


def _active() -> int:
    """How many of the box's filters are set."""
    return sum(bool(st.session_state.get(key)) for key in (_FROM, _UNTIL, _GOOD, *_VALUES.values()))


def _box(offered: Listing) -> tuple[Condition, ...]:
    st.toggle("Only those marked as good", key=_GOOD, persist_state=_KEEP)
    left, right = st.columns(2)
    with left:
        st.date_input("Created from", None, key=_FROM, format="YYYY-MM-DD", persist_state=_KEEP)
    with right:
        st.date_input("Created until", None, key=_UNTIL, format="YYYY-MM-DD", persist_state=_KEEP)
    columns = st.columns(2)
    conditions = []
    for number, (field, key) in enumerate(_VALUES.items()):
        with columns[number % 2]:
            chosen = st.multiselect(
                _LABELS[field],
                _values(offered, field, st.session_state.get(key) or ()),
                format_func=words.number,
                key=key,
                placeholder="Any",
                persist_state=_KEEP,
            )
        if chosen:
            conditions.append(Condition(field, "=", tuple(chosen)))
    st.caption(_SEARCH_HELP)
    return tuple(conditions)


def _values(offered: Listing, field: str, chosen: Collection[Any]) -> list[Any]:
    """What occurs, and what is chosen though it occurs no more: in another style, say."""
    rows = sorted(offered.values(field) - {None}, key=lambda value: (isinstance(value, str), value))[
        :_MOST_VALUES
    ]
    rows += [value for value in chosen if value not in rows]
    return rows


def _midnight(day: Any, days_later: int = 0) -> datetime | None:
    """The beginning of a day in the user's zone."""
    if not isinstance(day, date):
        return None
    return datetime.combine(day + timedelta(days=days_later), time_of_day(), words.zone())
