"""Datasets: pictures, captions and selection sets of a style."""

from ui.browser_storage import exchange
from ui.damage_notice import readable
from ui.dataset_view import dataset_view
from ui.import_panel import import_panel
from ui.page import page_setup
from ui.pickers import style_picker
from ui.process import lab

page_setup("Datasets")
with readable(lab()):
    style = style_picker(lab(), "datasets")
    if style is not None:
        dataset_view(lab(), style)
        exchange({})
    elif not lab().styles():
        import_panel(lab())
