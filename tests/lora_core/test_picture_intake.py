"""Pictures and captions get into a style: each whole, under its own name, and never in another's place unasked."""

import errno
import os
import unicodedata
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from lora_core import (
    Incoming,
    IntakeResult,
    NotAllowedError,
    OnConflict,
    Outcome,
    TrainingLab,
    incoming_from,
    picture_folder,
)
from tests.lora_core.picture_files import STYLE, files_of, lab_over, picture, style_folder, zipped

RED, GREEN, BLUE = picture("red"), picture("green"), picture("blue")
SMALL = picture(size=(200, 300))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[TrainingLab]:
    with lab_over(tmp_path) as lab:
        yield lab


def put(lab: TrainingLab, on_conflict: OnConflict = OnConflict.ASK, /, **files: bytes) -> list[IntakeResult]:
    """Files by name, `a_jpg=...` for a.jpg."""
    incoming = [Incoming(name.replace("_", "."), data) for name, data in files.items()]
    return lab.add_images(STYLE, incoming, on_conflict=on_conflict)


def outcomes(results: list[IntakeResult]) -> list[tuple[str, Outcome, str | None]]:
    return [(one.filename, one.outcome, one.stored_as) for one in results]


# -- without conflict


def test_a_picture_and_the_text_of_its_stem_become_picture_and_caption(
    lab: TrainingLab, tmp_path: Path
) -> None:
    results = put(lab, a_jpg=RED, b_jpg=GREEN, a_txt=b"a cat")
    assert outcomes(results) == [("a.jpg", Outcome.ADDED, "a.jpg"), ("b.jpg", Outcome.ADDED, "b.jpg")]
    assert results[0].sentence == "Added, with its caption."
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a cat", "b.jpg": GREEN}


def test_a_small_picture_is_added_with_a_warning(lab: TrainingLab) -> None:
    (result,) = put(lab, a_jpg=SMALL)
    assert (result.outcome, result.has_warning) == (Outcome.ADDED, True)
    assert "200 x 300 pixels" in result.sentence


def test_names_with_spaces_parentheses_and_accents_stay_as_they_are(lab: TrainingLab, tmp_path: Path) -> None:
    names = ["a b (3).jpg", "cafe\u0301.jpg", "日本.jpg"]
    pictures = [picture(colour) for colour in ("red", "green", "blue")]
    lab.add_images(STYLE, [Incoming(name, data) for name, data in zip(names, pictures, strict=True)])
    assert files_of(tmp_path) == dict(zip(names, pictures, strict=True))


def test_a_caption_may_come_later_and_alone(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED)
    (result,) = put(lab, a_txt=b"a cat")
    assert (result.outcome, result.stored_as) == (Outcome.CAPTION_ADDED, "a.jpg")
    assert files_of(tmp_path)["a.txt"] == b"a cat"


def test_a_caption_that_was_there_before_its_picture_is_kept(lab: TrainingLab, tmp_path: Path) -> None:
    (style_folder(tmp_path) / "a.txt").write_bytes(b"a cat")
    (result,) = put(lab, a_jpg=RED)
    assert result.sentence == "Added; a caption of its name was here already."
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a cat"}


@pytest.mark.parametrize("there", [b"a cat\n", b"", b" \n"])
def test_a_caption_takes_the_place_of_an_equal_or_empty_one(
    lab: TrainingLab, tmp_path: Path, there: bytes
) -> None:
    (style_folder(tmp_path) / "a.txt").write_bytes(there)
    (result,) = put(lab, a_jpg=RED, a_txt=b"a cat")
    assert result.outcome is Outcome.ADDED
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a cat"}


def test_a_caption_that_cannot_be_used_is_refused_and_its_picture_is_taken(
    lab: TrainingLab, tmp_path: Path
) -> None:
    results = put(lab, a_jpg=RED, a_txt=b"a\0cat")
    assert [one.outcome for one in results] == [Outcome.ADDED, Outcome.REFUSED]
    assert files_of(tmp_path) == {"a.jpg": RED}


def test_captions_in_a_folder_of_their_own_find_their_pictures(lab: TrainingLab, tmp_path: Path) -> None:
    archive = zipped(
        {"images/a.jpg": RED, "images/b.jpg": GREEN, "captions/a.txt": "a", "captions/B.txt": "b"}
    )
    results = lab.add_images(STYLE, [Incoming("set.zip", BytesIO(archive))])
    assert outcomes(results) == [
        ("images/a.jpg", Outcome.ADDED, "a.jpg"),
        ("images/b.jpg", Outcome.ADDED, "b.jpg"),
    ]
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a", "b.jpg": GREEN, "b.txt": b"b"}


def test_a_text_that_could_belong_to_two_pictures_belongs_to_none(lab: TrainingLab, tmp_path: Path) -> None:
    archive = zipped({"x/a.jpg": RED, "y/a.jpg": GREEN, "captions/a.txt": "a cat"})
    results = lab.add_images(STYLE, [Incoming("set.zip", archive)])
    (refused,) = [one for one in results if one.outcome is Outcome.REFUSED]
    assert (refused.filename, "whose caption" in refused.sentence) == ("captions/a.txt", True)
    assert files_of(tmp_path) == {"a.jpg": RED}


def test_a_folder_is_taken_with_what_is_below_it(lab: TrainingLab, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "more").mkdir(parents=True)
    (source / "a.jpg").write_bytes(RED)
    (source / "more" / "b.jpg").write_bytes(GREEN)
    (source / ".DS_Store").write_bytes(b"x")
    (source / "link.jpg").symlink_to("/etc/hostname")
    results = lab.add_images(STYLE, incoming_from(source))
    assert sorted(outcomes(results)) == [
        ("a.jpg", Outcome.ADDED, "a.jpg"),
        ("more/b.jpg", Outcome.ADDED, "b.jpg"),
    ]


def test_the_picture_is_there_with_size_caption_and_thumbnail(lab: TrainingLab) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (image,) = lab.images(STYLE)
    assert (image.filename, image.width, image.height, image.caption) == ("a.jpg", 300, 280, "a cat")
    assert lab.thumbnail(STYLE, "a.jpg")


# -- the same again


def test_the_same_picture_again_is_told_with_the_name_it_has(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED)
    for how in OnConflict:
        results = put(lab, how, b_jpg=RED, a_jpg=RED)
        assert outcomes(results) == [
            ("b.jpg", Outcome.ALREADY_THERE, "a.jpg"),
            ("a.jpg", Outcome.ALREADY_THERE, "a.jpg"),
        ]
        assert results[0].sentence == "The same picture is here already, as a.jpg."
    assert files_of(tmp_path) == {"a.jpg": RED}


def test_the_same_upload_again_changes_nothing(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    before = {path: path.stat().st_mtime_ns for path in style_folder(tmp_path).iterdir()}
    results = put(lab, a_jpg=RED, a_txt=b"a cat")
    assert [one.outcome for one in results] == [Outcome.ALREADY_THERE, Outcome.ALREADY_THERE]
    assert {path: path.stat().st_mtime_ns for path in style_folder(tmp_path).iterdir()} == before


def test_the_caption_of_a_picture_that_is_there_is_added_to_it(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED)
    results = put(lab, other_jpg=RED, other_txt=b"a cat")
    assert [one.outcome for one in results] == [Outcome.ALREADY_THERE, Outcome.CAPTION_ADDED]
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a cat"}


# -- a name that is taken


@pytest.mark.parametrize("name", ["a.jpg", "A.jpg", "a.JPG"])
def test_a_name_that_is_taken_is_asked_about_and_nothing_is_written(
    lab: TrainingLab, tmp_path: Path, name: str
) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    before = files_of(tmp_path)
    results = lab.add_images(STYLE, [Incoming(name, GREEN), Incoming("a.txt", b"a dog")])
    assert outcomes(results) == [(name, Outcome.CONFLICT, "a.jpg")]
    assert files_of(tmp_path) == before


def test_names_that_differ_in_composition_only_are_one(lab: TrainingLab) -> None:
    composed = "caf\u00e9.jpg"
    lab.add_images(STYLE, [Incoming(composed, RED)])
    (result,) = lab.add_images(STYLE, [Incoming(unicodedata.normalize("NFD", composed), GREEN)])
    assert (result.outcome, result.stored_as) == (Outcome.CONFLICT, composed)


def test_keeping_both_gives_the_new_one_a_free_name_and_its_caption_goes_along(
    lab: TrainingLab, tmp_path: Path
) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (result,) = put(lab, OnConflict.KEEP_BOTH, a_jpg=GREEN, a_txt=b"a dog")
    assert outcomes([result]) == [("a.jpg", Outcome.KEPT_BOTH, "a (2).jpg")]
    assert files_of(tmp_path) == {
        "a.jpg": RED,
        "a.txt": b"a cat",
        "a (2).jpg": GREEN,
        "a (2).txt": b"a dog",
    }


def test_replacing_keeps_the_name_that_is_there(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    results = lab.add_images(
        STYLE, [Incoming("A.JPG", GREEN), Incoming("A.TXT", b"a dog")], on_conflict=OnConflict.REPLACE
    )
    assert outcomes(results) == [("A.JPG", Outcome.REPLACED, "a.jpg")]
    assert files_of(tmp_path) == {"a.jpg": GREEN, "a.txt": b"a dog"}


def test_a_picture_that_is_replaced_without_a_caption_keeps_its_own(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (result,) = put(lab, OnConflict.REPLACE, a_jpg=GREEN)
    assert result.sentence == "a.jpg was replaced; a.txt stays its caption."
    assert files_of(tmp_path) == {"a.jpg": GREEN, "a.txt": b"a cat"}


def test_skipping_leaves_all_as_it_is(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (result,) = put(lab, OnConflict.SKIP, a_jpg=GREEN, a_txt=b"a dog")
    assert (result.outcome, result.sentence) == (Outcome.SKIPPED, "Skipped: a.jpg stays as it is.")
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"a cat"}


def test_a_file_that_was_protected_is_not_replaced(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lab, a_jpg=RED)
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs this may be allowed everything
    (result,) = put(lab, OnConflict.REPLACE, a_jpg=GREEN)
    assert (result.outcome, "protected" in result.sentence) == (Outcome.REFUSED, True)
    assert files_of(tmp_path) == {"a.jpg": RED}


@pytest.mark.parametrize("how", [OnConflict.KEEP_BOTH, OnConflict.REPLACE])
def test_two_pictures_that_would_share_a_caption_are_both_kept(
    lab: TrainingLab, tmp_path: Path, how: OnConflict
) -> None:
    png = picture("green", kind="PNG")
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (asked,) = put(lab, a_png=png)
    assert "both would have one caption, a.txt" in asked.sentence
    (result,) = put(lab, how, a_png=png, a_txt=b"a dog")
    assert (result.outcome, result.stored_as) == (Outcome.KEPT_BOTH, "a (2).png")
    assert files_of(tmp_path) == {
        "a.jpg": RED,
        "a.txt": b"a cat",
        "a (2).png": png,
        "a (2).txt": b"a dog",
    }


def test_another_caption_that_waits_for_the_picture_is_not_overwritten_unasked(
    lab: TrainingLab, tmp_path: Path
) -> None:
    (style_folder(tmp_path) / "a.txt").write_bytes(b"a cat")
    (asked,) = put(lab, a_jpg=RED, a_txt=b"a dog")
    assert (asked.outcome, asked.stored_as) == (Outcome.CONFLICT, "a.txt")
    assert files_of(tmp_path) == {"a.txt": b"a cat"}
    (kept,) = put(lab, OnConflict.KEEP_BOTH, a_jpg=RED, a_txt=b"a dog")
    assert kept.stored_as == "a (2).jpg"
    put(lab, OnConflict.REPLACE, a_jpg=GREEN, a_txt=b"a dog")
    assert files_of(tmp_path) == {
        "a.jpg": GREEN,
        "a.txt": b"a dog",
        "a (2).jpg": RED,
        "a (2).txt": b"a dog",
    }


@pytest.mark.parametrize(
    ("how", "outcome", "text"),
    [
        (OnConflict.ASK, Outcome.CONFLICT, b"a cat"),
        (OnConflict.REPLACE, Outcome.REPLACED, b"a dog"),
        (OnConflict.SKIP, Outcome.SKIPPED, b"a cat"),
        (OnConflict.KEEP_BOTH, Outcome.SKIPPED, b"a cat"),
    ],
)
def test_another_caption_for_a_picture_is_asked_about(
    lab: TrainingLab, tmp_path: Path, how: OnConflict, outcome: Outcome, text: bytes
) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (result,) = put(lab, how, a_txt=b"a dog")
    assert (result.outcome, result.stored_as) == (outcome, "a.jpg")
    assert files_of(tmp_path)["a.txt"] == text


def test_an_empty_text_takes_no_caption_away(lab: TrainingLab, tmp_path: Path) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    (result,) = put(lab, OnConflict.REPLACE, a_txt=b"\n")
    assert result.outcome is Outcome.SKIPPED
    assert files_of(tmp_path)["a.txt"] == b"a cat"


# -- two files of one upload


def test_two_files_of_one_upload_with_one_name_do_not_replace_each_other(
    lab: TrainingLab, tmp_path: Path
) -> None:
    archive = zipped({"x/a.jpg": RED, "x/a.txt": "x", "y/a.jpg": GREEN, "y/a.txt": "y"})
    results = lab.add_images(STYLE, [Incoming("set.zip", archive)], on_conflict=OnConflict.REPLACE)
    assert outcomes(results) == [
        ("x/a.jpg", Outcome.ADDED, "a.jpg"),
        ("y/a.jpg", Outcome.CONFLICT, "a.jpg"),
    ]
    assert files_of(tmp_path) == {"a.jpg": RED, "a.txt": b"x"}


def test_a_picture_that_was_found_to_be_there_is_not_replaced_by_another_of_its_upload(
    lab: TrainingLab, tmp_path: Path
) -> None:
    put(lab, b_jpg=RED)
    results = put(lab, OnConflict.REPLACE, a_jpg=RED, b_jpg=GREEN)
    assert [one.outcome for one in results] == [Outcome.ALREADY_THERE, Outcome.CONFLICT]
    assert files_of(tmp_path) == {"b.jpg": RED}


# -- a disk, and a neighbour, that make trouble


@pytest.mark.parametrize(
    "files", [{"a.jpg": GREEN, "a.txt": b"a dog"}, {"b.jpg": GREEN}, {"a.txt": b"a dog"}]
)
def test_a_disk_that_is_full_leaves_all_as_it_was(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]
) -> None:
    put(lab, a_jpg=RED, a_txt=b"a cat")
    before = files_of(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    incoming = [Incoming(name, data) for name, data in files.items()]
    (result,) = lab.add_images(STYLE, incoming, on_conflict=OnConflict.REPLACE)
    assert result.outcome is Outcome.REFUSED
    assert "its disk is full" in result.sentence
    assert files_of(tmp_path) == before


def test_a_disk_that_does_not_confirm_is_told_of(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(picture_folder, "fsync_folder", broken)
    (result,) = put(lab, a_jpg=RED)
    assert "did not confirm" in result.sentence
    assert files_of(tmp_path) == {"a.jpg": RED}


def test_a_name_that_somebody_uses_at_this_very_moment_is_left_to_him(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def overtaken(source: Path, target: Path) -> None:
        if not target.exists():
            target.write_bytes(BLUE)
        link(source, target)

    monkeypatch.setattr(os, "link", overtaken)
    (result,) = put(lab, a_jpg=RED)
    assert (result.outcome, result.stored_as) == (Outcome.CONFLICT, "a.jpg")
    assert files_of(tmp_path) == {"a.jpg": BLUE}


def test_a_disk_without_hard_links_takes_pictures_too(
    lab: TrainingLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", none)
    put(lab, a_jpg=RED, a_txt=b"a cat")
    put(lab, OnConflict.REPLACE, a_jpg=GREEN, a_txt=b"a dog")
    assert files_of(tmp_path) == {"a.jpg": GREEN, "a.txt": b"a dog"}


# -- where it goes


def test_into_two_folders_of_one_id_nothing_is_put(lab: TrainingLab, tmp_path: Path) -> None:
    (tmp_path / "styles" / "1_other").mkdir()
    with pytest.raises(NotAllowedError, match="Two folders have the id 1"):
        put(lab, a_jpg=RED)
    (result,) = lab.add_images("1_other", [Incoming("a.jpg", RED)])
    assert result.outcome is Outcome.ADDED
    assert (tmp_path / "styles" / "1_other" / "a.jpg").read_bytes() == RED
