"""Names of pictures: which are taken, when two are one, and what is free."""

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.picture_names import (
    MAX_NAME_BYTES,
    free_name,
    in_natural_order,
    is_junk,
    name_problem,
    path_parts,
    path_problem,
    same,
    stem,
)

STEMS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=300)
NAMES = STEMS.map(lambda text: f"{text}.jpg")
COMPOSED, DECOMPOSED = "caf\u00e9.jpg", "cafe\u0301.jpg"


@pytest.mark.parametrize(
    "name",
    [
        "image_001.jpg",
        "a b (3).jpg",
        "Screenshot 10:11:12.png",
        COMPOSED,
        DECOMPOSED,
        "日本語の絵.webp",
        "archive.tar.gz.png",
        "photo..jpg",
        "x" * 196 + ".jpg",
        "console.jpg",
        "-rf.jpg",
        "%2e%2e.jpg",
        "$(whoami) & 'co'.png",
    ],
)
def test_names_of_real_pictures_stay_as_they_are(name: str) -> None:
    assert name_problem(name) is None
    assert path_problem(name) is None
    assert path_parts(name) == (name,)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a#1.jpg", "# or ?"),
        ("what?.jpg", "# or ?"),
        (".hidden.jpg", "begins with a dot"),
        (".jpg", "begins with a dot"),
        ("a\nb.jpg", "line break"),
        ("a\x00.jpg", "control character"),
        ("a\x1b[2J.jpg", "control character"),
        ("gpj.\u202eexe.jpg", "turns text around"),
        ("a\u2028b.jpg", "line break"),
        ("\ud800.jpg", "control character"),
        ("CON.jpg", "reserved by Windows"),
        ("nul.txt", "reserved by Windows"),
        ("Lpt1.tar.png", "reserved by Windows"),
        (" a.jpg", "space"),
        ("x" * 197 + ".jpg", "too long"),
        ("é" * 70 + ".jpg", "too long"),  # 144 bytes, but 214 as macOS stores it
    ],
)
def test_a_name_that_makes_trouble_later_is_refused_with_what_to_do(name: str, told: str) -> None:
    problem = name_problem(name)
    assert problem is not None
    assert told in problem
    assert "then upload it again." in problem


@pytest.mark.parametrize(
    "path",
    ["../a.jpg", "x/../../a.jpg", "/etc/a.jpg", "\\\\host\\a.jpg", "C:\\a.jpg", "c:/a.jpg", "x\\..\\a.jpg"],
)
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    assert path_problem(path)


@pytest.mark.parametrize("path", ["x/a.jpg", "x\\y\\a.jpg", "./a.jpg", "x//a.jpg", "a..b/c.jpg"])
def test_of_a_path_within_the_upload_the_name_counts(path: str) -> None:
    assert path_problem(path) is None
    assert path_parts(path)[-1] in ("a.jpg", "c.jpg")


@pytest.mark.parametrize(
    "path",
    ["__MACOSX/x/._a.jpg", "._a.jpg", "x/.DS_Store", "Thumbs.db", "x/desktop.ini", "__MACOSX/a.jpg", "", "/"],
)
def test_what_systems_strew_about_is_passed_over(path: str) -> None:
    assert is_junk(path)


def test_case_and_composition_make_no_other_file() -> None:
    assert same(COMPOSED) == same(DECOMPOSED) == same("CAFÉ.JPG")
    assert same("straße.jpg") == same("STRASSE.jpg")
    assert same("a.jpg") != same("b.jpg")


@given(STEMS)
def test_what_is_the_same_is_so_however_it_is_written(text: str) -> None:
    key = same(text)
    assert same(key) == key
    for form in ("NFC", "NFD"):
        assert same(unicodedata.normalize(form, text)) == key


def test_a_free_name_counts_on_and_leaves_captions_alone() -> None:
    assert free_name("a.jpg", ["a.jpg"]) == "a (2).jpg"
    assert free_name("a.jpg", ["a.jpg", "A (2).JPG"]) == "a (3).jpg"
    assert free_name("a.jpg", ["a.jpg", "a (2).txt"]) == "a (3).jpg"
    assert free_name("a.jpg", ["a.png", "a (2).webp"]) == "a (3).jpg"


@given(NAMES, st.lists(NAMES, max_size=5), st.integers(0, 3))
def test_a_free_name_is_free_fits_and_keeps_the_suffix(name: str, others: list[str], times: int) -> None:
    taken = [name, *others]
    for _ in range(times):
        taken.append(free_name(name, taken))
    free = free_name(name, taken)
    assert same(stem(free)) not in {same(stem(other)) for other in taken}
    assert PurePosixPath(free).suffix == PurePosixPath(name).suffix
    assert len(free.encode()) <= MAX_NAME_BYTES


@given(st.text(max_size=60))
def test_any_text_has_an_answer_and_an_accepted_one_is_a_plain_file_name(text: str) -> None:
    parts = path_parts(text)
    if is_junk(text) or path_problem(text) or name_problem(parts[-1]):
        return
    name = parts[-1]
    assert PurePosixPath(name).name == name
    assert "/" not in name and "\\" not in name and "\0" not in name
    assert len(name.encode()) <= MAX_NAME_BYTES


def test_pictures_are_listed_as_people_count() -> None:
    names = ["image_10.jpg", "Image_2.jpg", "image_1.jpg", "b.jpg", "7.jpg", "image_01.jpg"]
    assert in_natural_order(names, lambda name: name) == [
        "7.jpg",
        "b.jpg",
        "image_01.jpg",
        "image_1.jpg",
        "Image_2.jpg",
        "image_10.jpg",
    ]
