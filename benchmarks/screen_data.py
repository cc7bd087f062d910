"""The style that the screens are measured with: pictures, and a history of completed versions that all differ."""

from pathlib import Path
from typing import Final

import orjson

from benchmarks.lab_side import HISTORY, settings, write_history
from benchmarks.sample import PreparedVersion
from lora_core import TrainingLab

STYLE: Final = "1"
LAST_FIELD_START: Final = "style SBai_style_1"


def newest(versions: int) -> str:
    """What the newest of so many is called."""
    return PreparedVersion(versions, is_in_flight=False).name


def prepare(folder: Path, versions: int) -> None:
    """The sample style with so many versions below `folder`, where the lab of `benchmarks.served` looks.

    Each has its own value in the last field of the form, and so differs from the default there.
    """
    with TrainingLab(settings(folder)) as lab:
        home = lab.settings.root / lab.create_sample_style().folder
    write_history(home, [PreparedVersion(number, is_in_flight=False) for number in range(1, versions + 1)])
    history = orjson.loads((home / HISTORY).read_bytes())
    for record in history["versions"]:
        record["parameters"]["class_tokens"] = f"{LAST_FIELD_START} {record['name']}"
        record["submission"]["executionMs"] = 45_000  # estimates rest on these
    (home / HISTORY).write_bytes(orjson.dumps(history, option=orjson.OPT_INDENT_2))
