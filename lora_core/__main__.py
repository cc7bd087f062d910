"""The lab's commands: `python -m lora_core repair` and `python -m lora_core import PATH`.

Exit codes: 0 nothing (more) to repair or to bring in, 3 something is and `--apply` was not given, 1 a style could
not be looked at, repaired or brought in, 2 the command line was not understood.
"""

import argparse
import io
import shlex
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from lora_core.errors import ConfigurationError, LoraCoreError
from lora_core.lab import TrainingLab
from lora_core.repair import RepairPlan

_DONE: Final = 0
_FAILED: Final = 1
_TO_DO: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; answers the exit code."""
    options = _parser().parse_args(arguments)
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")  # names are in any script, terminals are not
    try:
        with TrainingLab.open() as lab:
            if options.command == "import":
                return bring_in(lab, options.path, is_applied=options.apply, out=out)
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
    if _TO_DO in codes:
        named = "".join(f" {style}" for style in styles)
        out.write(f"Nothing was written. To do this: python -m lora_core repair{named} --apply\n")
    return next((code for code in (_FAILED, _TO_DO) if code in codes), _DONE)


def bring_in(lab: TrainingLab, path: str, *, is_applied: bool, out: TextIO) -> int:
    """Reports what would come in from a folder or ZIP, or brings it in."""
    try:
        report = lab.import_folder(path, dry_run=not is_applied)
    except LoraCoreError as error:
        out.write(f"{error}\n")
        return _FAILED
    for line in report.lines:
        out.write(f"{line}\n")
    if report.changes_anything and not is_applied:
        out.write(
            f"Nothing was written. To do this: python -m lora_core import {shlex.quote(path)} --apply\n"
        )
    if not report.styles or any(one.problem for one in report.styles):
        return _FAILED
    return _TO_DO if report.changes_anything and not is_applied else _DONE


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
    return _TO_DO


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
    _add_import(commands)
    return parser


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "import",
        help="bring in styles from a folder or a ZIP",
        description="Brings in the styles of a folder of the system that the lab replaces, or of another lab, or of a "
        "ZIP of it. Reports; writes only with --apply, and never changes what is here. Exit code: 0 nothing (more) to "
        "bring in, 3 something to bring in, 1 something failed.",
    )
    command.add_argument(
        "path", metavar="PATH", help="the folder of all styles, one style's folder, or a ZIP"
    )
    command.add_argument("--apply", action="store_true", help="do what is reported")


if __name__ == "__main__":
    sys.exit(main())
