"""Findings: each rule with a case that triggers it and one that does not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.finding_rules import RULES
from lora_core.findings import Finding, Severity, TrainingFacts, blocking, findings
from lora_core.parameters import PARAMETER_NAMES, TrainingParameters

BLOCK, WARN = Severity.BLOCK, Severity.WARN
HERE: dict[str, Any] = {"is_embedded": True}

CASES: list[tuple[str, Severity, str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # field, severity, words of the sentence, then parameters and facts that trigger it, and that do not
    ("selection_set_id", BLOCK, "No dataset", {}, {"selected": False}, {}, {"selected": True}),
    ("selection_set_id", BLOCK, "no image", {}, {"image_count": 0}, {}, {"image_count": 1}),
    ("selection_set_id", BLOCK, "a.jpg", {}, {"uncaptioned": ("a.jpg",)}, {}, {"uncaptioned": ()}),
    ("selection_set_id", BLOCK, "a.jpg", {}, {"missing": ("a.jpg",)} | HERE, {}, HERE),
    ("selection_set_id", WARN, "bucket", {}, {"missing": ("a.jpg",)}, {}, {"missing": ()}),
    ("selection_set_id", BLOCK, "rename", {}, {"unusable_names": ("a#.jpg",)}, {}, {}),
    ("selection_set_id", WARN, "rename", {}, {"unusable_names": ("a#.jpg",)} | HERE, {}, HERE),
    ("selection_set_id", WARN, "201 images", {}, {"image_count": 201}, {}, {"image_count": 200}),
    ("network_alpha", WARN, "above network_dim", {"network_alpha": 16.5}, {}, {"network_alpha": 16}, {}),
    ("network_dim", WARN, "Above 128", {"network_dim": 129}, {}, {"network_dim": 128}, {}),
    ("learning_rate", WARN, "diverges", {"learning_rate": 0.0011}, {}, {"learning_rate": 0.001}, {}),
    (
        "learning_rate",
        WARN,
        "wants 1.0",
        {"optimizer_type": "prodigy", "learning_rate": 0.09},
        {},
        {"optimizer_type": "prodigy", "learning_rate": 1},
        {},
    ),
    (
        "lr_scheduler",
        BLOCK,
        "constant_with_warmup",
        {"lr_scheduler": "constant", "lr_warmup_steps": 1},
        {},
        {"lr_scheduler": "constant"},
        {},
    ),
    ("lr_warmup_steps", BLOCK, "must end", {"lr_warmup_steps": 2000}, {}, {"lr_warmup_steps": 1999}, {}),
    ("lr_warmup_steps", WARN, "30 %", {"lr_warmup_steps": 601}, {}, {"lr_warmup_steps": 600}, {}),
    (
        "lr_scheduler",
        WARN,
        "no schedule",
        {"optimizer_type": "adamwschedulefree"},
        {},
        {"optimizer_type": "adamwschedulefree", "lr_scheduler": "constant"},
        {},
    ),
    (
        "batch_size",
        WARN,
        "3 image views",
        {"batch_size": 4, "num_repeats": 1},
        {"image_count": 3},
        {"batch_size": 4, "num_repeats": 1},
        {"image_count": 4},
    ),
    ("learning_rate", BLOCK, "up to 10", {"learning_rate": 11}, {}, {"learning_rate": 10}, {}),
    ("network_dim", BLOCK, "up to 1024", {"network_dim": 1025}, HERE, {"network_dim": 1025}, {}),
    (
        "max_train_steps",
        BLOCK,
        "10000 steps",
        {"max_train_steps": 10001},
        {},
        {"max_train_steps": 10001},
        HERE,
    ),
    (
        "max_train_steps",
        BLOCK,
        "would stop the job",
        {},
        {"expected_s": 101, "execution_timeout_s": 100},
        {},
        {"expected_s": 100, "execution_timeout_s": 100},
    ),
    (
        "max_train_steps",
        WARN,
        "tight",
        {},
        {"expected_s": 71, "execution_timeout_s": 100},
        {},
        {"expected_s": 70, "execution_timeout_s": 100},
    ),
    (
        "save_every_n_steps",
        WARN,
        "only the final file",
        {"save_every_n_steps": 2001},
        HERE,
        {"save_every_n_steps": 2000},
        HERE,
    ),
    ("save_every_n_steps", WARN, "ignores", {}, {}, {}, HERE),
    ("class_tokens", WARN, "No class_tokens", {"class_tokens": " "}, {}, {"class_tokens": "style"}, {}),
    (
        "class_tokens",
        WARN,
        "again",
        {"class_tokens": "style Tok"},
        {"captions_with_trigger_first": 3, "trigger_token": "tok"},
        {"class_tokens": "ink"},
        {"captions_with_trigger_first": 3, "trigger_token": "tok"},
    ),
    ("network_dim", BLOCK, "from 1", {"network_dim": 0}, {}, {"network_dim": 1}, {}),
    ("batch_size", BLOCK, "from 1", {"batch_size": 0}, {}, {"batch_size": 1}, {}),
    ("num_repeats", BLOCK, "from 1", {"num_repeats": 0}, {}, {"num_repeats": 1}, {}),
    ("save_every_n_steps", BLOCK, "from 1", {"save_every_n_steps": 0}, {}, {"save_every_n_steps": 1}, {}),
    ("lr_warmup_steps", BLOCK, "from 0", {"lr_warmup_steps": -1}, {}, {"lr_warmup_steps": 0}, {}),
    ("max_train_steps", BLOCK, "to 100000", {"max_train_steps": 0}, {}, {"max_train_steps": 1}, {}),
    (
        "max_train_steps",
        BLOCK,
        "to 100000",
        {"max_train_steps": 100_001},
        HERE,
        {"max_train_steps": 100_000},
        HERE,
    ),
    ("network_alpha", BLOCK, "above 0", {"network_alpha": 0}, {}, {"network_alpha": 0.1}, {}),
    ("network_alpha", BLOCK, "at most 2048", {"network_alpha": 2049}, {}, {"network_alpha": 2048}, {}),
    ("learning_rate", BLOCK, "above 0", {"learning_rate": 0}, {}, {"learning_rate": 1e-9}, {}),
    ("learning_rate", BLOCK, "no usable", {"learning_rate": float("inf")}, {}, {"learning_rate": 1}, {}),
    ("learning_rate", BLOCK, "no usable", {"learning_rate": float("nan")}, {}, {"learning_rate": 1}, {}),
    ("gradient_dtype", BLOCK, "fp8", {"gradient_dtype": "fp8"}, {}, {"gradient_dtype": "fp16"}, {}),
    (
        "optimizer_type",
        BLOCK,
        "adafactor",
        {"optimizer_type": "adafactor"},
        {},
        {"optimizer_type": "CAME"},
        {},
    ),
    ("lr_scheduler", BLOCK, "linear", {"lr_scheduler": "linear"}, {}, {"lr_scheduler": "cosine"}, {}),
]


def matching(
    field: str, severity: Severity, words: str, parameters: dict[str, Any], facts: dict[str, Any]
) -> list[Finding]:
    found = findings(TrainingParameters(**parameters), TrainingFacts(**facts))
    return [f for f in found if (f.field, f.severity) == (field, severity) and words in f.sentence]


@pytest.mark.parametrize(("field", "severity", "words", "bad", "bad_facts", "good", "good_facts"), CASES)
def test_a_rule_speaks_when_it_must_and_only_then(
    field: str,
    severity: Severity,
    words: str,
    bad: dict[str, Any],
    bad_facts: dict[str, Any],
    good: dict[str, Any],
    good_facts: dict[str, Any],
) -> None:
    assert len(matching(field, severity, words, bad, bad_facts)) == 1
    assert not matching(field, severity, words, good, good_facts)


def test_every_rule_is_triggered_by_a_case() -> None:
    triggered = {
        registered.check.__name__
        for _, _, _, parameters, facts, _, _ in CASES
        for registered in RULES
        if any(registered.check(TrainingParameters(**parameters), TrainingFacts(**facts)))
    }
    assert triggered == {registered.check.__name__ for registered in RULES}


def test_the_defaults_can_be_started() -> None:
    assert not blocking(findings(TrainingParameters(), TrainingFacts(image_count=100)))


@pytest.mark.parametrize("value", [None, "", True, "16", 16.0, [], 10**400])
def test_a_field_without_a_usable_value_is_blocked(value: object) -> None:
    complete = TrainingParameters().model_dump()
    found = blocking(findings(complete | {"network_dim": value}))
    assert [finding.field for finding in found] == ["network_dim"]
    assert found[0].sentence.endswith("enter a whole number from 1.")


def test_a_missing_field_leaves_the_rules_about_the_others_alive() -> None:
    form = TrainingParameters().model_dump() | {"network_dim": None, "lr_warmup_steps": 2000}
    assert {finding.field for finding in blocking(findings(form))} == {"network_dim", "lr_warmup_steps"}


def test_class_tokens_that_are_not_given_are_the_styles_own() -> None:
    form = TrainingParameters().model_dump()
    del form["class_tokens"]
    assert "class_tokens" not in {finding.field for finding in findings(form)}


@pytest.mark.parametrize("value", [5, "half \ud800"])
def test_class_tokens_that_are_no_text_are_blocked(value: object) -> None:
    found = blocking(findings(TrainingParameters().model_dump() | {"class_tokens": value}))
    assert [finding.field for finding in found] == ["class_tokens"]


@pytest.mark.parametrize(
    ("field", "typed", "suggestion"),
    [
        ("lr_scheduler", "linear", "polynomial"),
        ("lr_scheduler", "Cosine", "cosine"),
        ("optimizer_type", "lion", "Lion"),
        ("optimizer_type", "adafactor", "adamw8bit"),
        ("optimizer_type", "rmsprop", None),
    ],
)
def test_an_unknown_choice_suggests_what_was_meant(field: str, typed: str, suggestion: str | None) -> None:
    (found,) = blocking(findings(TrainingParameters().model_dump() | {field: typed}))
    assert found.suggestion == suggestion


def test_captions_that_all_name_the_trigger_need_no_class_tokens() -> None:
    facts = TrainingFacts(image_count=3, captions_with_trigger_first=3, trigger_token="tok", is_embedded=True)
    assert not findings(TrainingParameters(class_tokens=""), facts)


def test_blocks_come_first() -> None:
    found = findings(TrainingParameters(network_dim=129, lr_warmup_steps=5000))
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=[BLOCK, WARN].index)


def test_many_names_are_counted_rather_than_listed() -> None:
    facts = TrainingFacts(uncaptioned=tuple(f"{n}.jpg" for n in range(10)))
    assert "2.jpg and 7 more" in blocking(findings(TrainingParameters(), facts))[0].sentence


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(
    st.dictionaries(st.sampled_from(PARAMETER_NAMES) | st.text(), anything),
    st.integers() | st.none(),
    st.booleans(),
    st.floats() | st.none(),
)
def test_findings_never_raise(
    form: dict[str, object], images: int | None, is_embedded: bool, seconds: float | None
) -> None:
    facts = TrainingFacts(
        image_count=images, is_embedded=is_embedded, expected_s=seconds, execution_timeout_s=seconds
    )
    found = findings(form, facts)
    named = {finding.field for finding in blocking(found)}
    missing = {name for name in PARAMETER_NAMES if form.get(name) is None} - {"class_tokens"}
    assert missing <= named


def test_a_number_too_long_to_be_written_is_blocked() -> None:
    assert blocking(findings(TrainingParameters().model_dump() | {"learning_rate": 10**5000}))
