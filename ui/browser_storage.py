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

_KEY: Final = "browser_storage"
_ANSWER: Final = "browser_storage:answer"
_SINCE: Final = "browser_storage:since"
_PATIENCE_S: Final = 3.0
_PREFIX: Final = "training_"

# A browser that forbids localStorage answers as one that has stored nothing.
_JS: Final = """
export default function ({ data, setStateValue }) {
  const found = {};
  try {
    for (const [name, value] of Object.entries(data.items)) localStorage.setItem(name, value);
    for (const name of Object.keys(localStorage))
      if (name.startsWith(data.prefix)) found[name] = localStorage.getItem(name);
  } catch (refused) {
    console.info("localStorage cannot be used:", refused.message);
  }
  // What a run that was stopped had said of the address never reached the browser.
  if (data.query && location.search !== data.query)
    history.replaceState(history.state, "", location.pathname + data.query + location.hash);
  if (data.read) setStateValue("stored", found);
}
"""


def stored() -> Mapping[str, str] | None:
    """What this browser had stored when the session began; None until it has answered."""
    if _ANSWER not in st.session_state:
        told = (st.session_state.get(_KEY) or {}).get("stored")
        if not isinstance(told, Mapping):
            return None
        st.session_state[_ANSWER] = {str(name): str(value) for name, value in told.items()}
    answer: Mapping[str, str] = st.session_state[_ANSWER]
    return answer


def is_awaited() -> bool:
    """Whether the answer may still come: for 3 s, then the page goes on without."""
    since: float = st.session_state.setdefault(_SINCE, time.monotonic())
    return stored() is None and time.monotonic() - since < _PATIENCE_S


def exchange(items: Mapping[str, str]) -> None:
    """Reads once, writes `items`, and sees to it that the address is the run's own.

    Belongs at the end of a page, in every run.

    An item is written again in each run with the same value, for a write that is followed by a rerun may
    never reach the browser.
    """
    bridge = st.components.v2.component("lora_lab_browser_storage", js=_JS)
    query = (
        f"?{urlencode(st.query_params.to_dict(), quote_via=quote)}" if items or len(st.query_params) else ""
    )
    data = {"items": dict(items), "read": stored() is None, "prefix": _PREFIX, "query": query}
    bridge(key=_KEY, data=data, default={"stored": None}, on_stored_change=_noted, height=1)


def _noted() -> None:
    """The answer has come: the run that follows finds it in the session's state."""
