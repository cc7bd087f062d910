"""A field that is left tells what was typed before whatever was clicked is heard.

Streamlit 1.67 posts a typed text a moment after its field was left. When a click leaves the field, the click can be
posted first: Start then starts with the number from before, and another page is opened and left again at once, for the
late text names the page it was typed on. It happens whenever the browser is busy for as long as the click takes.

So a click that leaves a field in which something was typed is held for that moment; and Alt+N, which leaves no field
by itself, does.
"""

from typing import Final

LEAVING_FIELDS: Final = """
const HELD_MS = 60, AT_ONCE_MS = 250;
const isTyped = (one) => one instanceof HTMLElement
  && one.matches("textarea, input:not([type=checkbox]):not([type=radio]):not([type=file])");
let before = null, leftAt = -Infinity;

function watchFields() {
  if (window.loraLabLeavesFields) return;
  window.loraLabLeavesFields = true;
  const watch = (kind, heard) => window.addEventListener(kind, heard, true);
  watch("focusin", ({ target }) => { if (isTyped(target)) before = target.value; });
  watch("focusout", ({ target }) => {
    if (isTyped(target) && target.value !== before) leftAt = performance.now();
  });
  watch("click", (event) => {
    const isHeld = event.isTrusted && performance.now() - leftAt < AT_ONCE_MS;
    if (!isHeld || isTyped(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(() => event.target.dispatchEvent(new MouseEvent("click", event)), HELD_MS);
  });
  watch("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && event.code === "KeyN") document.activeElement?.blur();
  });
}
"""
"""A function `watchFields`, which does its work once in a window."""
