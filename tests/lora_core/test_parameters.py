"""Training parameters: strict when sent, lenient when read from an old record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lora_core.parameters import PARAMETER_NAMES, RecordedParameters, TrainingParameters, recommended

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network_dim", True),
        ("network_dim", 16.0),
        ("max_train_steps", 2000.0),
        ("max_train_steps", "2000"),
        ("learning_rate", True),
        ("learning_rate", "0.1"),
        ("optimizer_type", None),
        ("class_tokens", 5),
        ("seed", 1),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TrainingParameters.model_validate({field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("network_alpha", 8), ("network_alpha", 8.5), ("learning_rate", 1)]
)
def test_a_number_stays_as_it_was_typed(field: str, value: float) -> None:
    kept = getattr(TrainingParameters.model_validate({field: value}), field)
    assert kept == value
    assert type(kept) is type(value)


def test_values_out_of_range_can_be_kept_as_a_draft() -> None:
    assert TrainingParameters(max_train_steps=-1, lr_scheduler="linear").max_train_steps == -1


def test_parameters_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        setattr(TrainingParameters(), "network_dim", 8)  # noqa: B010 - mypy refuses the plain assignment


def test_every_field_explains_itself_in_the_schema() -> None:
    properties = TrainingParameters.model_json_schema()["properties"]
    assert tuple(properties) == PARAMETER_NAMES
    assert all(field.get("description") for field in properties.values())


@pytest.mark.parametrize(
    ("given_tokens", "settled"),
    [(None, "style SBai_style_16"), ("ink drawing", "ink drawing"), ("", "")],
)
def test_only_class_tokens_that_are_not_given_become_the_styles(
    given_tokens: str | None, settled: str
) -> None:
    parameters = TrainingParameters(class_tokens=given_tokens).with_class_tokens("SBai_style_16")
    assert parameters.class_tokens == settled


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (16, 16),
        ("16", 16),
        (" 16 ", 16),
        (16.0, 16),
        ("16.0", 16),
        (16.5, None),
        (True, None),
        (None, None),
        ("sixteen", None),
        ("1_6", None),
        ("٣", None),
        (float("nan"), None),
        (10**400, None),
        ([16], None),
    ],
)
def test_a_recorded_whole_number_is_read_leniently(raw: object, read: int | None) -> None:
    assert RecordedParameters.from_raw({"network_dim": raw}).network_dim == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [("1e-4", 1e-4), (1e-4, 1e-4), ("0.00025", 0.00025), (".5", 0.5), (1, 1), ("inf", None), ("", None)],
)
def test_a_recorded_number_is_read_leniently(raw: object, read: float | None) -> None:
    assert RecordedParameters.from_raw({"learning_rate": raw}).learning_rate == read


def test_what_an_old_record_lacks_is_missing_and_no_default() -> None:
    old = TrainingParameters(class_tokens="style x").model_dump()
    del old["save_every_n_steps"]
    recorded = RecordedParameters.from_raw(old)
    assert recorded.missing == ("save_every_n_steps",)
    assert recorded.save_every_n_steps is None
    assert recorded.complete() is None


def test_a_complete_record_can_be_sent_again() -> None:
    parameters = TrainingParameters(learning_rate=0.0003, class_tokens="style x")
    assert RecordedParameters.from_raw(parameters.model_dump()).complete() == parameters


@pytest.mark.parametrize("raw", [None, [], "text", 5, {}])
def test_a_synced_record_has_no_parameters(raw: object) -> None:
    assert RecordedParameters.from_raw(raw).missing == PARAMETER_NAMES


@given(st.dictionaries(st.sampled_from(PARAMETER_NAMES), json_values) | json_values)
def test_reading_a_record_never_fails(raw: object) -> None:
    recorded = RecordedParameters.from_raw(raw)
    assert tuple(recorded.as_dict()) == PARAMETER_NAMES
    recorded.complete()


@pytest.mark.parametrize(
    ("images", "steps", "save_every"),
    [(2, 500, 100), (12, 500, 100), (25, 1000, 250), (43, 1720, 250), (50, 2000, 500), (170, 3500, 500)],
)
def test_the_recommendation_follows_the_number_of_images(images: int, steps: int, save_every: int) -> None:
    current = TrainingParameters(num_repeats=10, network_dim=64, class_tokens="ink drawing")
    offered = recommended(images, current)
    assert (offered.max_train_steps, offered.save_every_n_steps) == (steps, save_every)
    assert (offered.num_repeats, offered.network_dim, offered.network_alpha) == (1, 16, 16)
    assert offered.class_tokens == "ink drawing"
    assert current.num_repeats == 10
