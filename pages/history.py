"""History: every version of a style or of all, and what became of it."""

from ui.browser_storage import exchange
from ui.damage_notice import readable
from ui.history_view import history_view
from ui.page import page_setup
from ui.pickers import style_picker
from ui.process import lab

page_setup("History")
with readable(lab()):
    style = style_picker(lab())
    if style is not None:
        history_view(lab(), style)
        exchange({})
