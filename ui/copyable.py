"""A line of text to be read, and copied by one click.

`st.code` would do the same, and has every first page load fetch 1.5 MB of syntax highlighting for it (Streamlit 1.67).
The text reaches the page as text, never as HTML.
"""

from typing import Final

import streamlit as st

_HTML: Final = """
<span class="text"></span>
<button type="button"><span aria-hidden="true"></span></button>
<span class="told" role="status"></span>
"""
_CSS: Final = """

.text { font-family: var(--st-code-font); font-size: .8rem; overflow-wrap: anywhere; user-select: all;
  color: var(--st-text-color); }
button { margin-left: .4rem; padding: 0 .35rem; min-height: 1.5rem; min-width: 1.5rem; font: inherit; font-size: .8rem;
  color: var(--st-text-color); background: none; border: 1px solid var(--st-border-color); border-radius: .35rem;
  cursor: pointer; }
button:hover { border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.told { margin-left: .4rem; font-size: .8rem; color: var(--st-text-color); }
"""
# Where the browser does not allow it (a page without https), the text is selected for the user's own copying.
_JS: Final = """
export default function ({ data, parentElement }) {
  const text = parentElement.querySelector(".text");
  const button = parentElement.querySelector("button");
  const told = parentElement.querySelector(".told");
  if (text.textContent !== data.text) told.textContent = "";
  text.textContent = data.text;
  button.firstElementChild.textContent = "Copy";
  button.setAttribute("aria-label", data.label);
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
      told.textContent = "Copied";
    } catch (refused) {
      getSelection().selectAllChildren(text);
      told.textContent = "Selected: copy it by keyboard";
    }
  };
}
"""


def copyable(text: str, *, what: str, key: str) -> None:
    """The text with a button; `what` it is goes into the button's label for screen readers."""
    component = st.components.v2.component("lora_lab_copyable", html=_HTML, css=_CSS, js=_JS)
    component(key=key, data={"text": text, "label": f"Copy {what}"})
