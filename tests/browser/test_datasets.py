"""Datasets in a real browser: from an empty style to a trained version, and everybody's text as text."""

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.datasets_page import DatasetsPage
from tests.browser.fake_runpod import FakeRunpod
from tests.browser.lab_server import LabServer
from tests.browser.layout import SIZES, layout_faults
from tests.browser.test_text_as_text import NAME, NASTY, is_harmless
from tests.browser.training_page import PATIENCE_MS, TrainingPage, settled, until

pytestmark = [pytest.mark.browser]

_NAME = "Jojo_bold shapes (3).png"
_ZIPPED = "in a zip & so on.png"


@pytest.fixture
def datasets(page: Page, server: LabServer) -> DatasetsPage:
    return DatasetsPage(page, server.url)


def picture(path: Path, colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", (320, 260), colour).save(path)
    return path


def uploaded(folder: Path) -> list[Path]:
    """Pictures, a caption, a file that is no picture, and a ZIP."""
    folder.mkdir()
    files = [
        picture(folder / name, (20 * number, 80, 90)) for number, name in enumerate([_NAME, "b.png", "c.png"])
    ]
    (folder / "b.txt").write_text(NASTY)
    (folder / "no picture.png").write_bytes(b"GIF89a, or so")
    inner = picture(folder / "inner.png", (200, 10, 10))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(inner, _ZIPPED)
        archive.writestr(_ZIPPED.replace(".png", ".txt"), "a red wall, SBai_style_16")
        archive.writestr("../escape.png", inner.read_bytes())
    return [*files, folder / "b.txt", folder / "no picture.png", folder / "more.zip"]


def test_from_an_empty_style_to_a_trained_version(
    datasets: DatasetsPage, training: TrainingPage, runpod: FakeRunpod, two_styles: Path, tmp_path: Path
) -> None:
    page = datasets.open().create_style("Ink and water", "16").page
    datasets.upload(uploaded(tmp_path / "files"))
    home = next((two_styles / "styles").glob("16_*"))
    expect(datasets.pictures()).to_have_count(4, timeout=PATIENCE_MS)
    assert not list((two_styles / "styles").rglob("escape*"))
    is_harmless(page)  # captions and names in the grid, and what is told of refused files
    expect(datasets.caption("b.png")).to_have_value(NASTY)
    datasets.click("Hide")

    # Captions: typed, on to the next by Enter, kept over a reload in the midst of it.
    datasets.caption("c.png").click()
    page.keyboard.type("a wall, SBai_style_16")
    page.keyboard.press("Enter")
    expect(datasets.caption(_ZIPPED)).to_be_focused()
    until(page, lambda: (home / "c.txt").exists(), what="the caption is written")
    datasets.caption(_NAME).click()
    page.keyboard.type("bold shapes, SBai_style_16")
    page.reload()
    datasets.ready()
    until(
        page,
        (home / _NAME).with_suffix(".txt").exists,
        what="what was being typed is written after the reload",
    )
    assert (home / "c.txt").read_text().strip() == "a wall, SBai_style_16"
    assert (home / _NAME).with_suffix(".txt").read_text().strip() == "bold shapes, SBai_style_16"

    # One picture large, by keys alone.
    datasets.picture("c.png").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="c.png")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Alt+ArrowLeft")
    expect(dialog.get_by_role("heading", name="c.png")).to_be_hidden(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)

    # The selection outlives a reload and a visit elsewhere.
    datasets.choose(_NAME, "c.png").selected(2)
    page.keyboard.press("Space")
    datasets.selected(1)
    page.keyboard.press("Space")
    datasets.choose(_ZIPPED).selected(3)
    page.reload()
    datasets.ready().selected(3)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Datasets").click()
    datasets.ready().selected(3)

    datasets.click("Save as set")
    page.get_by_label("Name (optional)").fill(NAME)
    page.get_by_role("button", name="Save 3 pictures").click()
    expect(page.get_by_text("Saved as selection set 1").first).to_be_visible(timeout=PATIENCE_MS)
    is_harmless(page)
    chosen = sorted([_NAME, "c.png", _ZIPPED])
    saved = json.loads((home / "selection_sets.json").read_bytes())["sets"]
    assert [(one["id"], sorted(one["filenames"]), one["name"]) for one in saved] == [(1, chosen, NAME)]

    datasets.click("Use in Training")
    training.ready()
    is_harmless(page)
    training.start()
    until(page, lambda: len(runpod.trainer.running) == 1, what="the training runs")
    runpod.trainer.release_all()
    training.shows_version("V1 · completed")
    recorded = json.loads((home / "training_versions.json").read_bytes())["versions"][0]
    assert (recorded["selectionSetId"], recorded["imageCount"]) == (1, 3)


def test_a_caption_changed_elsewhere_is_told_and_written_over_only_by_who_types_on(
    datasets: DatasetsPage, two_styles: Path
) -> None:
    page, name = datasets.open("?style=1").page, "image_001.jpg"
    file = (next((two_styles / "styles").glob("1_*")) / name).with_suffix(".txt")
    field = datasets.caption(name)
    before = field.input_value()
    field.fill(f"{before}, mine")
    until(page, lambda: file.read_text().strip() == f"{before}, mine", what="the caption is written")
    field.fill(f"{before}, mine too")  # the tab's own writing is nobody else's
    until(page, lambda: file.read_text().strip() == f"{before}, mine too", what="it is written again")
    settled(page)

    file.write_text("theirs")
    field.press_sequentially("!")
    told = page.get_by_text("It was changed elsewhere meanwhile: “theirs”.")
    expect(told.first).to_be_visible(timeout=PATIENCE_MS)
    expect(field).to_have_value(f"{before}, mine too!")
    page.reload()
    datasets.ready()
    expect(told.first).to_be_visible(timeout=PATIENCE_MS)
    expect(field).to_have_value(f"{before}, mine too!")
    assert file.read_text() == "theirs"
    field.press_sequentially("!")
    until(page, lambda: file.read_text().strip() == f"{before}, mine too!!", what="who types on replaces it")
    expect(told).to_have_count(0, timeout=PATIENCE_MS)


def test_all_can_be_read_at_every_size(datasets: DatasetsPage) -> None:
    page = datasets.open("?style=1").page
    datasets.choose("image_001.jpg").selected(1)
    faults = []
    for size in SIZES:
        page.set_viewport_size(SIZES[size])
        for tool in ("Selection sets", "Edit captions", "Add pictures"):
            datasets.tool(tool)
            faults += [f"{size}, {tool}: {fault}" for fault in layout_faults(page)]
    assert not faults, "\n".join(faults)
