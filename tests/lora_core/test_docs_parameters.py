"""The documentation page of the parameters is complete."""

from pathlib import Path

import pytest

from lora_core.parameters import GRADIENT_DTYPES, OPTIMIZERS, PARAMETER_NAMES, SCHEDULERS, TrainingParameters

PAGE = (Path(__file__).parents[2] / "docs" / "training-parameters.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*PARAMETER_NAMES, *SCHEDULERS, *OPTIMIZERS, *GRADIENT_DTYPES])
def test_every_parameter_and_choice_stands_in_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("name", [name for name in PARAMETER_NAMES if name != "class_tokens"])
def test_the_page_gives_the_default_of(name: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    default = TrainingParameters.model_fields[name].default
    assert f"| {default} |" in row.replace("`", "")
