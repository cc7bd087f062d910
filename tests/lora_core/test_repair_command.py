"""`python -m lora_core repair`: what it says, what it writes, and how it ends."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lora_core import LoraCoreError, VersionStatus
from lora_core.__main__ import main, repair
from lora_core.histories import LIVE
from tests.lora_core.storage import copied_styles, opened_lab, tree
from tests.lora_core.test_duplicates import FAST, JOB, SLOW, synced, trained

PROJECT = Path(__file__).resolve().parents[2]
FAST_3 = FAST.replace("style_7_", "style_3_")
_OWN_SETTINGS = ("RUNPOD_", "S3_", "LORA_LAB_", "TRAINER_", "AWS_")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The three styles in order."""
    return copied_styles(tmp_path / "styles")


@pytest.fixture
def doubled(root: Path) -> Path:
    """A fourth one, with two records of one model."""
    (root / "3_wet_ink").mkdir()
    path = root / "3_wet_ink" / LIVE
    put(path, trained(loraUrl=SLOW, status="pending"), synced(loraUrl=FAST, isGood=True))
    return path


def put(path: Path, *records: dict[str, Any]) -> None:
    text = json.dumps({"versions": records}, indent=2, ensure_ascii=False)
    path.write_text(text.replace("style_7_", "style_3_"), encoding="utf-8")


def run(root: Path, *styles: str, is_applied: bool = False) -> tuple[int, list[str]]:
    out = io.StringIO()
    with opened_lab(root) as lab:
        code = repair(lab, styles, is_applied=is_applied, out=out)
    return code, out.getvalue().splitlines()


def in_a_shell(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
    return subprocess.run(
        [sys.executable, "-m", "lora_core", *arguments],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_styles_that_are_in_order_are_said_to_be_and_nothing_is_written(root: Path) -> None:
    before = tree(root.parent)

    for is_applied in (False, True):
        code, lines = run(root, is_applied=is_applied)

        assert code == 0
        assert lines == [
            "7_paper_cut: nothing to repair.",
            "12_night_market: nothing to repair.",
            "204_soft_clay: nothing to repair.",
        ]
    assert tree(root.parent) == before


@pytest.mark.usefixtures("doubled")
def test_what_is_found_is_told_with_the_command_that_repairs_it(root: Path) -> None:
    before = tree(root.parent)

    code, lines = run(root, "3", "7_paper_cut", "3")

    assert code == 3
    assert lines == [
        f"3_wet_ink: V1 ({JOB}-e1) and style_3_vV1.safetensors (style_3_vV1) are one training: both name the same "
        f"model file. The first stays and gets isGood true, loraUrl {FAST_3}, status completed, statusNote another "
        "record of its model says completed; the second goes.",
        "7_paper_cut: nothing to repair.",
        "Nothing was written. To do this: python -m lora_core repair 3 7_paper_cut 3 --apply",
    ]
    assert tree(root.parent) == before


def test_what_is_repaired_is_told_with_the_place_of_the_copy(root: Path, doubled: Path) -> None:
    before = doubled.read_bytes()

    code, lines = run(root, "3_wet_ink", is_applied=True)

    assert code == 0
    assert [line.split(" ")[:2] for line in lines] == [["3_wet_ink:", "done."], ["3_wet_ink:", "as"]]
    copy = Path(lines[1].removeprefix("3_wet_ink: as it was before: "))
    assert copy.read_bytes() == before
    with opened_lab(root) as lab:
        (version,) = lab.versions(3)
        assert (version.status, version.lora_url, version.is_good) == (VersionStatus.COMPLETED, FAST_3, True)
    assert run(root, is_applied=False)[0] == 0


def test_a_style_that_cannot_be_read_stops_no_other(root: Path, doubled: Path) -> None:
    (root / "7_paper_cut" / LIVE).write_text('{"versions": [')
    damaged = (root / "7_paper_cut" / LIVE).read_bytes()

    code, lines = run(root, is_applied=True)

    assert code == 1
    assert [line.partition(":")[0] for line in lines] == [
        *("3_wet_ink", "3_wet_ink", "7_paper_cut", "12_night_market", "204_soft_clay")
    ]
    assert "cannot be read" in lines[2]
    assert (root / "7_paper_cut" / LIVE).read_bytes() == damaged
    assert len(json.loads(doubled.read_bytes())["versions"]) == 1


def test_a_copy_that_cannot_be_made_is_told_and_the_file_stays(root: Path, doubled: Path) -> None:
    (root / ".lora_lab").mkdir(exist_ok=True)
    (root / ".lora_lab" / "before_repair").write_text("in the way")
    before = doubled.read_bytes()

    code, lines = run(root, "3", is_applied=True)

    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("3: ")
    assert doubled.read_bytes() == before


def test_what_is_left_alone_is_told_and_is_nothing_to_repair(root: Path, doubled: Path) -> None:
    put(doubled, trained(loraUrl=SLOW), trained("V0", id="another", loraUrl=SLOW))

    code, lines = run(root, "3")

    assert code == 0
    assert lines == [
        f"3_wet_ink: V1 ({JOB}-e1, 2025-10-12) and V0 (another, 2025-10-12) look like one training, but they come "
        "from two jobs. They stay as they are.",
        "3_wet_ink: nothing to repair.",
    ]


def test_an_unknown_style_is_told_and_the_others_are_looked_at(root: Path) -> None:
    code, lines = run(root, "99", "7")

    assert code == 1
    assert lines == [
        "99: There is no style 99. Create it, or check LORA_LAB_ROOT.",
        "7_paper_cut: nothing to repair.",
    ]


def test_a_folder_without_styles_is_told(tmp_path: Path) -> None:
    code, lines = run(tmp_path / "nowhere")

    assert (code, lines) == (1, [f"There is no style in {tmp_path / 'nowhere'}; check LORA_LAB_ROOT."])


@pytest.mark.usefixtures("doubled")
def test_the_lab_plans_and_applies_for_scripts(root: Path) -> None:
    with opened_lab(root) as lab:
        plan = lab.plan_repair(3)
        assert not plan.is_empty

        done = lab.apply_repair(plan)

        assert [one.sentence for one in done.repairs] == [one.sentence for one in plan.repairs]
        assert len(lab.versions(3)) == 1
        assert lab.plan_repair("3_wet_ink").is_empty
        with pytest.raises(LoraCoreError):
            lab.plan_repair(99)


def test_settings_that_cannot_be_used_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNPOD_TTL_HOURS", "soon")

    assert main(["repair"]) == 1
    assert "RUNPOD_TTL_HOURS" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["mend"], ["repair", "--now"]])
def test_a_command_that_there_is_not_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.usefixtures("doubled")
def test_the_command_runs_as_it_is_told_in_the_readme(root: Path) -> None:
    (root.parent / ".env").write_text(f"LORA_LAB_ROOT={root}\n")

    told = in_a_shell(root.parent, "repair")
    done = in_a_shell(root.parent, "repair", "--apply", PYTHONIOENCODING="ascii")
    again = in_a_shell(root.parent, "repair")

    assert (told.returncode, done.returncode, again.returncode) == (3, 0, 0)
    assert told.stderr == done.stderr == again.stderr == ""
    assert told.stdout.endswith("To do this: python -m lora_core repair --apply\n")
    assert "3_wet_ink: done." in done.stdout
    assert "3_wet_ink: nothing to repair." in again.stdout
    assert not (root.parent / "data").exists()


def test_a_name_in_any_script_is_told_on_a_terminal_that_knows_none(root: Path, doubled: Path) -> None:
    put(doubled, trained("水墨", loraUrl=SLOW), synced())

    told = in_a_shell(
        root.parent, "repair", LORA_LAB_ROOT=str(root), PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )

    assert told.returncode == 3
    assert "\\u6c34\\u58a8" in told.stdout
