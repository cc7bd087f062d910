"""`python -m lora_core import`: reports, and writes only when told to."""

import io
from pathlib import Path

import pytest

from lora_core.__main__ import bring_in, main
from tests.lora_core.storage import FIXTURE_STYLES, opened_lab, tree


def said(root: Path, path: object, *, is_applied: bool) -> tuple[int, list[str]]:
    out = io.StringIO()
    with opened_lab(root) as lab:
        code = bring_in(lab, str(path), is_applied=is_applied, out=out)
    return code, out.getvalue().splitlines()


def test_it_reports_first_then_brings_in_then_has_nothing_to_do(tmp_path: Path) -> None:
    root = tmp_path / "styles"

    code, lines = said(root, FIXTURE_STYLES, is_applied=False)
    assert code == 3
    assert lines[0] == "12_night_market (new): 3 versions and 2 selection sets would come in."
    assert (
        lines[-1] == f"Nothing was written. To do this: python -m lora_core import {FIXTURE_STYLES} --apply"
    )
    assert not root.exists()
    code, lines = said(root, FIXTURE_STYLES, is_applied=True)
    assert (code, len(lines)) == (0, 3)
    before = tree(root)
    for is_applied in (False, True):
        assert said(root, FIXTURE_STYLES, is_applied=is_applied)[0] == 0
    assert tree(root) == before


@pytest.mark.parametrize("is_applied", [False, True])
def test_what_cannot_come_in_is_a_failure(tmp_path: Path, is_applied: bool) -> None:
    root = tmp_path / "styles"
    with opened_lab(root) as lab:
        lab.create_style("Other", 7)

    assert said(root, tmp_path / "gone", is_applied=is_applied)[0] == 1
    assert said(root, FIXTURE_STYLES, is_applied=is_applied)[0] == 1
    (tmp_path / "empty").mkdir()
    code, lines = said(root, tmp_path / "empty", is_applied=is_applied)
    assert (code, len(lines)) == (1, 1)


def test_the_command_line_asks_for_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["import"])

    assert caught.value.code == 2
    assert "PATH" in capsys.readouterr().err
