"""What can be typed to find a version, and which versions it finds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core import PARAMETER_NAMES, TrainingParameters, Version
from lora_core.version_filter import EXAMPLES, Condition, VersionFilter, read_query, searchable

RECORD: dict[str, Any] = {
    "id": "job-7-e1",
    "name": "V7",
    "description": "The *warm* one",
    "timestamp": "2025-10-03T08:00:00.000Z",
    "status": "failed",
    "error": "CUDA out of memory",
    "parameters": TrainingParameters(
        learning_rate=3e-5, network_dim=32, network_alpha=16, optimizer_type="Lion", max_train_steps=2000
    ).model_dump(),
    "selectionSetId": 2,
    "imageCount": 40,
}


def found(text: str, **changes: Any) -> bool:
    """Whether the record, changed so, is among what the text looks for."""
    query = read_query(text)
    assert not query.problems
    raw = {name: value for name, value in {**RECORD, **changes}.items() if value is not None}
    asked = searchable(Version("1", raw), "Flat Landscapes")
    return VersionFilter(words=query.words, conditions=query.conditions).matches(asked)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("", True),
        ("warm", True),
        ("WARM cuda", True),
        ("warm cold", False),
        ('"warm* one"', True),
        ('"one warm"', False),
        ("flat v7 job-7 failed", True),
        ("3e-5", True),
        ("0.00003", True),
        ("lion", True),
        # numbers, in each way to write them
        ("rate=3e-5", True),
        ("rate = 0.00003", True),
        ("LR==3.0E-05", True),
        ("learning_rate=.00003", True),
        ("learning rate=3e-5", True),
        ("rate=3e-4", False),
        ("rate!=3e-4", True),
        ("rate≠3e-5", False),
        ("rate<1e-4", True),
        ("rate<3e-5", False),
        ("rate<=3e-5", True),
        ("steps>=2000", True),
        ("steps≥2000", True),
        ("steps>2000", False),
        ("max train steps=2000", True),
        ("dim<32", False),
        ("rank=32 alpha=16 scale=0.5", True),
        ("batch=2 batch-size=2", True),
        ("warm-up steps=0", True),
        ("set=2 dataset=2", True),
        ("images>40", False),
        ("images>=40 epochs=10 views=100", True),
        # texts
        ("optimizer=Lion", True),
        ("optimizer=lion", True),
        ("optimizer=Lion8bit", False),
        ("optimizer!=adamw", True),
        ("status=failed good=no", True),
        ("good=yes", False),
        ('style="flat landscapes" name=V7', True),
        # together
        ("lion steps>=2000 warm", True),
        ("lion steps>2000 warm", False),
    ],
)
def test_a_search_finds_what_its_words_and_conditions_say(text: str, is_found: bool) -> None:
    assert found(text) is is_found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rate=abc", "rate=abc is left out: abc is not a number. Write for example rate=1e-4."),
        ("steps>many", "steps>many is left out: many is not a number. Write for example steps>20."),
        ("rate=0,0001", "rate=0,0001 is left out: 0,0001 is not a number. Write for example rate=1e-4."),
        ("rate=", "rate= is not complete, and is left out. Write for example rate=1e-4."),
        ("optimizer<Lion", "optimizer<Lion is left out: optimizer is a text"),
        (
            "lerning=1",
            "There is no field lerning, so lerning=1 is looked for as text. Fields: rate, steps, dim",
        ),
    ],
)
def test_a_condition_that_cannot_be_understood_is_told(text: str, sentence: str) -> None:
    query = read_query(f"warm {text}")
    assert [problem[: len(sentence)] for problem in query.problems] == [sentence]
    assert query.conditions == ()
    assert query.words[0] == "warm"


def test_what_is_no_field_is_found_where_it_stands_as_text() -> None:
    query = read_query("a=b")
    asked = searchable(Version("1", {**RECORD, "description": "with a=b"}), "")
    assert VersionFilter(words=query.words).matches(asked)


@pytest.mark.parametrize("name", PARAMETER_NAMES)
def test_each_parameter_is_known_by_the_trainers_name(name: str) -> None:
    value = RECORD["parameters"][name]
    assert value is None or found(f'{name}="{value}"')
    assert read_query(f"{name}=1").conditions[0].field == name


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_understood(example: str) -> None:
    query = read_query(example)
    assert (len(query.conditions), query.words, query.problems) == (1, (), ())


def test_what_is_not_recorded_fulfils_no_condition_but_may_be_asked_for() -> None:
    for text in ("rate=1e-4", "rate!=1e-4", "rate<1", "rate>0", "images<1", "scale=1"):
        assert not found(text, parameters=None, imageCount=None)
    asked = searchable(Version("1", {"id": "x"}), "")
    assert VersionFilter(conditions=(Condition("learning_rate", "=", (1e-4, None)),)).matches(asked)


@pytest.mark.parametrize(
    ("wanted", "is_found"),
    [
        (VersionFilter(), True),
        (VersionFilter(statuses=frozenset({"failed", "draft"})), True),
        (VersionFilter(statuses=frozenset({"completed"})), False),
        (VersionFilter(only_good=True), False),
        (VersionFilter(created_from=datetime(2025, 10, 3, 8, tzinfo=UTC)), True),
        (VersionFilter(created_from=datetime(2025, 10, 3, 8, 1, tzinfo=UTC)), False),
        (VersionFilter(created_before=datetime(2025, 10, 3, 8, tzinfo=UTC)), False),
        (VersionFilter(created_before=datetime(2025, 10, 3, 8, 1, tzinfo=UTC)), True),
        (VersionFilter(conditions=(Condition("learning_rate", "=", (1e-4, 3e-5)),)), True),
    ],
)
def test_all_parts_of_a_filter_must_hold(wanted: VersionFilter, is_found: bool) -> None:
    assert wanted.matches(searchable(Version("1", RECORD), "")) is is_found


def test_what_has_no_date_is_in_no_time() -> None:
    wanted = VersionFilter(created_from=datetime(2000, 1, 1, tzinfo=UTC))
    assert not wanted.matches(searchable(Version("1", {"id": "x"}), ""))


NUMBERS = st.one_of(
    st.floats(min_value=1e-12, max_value=1e12, allow_nan=False),
    st.integers(min_value=0, max_value=10**12),
)


@given(NUMBERS, st.sampled_from(["{!r}", "{:e}", "{:.17g}", "+{!r}"]))
def test_a_number_is_found_in_whatever_way_it_is_written(number: float, spelling: str) -> None:
    told = spelling.format(number)
    parameters = {**RECORD["parameters"], "learning_rate": number}
    if abs(float(told) - number) <= 1e-9 * number:  # not every spelling holds every digit
        assert found(f"rate={told}", parameters=parameters)
        assert not found(f"rate!={told}", parameters=parameters)
    assert found("rate>=0", parameters=parameters)


@given(NUMBERS, NUMBERS)
def test_of_two_numbers_one_is_less_equal_or_more(one: float, other: float) -> None:
    parameters = {**RECORD["parameters"], "learning_rate": one}
    held = [found(f"rate{sign}{other!r}", parameters=parameters) for sign in ("<", "=", ">")]
    assert sum(held) == 1
    assert found(f"rate<={other!r}", parameters=parameters) is (held[0] or held[1])
    assert found(f"rate>={other!r}", parameters=parameters) is (held[2] or held[1])


@given(st.text() | st.from_regex(r"(rate|foo|steps|\"a b\")? ?(=|<=|>|!=|<) ?\S{0,4} \S*"))
def test_whatever_is_typed_is_read(text: str) -> None:
    query = read_query(text)
    assert all(problem.endswith(".") or "compared" in problem for problem in query.problems)
    VersionFilter(words=query.words, conditions=query.conditions).matches(
        searchable(Version("1", RECORD), "")
    )


@given(st.lists(st.text(alphabet="abcdefg*()[]-_.", min_size=1, max_size=8), max_size=4))
def test_words_are_words_whatever_characters_they_are_of(words: list[str]) -> None:
    assert read_query("  ".join(words)).words == tuple(words)
