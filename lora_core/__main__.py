"""The lab's commands: `python -m lora_core repair`.

Exit codes of `repair`: 0 nothing (more) to repair, 3 something to repair and `--apply` was not given, 1 a
style could not be looked at or repaired, 2 the command line was not understood.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from lora_core.errors import ConfigurationError, LoraCoreError
from lora_core.lab import TrainingLab
from lora_core.repair import RepairPlan

_DONE: Final = 0
_FAILED: Final = 1
_TO_REPAIR: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; answers the exit code."""
    options = _parser().parse_args(arguments)
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")  # names are in any script, terminals are not
    try:
        with TrainingLab.open() as lab:
            return repair(lab, options.styles, is_applied=options.apply, out=out)
    except ConfigurationError as error:
        out.write(f"{error}\n")
        return _FAILED


def repair(lab: TrainingLab, styles: Sequence[str], *, is_applied: bool, out: TextIO) -> int:
    """Reports, or repairs, the styles named by id or folder, or all; one that cannot be read stops no other."""
    try:
        wanted = list(dict.fromkeys(styles)) or [style.folder for style in lab.styles()]
    except LoraCoreError as error:
        out.write(f"{error}\n")
        return _FAILED
    if not wanted:
        out.write(f"There is no style in {lab.settings.root}; check LORA_LAB_ROOT.\n")
        return _FAILED
    codes = {_repair_one(lab, style, is_applied, out) for style in wanted}
    if _TO_REPAIR in codes:
        named = "".join(f" {style}" for style in styles)
        out.write(f"Nothing was written. To do this: python -m lora_core repair{named} --apply\n")
    return next((code for code in (_FAILED, _TO_REPAIR) if code in codes), _DONE)


def _repair_one(lab: TrainingLab, style: str, is_applied: bool, out: TextIO) -> int:
    try:
        plan = lab.plan_repair(style)
        folder = plan.style.folder
        for alone in plan.left_alone:
            out.write(f"{folder}: {alone.sentence}\n")
        if plan.is_empty:
            out.write(f"{folder}: nothing to repair.\n")
            return _DONE
        return _applied(lab, plan, out) if is_applied else _reported(plan, out)
    except LoraCoreError as error:
        out.write(f"{style}: {error}\n")
        return _FAILED


def _reported(plan: RepairPlan, out: TextIO) -> int:
    for one in plan.repairs:
        out.write(f"{plan.style.folder}: {one.sentence}\n")
    return _TO_REPAIR


def _applied(lab: TrainingLab, plan: RepairPlan, out: TextIO) -> int:
    done = lab.apply_repair(plan)
    for one in done.repairs:
        out.write(f"{plan.style.folder}: done. {one.sentence}\n")
    for backup in done.backups:
        out.write(f"{plan.style.folder}: as it was before: {backup}\n")
    return _DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lora_core", description="Commands of LoRA Lab.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "repair",
        help="find records that are one training, or that share one id",
        description="Finds two records of one training and two records with one id, as older systems left them. "
        "Reports; writes only with --apply, and keeps each file as it was. Exit code: 0 nothing (more) to repair, "
        "3 something to repair, 1 something failed.",
    )
    command.add_argument("styles", nargs="*", metavar="STYLE", help="id or folder of a style; all by default")
    command.add_argument("--apply", action="store_true", help="do what is reported")
    return parser


if __name__ == "__main__":
    sys.exit(main())
