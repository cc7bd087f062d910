"""Bad files: each gets a clear sentence and leaves nothing behind, and the good one beside it is taken."""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lora_core import Incoming, IntakeResult, Outcome, TrainingLab
from tests.lora_core.picture_files import (
    STYLE,
    animation,
    files_of,
    lab_over,
    noisy,
    picture,
    png_of,
    zipped,
)

GOOD = picture("blue", (400, 300))


@dataclass(frozen=True)
class Bad:
    """A file that must not get in."""

    what: str
    filename: str
    data: bytes = field(repr=False)
    told: str
    """A part of the sentence."""

    def __str__(self) -> str:
        return self.what


def in_zip(what: str, path: str, told: str, content: bytes = GOOD, kind: int = zipfile.ZIP_DEFLATED) -> Bad:
    return Bad(f"in a ZIP, {what}", "a.zip", zipped({path: content}, kind), told)


JPEG, PNG, WEBP = noisy(), noisy(kind="PNG"), noisy(kind="WEBP")
BAD = (
    Bad("an empty file", "a.jpg", b"", "empty"),
    Bad("text", "a.jpg", b"not a picture at all", "no picture"),
    Bad("zeros", "a.png", bytes(5000), "no picture"),
    Bad("a JPEG cut off in the middle", "a.jpg", JPEG[: len(JPEG) // 2], "cut off or damaged"),
    Bad("a JPEG cut off near its end", "a.jpg", JPEG[:-400], "cut off or damaged"),
    Bad("a PNG cut off", "a.png", PNG[: len(PNG) // 2], "cut off or damaged"),
    Bad("a WebP cut off", "a.webp", WEBP[: len(WEBP) // 2], "cannot be read"),
    Bad("a JPEG's beginning alone", "a.jpg", b"\xff\xd8\xff\xe0" + b"\xff" * 100, "cannot be read"),
    Bad("a PNG without its pixels", "a.png", png_of(400, 300), "cut off or damaged"),
    Bad("a PNG with a wrong checksum", "a.png", PNG.replace(b"IHDR", b"IHDX"), "cannot be read"),
    Bad("a bomb of pixels", "a.png", png_of(40_000, 40_000), "at most 50 million"),
    Bad("a PNG of no size", "a.png", png_of(0, 300), "cannot be read"),
    Bad("a GIF called JPEG", "a.jpg", b"GIF89a" + bytes(100), "It is a GIF"),
    Bad("an SVG called PNG", "a.png", b"\n<svg xmlns='x' onload='alert(1)'/>", "HTML, SVG"),
    Bad("a web page called JPEG", "a.jpg", b"<!DOCTYPE html><title>404</title>", "HTML, SVG"),
    Bad("a script called WebP", "a.webp", b"#!/bin/sh\nrm -rf /\n", "no picture"),
    Bad("a HEIC called JPEG", "a.jpg", b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
    Bad("a TIFF called PNG", "a.png", b"II*\0" + bytes(100), "TIFF"),
    Bad("a ZIP called JPEG", "a.jpg", zipped({"b.jpg": GOOD}), "It is a ZIP"),
    Bad("an animated PNG", "a.png", animation("PNG"), "animation of 2"),
    Bad("an animated WebP", "a.webp", animation("WEBP"), "animation of 2"),
    Bad("16 bits of grey", "a.png", picture(40_000, mode="I;16", kind="PNG"), "16 bits"),
    Bad("a GIF", "a.gif", b"GIF89a" + bytes(100), "neither a picture"),
    Bad("a program", "a.exe", b"MZ", "neither a picture"),
    Bad("a list of sets", "selection_sets.json", b'{"sets":[]}', "import its folder"),
    Bad("a path to elsewhere", "../../a.jpg", GOOD, "leads out"),
    Bad("an absolute path", "/etc/a.jpg", GOOD, "leads out"),
    Bad("a path with a drive", "C:\\Windows\\a.jpg", GOOD, "leads out"),
    Bad("a hidden name", ".htaccess.jpg", GOOD, "begins with a dot"),
    Bad("a name with #", "a#b.jpg", GOOD, "# or ?"),
    Bad("a name with a line break", "a\nb.jpg", GOOD, "line break"),
    Bad("a name that turns around", "a\u202egpj.jpg", GOOD, "turns text around"),
    Bad("a name of Windows's own", "NUL.jpg", GOOD, "reserved"),
    Bad("a name that is too long", "x" * 300 + ".jpg", GOOD, "too long"),
    Bad("a caption without its picture", "alone.txt", b"a cat", "no picture called alone"),
    Bad("a picture called text", "good.txt", picture(kind="PNG"), "zero bytes"),
    Bad("a caption of a megabyte", "good.txt", b"x" * 10**6, "no caption"),
    Bad("a ZIP that is none", "a.zip", b"PK\3\4 and no more", "no ZIP"),
    Bad("a ZIP cut off", "a.zip", zipped({"b.jpg": GOOD})[:-40], "no ZIP"),
    Bad("an empty ZIP", "a.zip", zipped({}), "holds no files"),
    in_zip("a path to elsewhere", "../../a.jpg", "leads out"),
    in_zip("an absolute path", "/etc/a.jpg", "leads out"),
    in_zip("another ZIP", "b.zip", "ZIP within the ZIP", zipped({"c.jpg": GOOD})),
    in_zip("a bomb", "a.jpg", "100 times smaller", bytes(40 * 1024**2)),
    in_zip("bzip2", "a.jpg", "unusual way", GOOD, zipfile.ZIP_BZIP2),
    in_zip("a cut picture", "x/a.jpg", "cut off or damaged", JPEG[:-400]),
    Bad(
        "in a ZIP, a zero byte in the name",
        "a.zip",
        zipped({"a.jpgX.jpg": GOOD}).replace(b"a.jpgX.jpg", b"a.jpg\0.jpg"),
        "control character",
    ),
    Bad(
        "in a ZIP, a lying size",
        "a.zip",
        zipped({"a.jpg": GOOD}).replace(struct.pack("<I", len(GOOD)), struct.pack("<I", 7)),
        "damaged",
    ),
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[TrainingLab]:
    with lab_over(tmp_path) as lab:
        yield lab


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_in_a_sentence_and_leaves_nothing_behind(
    lab: TrainingLab, tmp_path: Path, bad: Bad
) -> None:
    around = sorted(tmp_path.rglob("*"))
    results = lab.add_images(STYLE, [Incoming(bad.filename, bad.data)])
    (result,) = results
    assert result.outcome is Outcome.REFUSED
    assert bad.told in result.sentence
    assert result.sentence.endswith(".")
    assert result.stored_as is None
    assert files_of(tmp_path) == {}
    left = {path for path in tmp_path.rglob("*") if path not in around}
    assert {path.name for path in left} <= {".lora_lab", "locks", "1_ink__pictures", "root_id"}


def test_bad_files_keep_no_good_one_out(lab: TrainingLab, tmp_path: Path) -> None:
    """All of them at once; the text files come with a picture and are refused alone."""
    incoming = [Incoming(bad.filename, bad.data) for bad in BAD]
    results = lab.add_images(STYLE, [*incoming, Incoming("good.jpg", GOOD)])
    taken = [one for one in results if one.outcome is not Outcome.REFUSED]
    assert [one.stored_as for one in taken] == ["good.jpg"]
    assert files_of(tmp_path) == {"good.jpg": GOOD}


def test_a_zip_with_one_bad_file_gives_its_good_ones(lab: TrainingLab, tmp_path: Path) -> None:
    cut = zipped({"x/bad.jpg": JPEG[:-400], "x/good.jpg": GOOD, "x/good.txt": "a cat", "x/bad.txt": "a dog"})
    told: list[IntakeResult] = lab.add_images(STYLE, [Incoming("a.zip", cut)])
    assert [one.outcome for one in told] == [Outcome.REFUSED, Outcome.ADDED]
    assert files_of(tmp_path) == {"good.jpg": GOOD, "good.txt": b"a cat"}
