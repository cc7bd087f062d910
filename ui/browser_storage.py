"""The browser's localStorage: the one module that knows how it is reached.

A bridge of a few lines on Streamlit's component API. streamlit-local-storage was tried first (0.0.25): it
wraps every value in a JSON object, leaves an item named `undefined`, and its class waits for ever when its
iframe does not load; see docs/decisions.
"""

import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import streamlit as st

from ui.leaving_fields import LEAVING_FIELDS

_KEY: Final = "browser_storage"
_ANSWER: Final = "browser_storage:answer"
_SINCE: Final = "browser_storage:since"
_ASKED: Final = "browser_storage:asked"
_REMEMBERED: Final = "browser_storage:remembered"
_PATIENCE_S: Final = 3.0
_PREFIX: Final = "training_"

# A browser that forbids localStorage answers as one that has stored nothing.
_JS: Final = (
    LEAVING_FIELDS
    + """
export default function ({ data, setTriggerValue }) {
  const found = {};
  try {
    for (const [name, value] of Object.entries(data.items))
      if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value);
    for (const name of Object.keys(localStorage))
      if (name.startsWith(data.prefix)) found[name] = localStorage.getItem(name);
  } catch (refused) {
    console.info("localStorage cannot be used:", refused.message);
  }
  // What a run that was stopped had said of the address never reached the browser.
  if (data.query && location.search !== data.query)
    history.replaceState(history.state, "", location.pathname + data.query + location.hash);
  watchFields();
  if (data.asked) setTriggerValue("stored", found);
}
"""
)


def stored() -> Mapping[str, str] | None:
    """What this browser had stored when the session began; None until it has answered."""
    if _ANSWER not in st.session_state:
        told = (st.session_state.get(_KEY) or {}).get("stored")
        if not isinstance(told, Mapping):
            return None
        st.session_state[_ANSWER] = {str(name): str(value) for name, value in told.items()}
    answer: Mapping[str, str] = st.session_state[_ANSWER]
    return answer


def remember(name: str, value: str | None) -> None:
    """Keeps an item of this session's in the browser, from the end of this run on; None takes it away.

    `name` begins with `training_`. What this session has not changed is never written: another tab's items
    stay as they are.
    """
    st.session_state.setdefault(_REMEMBERED, {})[name] = value


def recalled(name: str) -> str | None:
    """An item as this session left it, else as the browser had it when the session began."""
    remembered: Mapping[str, str | None] = st.session_state.get(_REMEMBERED, {})
    return remembered[name] if name in remembered else (stored() or {}).get(name)


def is_awaited() -> bool:
    """Whether the answer may still come: for 3 s, then the page goes on without."""
    since: float = st.session_state.setdefault(_SINCE, time.monotonic())
    return stored() is None and time.monotonic() - since < _PATIENCE_S


def exchange(items: Mapping[str, str]) -> None:
    """Reads once, writes `items` and what is remembered, and sees to it that the address is the run's own.

    Belongs at the end of a page, in every run.

    An item is written again in each run with the same value, for a write that is followed by a rerun may
    never reach the browser.
    """
    bridge = st.components.v2.component("lora_lab_browser_storage", js=_JS)
    query = (
        f"?{urlencode(st.query_params.to_dict(), quote_via=quote)}" if items or len(st.query_params) else ""
    )
    kept = {**st.session_state.get(_REMEMBERED, {}), **items}
    data = {"items": kept, "asked": _asked(), "prefix": _PREFIX, "query": query}
    bridge(key=_KEY, data=data, on_stored_change=_noted, height=1)


def _noted() -> None:
    """The answer has come: it is kept before anything else is drawn."""
    stored()


def _asked() -> int:
    """Another number in each run until the browser has answered, for it looks only at data that are new; then 0.

    It answers by a trigger, which is there for one run and forgotten: a state would go back and forth with every
    refresh, and a page that outlives its server's restart would tell the next session what was stored long ago.
    """
    if stored() is not None:
        return 0
    number: int = st.session_state.get(_ASKED, 0) + 1
    st.session_state[_ASKED] = number
    return number
