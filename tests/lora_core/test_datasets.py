"""Datasets: looked at before a start, frozen at it, and never read from outside the style's folder."""

import hashlib
import json
from pathlib import Path

import pytest

from lora_core.datasets import Dataset, frozen, looked_at
from lora_core.errors import NotFoundError, StoreUnavailableError
from lora_core.sets_document import SelectionSet
from tests.lora_core.storage import StyleFolder, tree


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    lab = StyleFolder(tmp_path / "root")
    for name in ("a (1).jpg", "b.png", "c.webp"):
        (lab.folder / name).write_bytes(name.encode())
        (lab.folder / name).with_suffix(".txt").write_text(f"a fox, {name}")
    (lab.folder / "selection_sets.json").write_text(json.dumps({"sets": []}))
    return lab


def dataset(lab: StyleFolder, *names: str) -> Dataset:
    return looked_at(lab.styles, lab.style, SelectionSet(1, names))


def test_a_set_whose_files_are_all_there_has_nothing_to_say(lab: StyleFolder) -> None:
    one = dataset(lab, "a (1).jpg", "b.png")

    assert one.filenames == ("a (1).jpg", "b.png")
    assert (one.missing, one.uncaptioned, one.unusable_names, one.captions_with_trigger_first) == (
        (),
        (),
        (),
        0,
    )


def test_pictures_that_are_not_there_are_named(lab: StyleFolder) -> None:
    assert dataset(lab, "b.png", "gone.jpg").missing == ("gone.jpg",)


def test_pictures_without_a_caption_or_with_an_empty_one_are_named(lab: StyleFolder) -> None:
    (lab.folder / "b.txt").unlink()
    (lab.folder / "c.txt").write_text(" \n")

    assert dataset(lab, "a (1).jpg", "b.png", "c.webp", "gone.jpg").uncaptioned == ("b.png", "c.webp")


def test_a_caption_that_is_no_utf_8_is_a_caption(lab: StyleFolder) -> None:
    (lab.folder / "b.txt").write_bytes(b"fox \xff")

    assert dataset(lab, "b.png").uncaptioned == ()


@pytest.mark.parametrize("caption", ["SBai_style_7, fox", "sbai_STYLE_7 fox", "style SBai_style_7 fox"])
def test_captions_that_begin_with_the_trigger_are_counted(lab: StyleFolder, caption: str) -> None:
    (lab.folder / "b.txt").write_text(caption)

    assert dataset(lab, "a (1).jpg", "b.png").captions_with_trigger_first == 1


def test_names_that_no_address_can_hold_are_named(lab: StyleFolder) -> None:
    (lab.folder / "a#1.jpg").write_bytes(b"")

    assert dataset(lab, "a#1.jpg", "what?.jpg", "b.png").unusable_names == ("a#1.jpg", "what?.jpg")


def test_a_caption_that_cannot_be_read_is_said_so(lab: StyleFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lora_core.captions.read_file", refuse)

    with pytest.raises(
        StoreUnavailableError, match=r"b\.txt could not be read or written: .*Permission denied"
    ):
        dataset(lab, "b.png")


OUTSIDE = ["../secret.jpg", "/etc/passwd", "sub/secret.jpg", "..", ".", "", "../../x", "sub/../b.png", "\0", "a\0.jpg",
           "x" * 300 + ".jpg", "half \ud83d.jpg", "~", "./b.png"]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_with_a_path_in_it_is_never_read(lab: StyleFolder, name: str) -> None:
    for folder in (lab.root, lab.folder / "sub"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.jpg").write_text("secret")
        (folder / "secret.txt").write_text("SBai_style_7 secret")

    one = dataset(lab, name, "b.png")
    digest = frozen(lab.store, one)

    assert one.missing == (name,)
    assert one.captions_with_trigger_first == 0
    listed = json.loads((lab.folder / "datasets" / f"{digest}.json").read_bytes())["files"]
    assert listed[0] == {"filename": name, "sha256": None}
    assert hashlib.sha256(b"secret").hexdigest() not in json.dumps(listed)


def test_a_frozen_list_holds_pictures_and_captions_with_their_hashes(lab: StyleFolder) -> None:
    digest = frozen(lab.store, dataset(lab, "b.png", "gone.jpg"))

    content = (lab.folder / "datasets" / f"{digest}.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    assert json.loads(content) == {
        "files": [
            {"filename": "b.png", "sha256": hashlib.sha256(b"b.png").hexdigest()},
            {"filename": "b.txt", "sha256": hashlib.sha256(b"a fox, b.png").hexdigest()},
            {"filename": "gone.jpg", "sha256": None},
            {"filename": "gone.txt", "sha256": None},
        ]
    }


def test_the_same_list_has_the_same_file_and_is_written_once(lab: StyleFolder) -> None:
    first = frozen(lab.store, dataset(lab, "b.png", "c.webp"))
    before = tree(lab.folder)

    assert frozen(lab.store, dataset(lab, "b.png", "c.webp")) == first
    assert tree(lab.folder) == before


def test_another_order_caption_or_picture_is_another_list(lab: StyleFolder) -> None:
    digests = {
        frozen(lab.store, dataset(lab, *names)) for names in (("b.png", "c.webp"), ("c.webp", "b.png"))
    }
    (lab.folder / "b.txt").write_text("an owl")
    digests.add(frozen(lab.store, dataset(lab, "b.png", "c.webp")))
    (lab.folder / "b.png").write_bytes(b"another")
    digests.add(frozen(lab.store, dataset(lab, "b.png", "c.webp")))

    assert len(digests) == 4
    assert len(list((lab.folder / "datasets").iterdir())) == 4


def test_a_caption_whose_first_line_is_empty_counts_as_empty(lab: StyleFolder) -> None:
    (lab.folder / "b.txt").write_text("\na fox")

    assert dataset(lab, "b.png").uncaptioned == ("b.png",)


@pytest.mark.parametrize("name", ["b.png", "b.txt"])
def test_what_went_since_it_was_looked_at_is_not_frozen(lab: StyleFolder, name: str) -> None:
    one = dataset(lab, "b.png", "c.webp", "in_the_bucket.jpg")
    (lab.folder / name).unlink()

    with pytest.raises(NotFoundError, match=f"since this start was checked: {name}. Nothing was sent"):
        frozen(lab.store, one)
    assert not (lab.folder / "datasets").exists()
