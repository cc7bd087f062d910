"""Captions on the disk: planned, changed where they are still as planned, and changed back to the byte."""

import errno
import os
from pathlib import Path

import pytest

from lora_core import caption_changes as module
from lora_core.caption_changes import CaptionChanges
from lora_core.caption_edits import CaptionEdit, FillEmpty, RemoveWord, Replace, TriggerAtEnd
from lora_core.errors import NotFoundError, StoreUnavailableError
from lora_core.picture_folder import PictureFolder
from tests.lora_core.storage import StyleFolder, tree

NAMES = ("a (1).jpg", "b.png", "c.webp", "d.jpeg")


@pytest.fixture
def lab(tmp_path: Path) -> StyleFolder:
    lab = StyleFolder(tmp_path / "root")
    for name in NAMES:
        (lab.folder / name).write_bytes(b"picture")
    (lab.folder / "a (1).txt").write_bytes(b"a fox\r\n")
    (lab.folder / "b.txt").write_bytes("\ufeffa fox, größe".encode())
    (lab.folder / "c.txt").write_bytes(b"a fox, gr\xf6\xdfe")  # as an old Windows editor writes it
    return lab


@pytest.fixture
def captions(lab: StyleFolder) -> CaptionChanges:
    return CaptionChanges(lab.styles)


def texts(lab: StyleFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in lab.folder.glob("*.txt")}


def test_a_plan_shows_each_caption_before_and_after_and_writes_nothing(
    lab: StyleFolder, captions: CaptionChanges
) -> None:
    before = tree(lab.root)

    plan = captions.plan(lab.style, [*NAMES, "gone.jpg", "b.png"], TriggerAtEnd())

    assert [(one.filename, one.before, one.after) for one in plan.changes] == [
        ("a (1).jpg", "a fox", "a fox, SBai_style_7"),
        ("b.png", "a fox, größe", "a fox, größe, SBai_style_7"),
        ("c.webp", "a fox, größe", "a fox, größe, SBai_style_7"),
    ]
    assert tree(lab.root) == before


def test_an_applied_plan_is_undone_to_the_byte(lab: StyleFolder, captions: CaptionChanges) -> None:
    before = texts(lab)

    undo = captions.apply(captions.plan(lab.style, NAMES, Replace("fox", "wolf")))

    assert texts(lab) == {
        "a (1).txt": b"a wolf\n",
        "b.txt": "a wolf, größe\n".encode(),
        "c.txt": "a wolf, größe\n".encode(),
    }
    assert undo.left_alone == ()
    redo = captions.apply(undo)
    assert texts(lab) == before
    captions.apply(redo)
    assert texts(lab)["a (1).txt"] == b"a wolf\n"


def test_a_caption_that_was_made_is_taken_away_again(lab: StyleFolder, captions: CaptionChanges) -> None:
    undo = captions.apply(captions.plan(lab.style, NAMES, FillEmpty("{name} {number}")))

    assert texts(lab)["d.txt"] == b"d 4\n"
    assert [(one.filename, one.before, one.after) for one in undo.changes] == [("d.jpeg", "d 4", None)]
    captions.apply(undo)
    assert "d.txt" not in texts(lab)


def test_captions_that_are_not_as_planned_any_more_are_left_alone_and_named(
    lab: StyleFolder, captions: CaptionChanges
) -> None:
    plan = captions.plan(lab.style, NAMES, TriggerAtEnd())
    filled = captions.plan(lab.style, NAMES, FillEmpty("x"))
    (lab.folder / "b.txt").write_text("somebody else's")
    (lab.folder / "c.txt").unlink()
    (lab.folder / "d.txt").write_text("")

    undo = captions.apply(plan)

    assert undo.left_alone == ("b.png", "c.webp")
    assert texts(lab) == {"a (1).txt": b"a fox, SBai_style_7\n", "b.txt": b"somebody else's", "d.txt": b""}
    assert captions.apply(filled).left_alone == ("d.jpeg",)
    (lab.folder / "a (1).txt").write_text("edited since")
    assert captions.apply(undo).left_alone == ("a (1).jpg",)
    assert texts(lab)["a (1).txt"] == b"edited since"


@pytest.mark.parametrize("edit", [RemoveWord("owl"), Replace("owl", "x"), FillEmpty("")])
def test_an_edit_that_changes_nothing_is_an_empty_plan(
    lab: StyleFolder, captions: CaptionChanges, edit: CaptionEdit
) -> None:
    plan = captions.plan(lab.style, NAMES, edit)
    before = tree(lab.root)

    assert plan.is_empty
    assert captions.apply(plan).is_empty
    assert tree(lab.root) == before


def test_two_pictures_that_share_a_caption_file_change_it_once(
    lab: StyleFolder, captions: CaptionChanges
) -> None:
    (lab.folder / "b.jpg").write_bytes(b"picture")

    plan = captions.plan(lab.style, ["b.jpg", "b.png"], TriggerAtEnd())

    assert [one.filename for one in plan.changes] == ["b.jpg"]
    assert captions.apply(plan).left_alone == ()


def test_a_caption_is_written_as_one_line_of_utf_8(lab: StyleFolder, captions: CaptionChanges) -> None:
    undo = captions.write(lab.style, "d.jpeg", " ein Fuchs,\n weiß \ud83d")

    assert texts(lab)["d.txt"] == "ein Fuchs, weiß ?\n".encode()
    assert lab.styles.captions.text(lab.folder / "d.txt") == "ein Fuchs, weiß ?"
    captions.apply(undo)
    assert "d.txt" not in texts(lab)


def test_a_caption_that_stays_as_it_is_is_not_written(lab: StyleFolder, captions: CaptionChanges) -> None:
    before = tree(lab.folder)

    assert captions.write(lab.style, "a (1).jpg", "a fox").is_empty
    assert tree(lab.folder) == before


@pytest.mark.parametrize("name", ["gone.jpg", "../a.jpg", "a (1).txt", "", "/etc/passwd"])
def test_a_picture_that_is_not_there_gets_no_caption(
    lab: StyleFolder, captions: CaptionChanges, name: str
) -> None:
    before = tree(lab.root)

    with pytest.raises(NotFoundError, match="its caption was not written"):
        captions.write(lab.style, name, "x")
    assert captions.plan(lab.style, [name], FillEmpty("x")).is_empty
    assert tree(lab.root) == before


def test_a_disk_that_fills_up_leaves_whole_captions_and_says_how_many(
    lab: StyleFolder, captions: CaptionChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, plan = texts(lab), captions.plan(lab.style, NAMES, TriggerAtEnd())
    really = module.new_beside

    def refuse(path: Path, data: bytes) -> object:
        if path.name == "b.txt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(path, data)

    monkeypatch.setattr(module, "new_beside", refuse)

    undo = captions.apply(plan)

    assert "disk is full" in (undo.problem or "")
    assert "1 of 3 captions were changed." in (undo.problem or "")
    assert undo.left_alone == ("b.png", "c.webp")
    assert texts(lab) == before | {"a (1).txt": b"a fox, SBai_style_7\n"}
    with pytest.raises(StoreUnavailableError, match="disk is full"):
        captions.write(lab.style, "b.png", "x")
    assert {path.name for path in lab.folder.iterdir()} == {*NAMES, *before}
    monkeypatch.undo()
    captions.apply(undo)
    assert texts(lab) == before


def test_a_text_below_an_empty_first_line_is_written_where_it_is_read(
    lab: StyleFolder, captions: CaptionChanges
) -> None:
    (lab.folder / "b.txt").write_text("\na fox")

    captions.write(lab.style, "b.png", "a fox")

    assert texts(lab)["b.txt"] == b"a fox\n"


def test_a_caption_that_is_a_link_stays_one(lab: StyleFolder, captions: CaptionChanges) -> None:
    shared = lab.root / "shared.txt"
    (lab.folder / "b.txt").rename(shared)
    (lab.folder / "b.txt").symlink_to(shared)

    undo = captions.write(lab.style, "b.png", "an owl")

    assert (lab.folder / "b.txt").is_symlink()
    assert shared.read_bytes() == b"an owl\n"
    captions.apply(undo)
    assert shared.read_bytes() == "\ufeffa fox, größe".encode()
    PictureFolder(lab.folder).put_caption("b.png", b"a hen", is_replacing=True)
    assert (lab.folder / "b.txt").is_symlink()
    assert shared.read_bytes() == b"a hen"


def test_what_a_killed_edit_left_is_swept_and_nothing_else(lab: StyleFolder) -> None:
    left = lab.folder / f".a (1).txt.{'0a' * 16}.tmp"
    others = [lab.folder / f".style.json.{'0a' * 16}.tmp", lab.folder / ".notes.txt.tmp"]
    for path in (left, *others):
        path.write_bytes(b"half")

    PictureFolder(lab.folder).sweep()

    assert not left.exists()
    assert all(path.exists() for path in others)
