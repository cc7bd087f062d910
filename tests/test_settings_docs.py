"""Every setting stands in the documentation, with its default."""

from decimal import Decimal
from pathlib import Path

import pytest

from lora_core import Settings

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("| ").split(" | ")]) == 3
}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_setting_has_a_row_with_its_default_and_its_meaning(name: str) -> None:
    _, default, meaning = ROWS[name.upper()]
    expected = Settings.model_fields[name].default

    assert default.strip("`") == ("none" if expected is None else str(expected))
    assert len(meaning) > 20


def test_the_page_names_no_setting_that_there_is_not() -> None:
    own = {name for name in ROWS if not name.startswith("AWS_")}

    assert own == {name.upper() for name in Settings.model_fields}


def test_defaults_of_the_model_are_plain_values() -> None:
    kinds = {type(field.default) for field in Settings.model_fields.values()}

    assert kinds <= {str, int, float, Decimal, type(None), type(Path())}
