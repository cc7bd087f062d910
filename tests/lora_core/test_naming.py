"""Names of versions and of their models."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.naming import (
    continued,
    is_taken,
    model_name,
    name_problem,
    next_version_name,
    normalized,
    slug,
    suggested_name,
)

names = st.text(min_size=1, max_size=80)
series = st.from_regex(r"[A-Za-z_ -]{0,70}[0-9]{0,10}", fullmatch=True)


def test_a_name_is_stored_composed_and_without_space_around() -> None:
    assert normalized("  Gro\u0308ße\n") == "Größe"


@pytest.mark.parametrize("name", ["V1", "Test with low LR", "größer 2", "水墨", "🔥 hot", "a" * 80, "V1 (2)"])
def test_ordinary_names_are_accepted(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("\u200b", "empty"),
        ("a" * 81, "81 characters"),
        ("a\nb", "line break"),
        ("a\x00b", "control"),
        ("a\u2028b", "line break"),
        ("V\u202e1", "control"),
        ("half \ud800", "control"),
    ],
)
def test_a_name_that_cannot_be_is_explained(name: str, words: str) -> None:
    assert words in (name_problem(name) or "")


@pytest.mark.parametrize(
    ("name", "taken", "answer"),
    [
        ("v1", {"V1"}, True),
        ("STRASSE", {"straße"}, True),
        ("Gro\u0308ße", {"Größe"}, True),
        (" V1", {"V1"}, True),
        ("V1", {"V10"}, False),
    ],
)
def test_names_are_unique_without_regard_to_case(name: str, taken: set[str], answer: bool) -> None:
    assert is_taken(name, taken) is answer


@pytest.mark.parametrize(
    ("taken", "answer"),
    [
        ([], "V1"),
        (["V1", "V2"], "V3"),
        (["v7", "V3"], "V8"),
        (["V007"], "V8"),
        (["V1", "test_9"], "V2"),
        (["style_1_vV7.safetensors"], "V8"),
        (["V1.5", "VV2"], "V1"),
        (["V" + "9" * 79], "V1"),
        (["V999999999", "V1000000000"], "V1000000001"),
    ],
)
def test_the_next_version_comes_after_the_highest_number(taken: list[str], answer: str) -> None:
    assert next_version_name(taken) == answer


@pytest.mark.parametrize(
    ("name", "taken", "answer"),
    [
        ("test_001", [], "test_002"),
        ("lr_0001", [], "lr_0002"),
        ("curated_v1", [], "curated_v2"),
        ("V9", [], "V10"),
        ("run 099", [], "run 100"),
        ("test_001", ["TEST_002"], "test_003"),
        ("warm", [], "warm_2"),
        ("warm", ["warm_2", "Warm_3"], "warm_4"),
        ("", ["V1"], "V2"),
        ("a" * 80, [], "a" * 78 + "_2"),
    ],
)
def test_a_series_is_continued(name: str, taken: list[str], answer: str) -> None:
    assert continued(name, taken) == answer


@given(series | names, st.lists(series | names, max_size=8))
def test_a_continued_name_is_free_and_fits(name: str, taken: list[str]) -> None:
    answer = continued(name, taken)
    assert not is_taken(answer, taken)
    assert len(answer) <= 80


@pytest.mark.parametrize(
    ("taken", "based_on", "answer"),
    [
        (["V1", "V5"], None, "V6"),
        (["V1", "V5"], "V1", "V6"),
        (["V1", "test_1"], "test_1", "test_2"),
        (["V1", "mood"], "mood", "mood_2"),
        (["style_1_vV7.safetensors"], "style_1_vV7.safetensors", "V8"),
    ],
)
def test_the_suggested_name_follows_the_version_it_starts_from(
    taken: list[str], based_on: str | None, answer: str
) -> None:
    assert suggested_name(taken, based_on) == answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("V1", "V1"),
        ("curated v1", "curated_v1"),
        ("Café № 2", "Cafe_No_2"),
        ("../../etc", "_.._etc"),
        (".hidden", "hidden"),
        ("low LR (0.0001)", "low_LR_0.0001_"),
        ("x" * 80, "x" * 60),
    ],
)
def test_a_slug_stays_legible(name: str, answer: str) -> None:
    assert slug(name) == answer


def test_names_without_a_latin_letter_get_a_slug_of_their_own() -> None:
    assert slug("水墨") == slug("水墨") != slug("水彩")


@given(st.text(max_size=100))
def test_a_slug_is_safe_in_a_file_name(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}", slug(name))
    assert slug(slug(name)) == slug(name)


@pytest.mark.parametrize(
    ("name", "taken", "answer"),
    [
        ("V1", [], "style_16_vV1"),
        ("V1", ["style_16_vV1"], "style_16_vV1-2"),
        ("V1", ["STYLE_16_Vv1.safetensors", "style_16_vV1-2"], "style_16_vV1-3"),
        ("x" * 80, ["style_16_v" + "x" * 60], "style_16_v" + "x" * 58 + "-2"),
    ],
)
def test_a_models_name_is_its_own(name: str, taken: list[str], answer: str) -> None:
    assert model_name("16", name, taken) == answer


@given(st.lists(names, max_size=6))
def test_models_never_share_a_name(chosen: list[str]) -> None:
    models: list[str] = []
    for name in chosen:
        models.append(model_name("16", name, models))
    assert len({model.casefold() for model in models}) == len(chosen)
