"""What a trainer saves on its way: files beside the model, named as sd-scripts names them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lora_core.model_files import SUFFIX, LocalModelFiles, ModelFile

# Six digits without "step" count epochs; few are trained, so a version named by a date is none of them.
_PLACE = re.compile(r"-(?:step(?P<step>\d{6,12})|(?P<epoch>00\d{4}))")


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was at a step, or at the end of an epoch; the other one is None."""

    file: ModelFile
    step: int | None
    epoch: int | None


def checkpoints_of(model_name: str, place: LocalModelFiles) -> list[Checkpoint]:
    """Those of one model, in the order in which they were trained. Raises StoreUnavailableError."""
    found = []
    for name, match in _named(model_name, place.names()):
        if (file := place.find(name)) is not None:
            step, epoch = match["step"], match["epoch"]
            found.append(Checkpoint(file, int(step) if step else None, int(epoch) if epoch else None))
    return sorted(found, key=lambda one: (one.step or 0, one.epoch or 0))


def _named(model_name: str, file_names: Iterable[str]) -> Iterable[tuple[str, re.Match[str]]]:
    for file_name in file_names:
        # Most files are another model's: told without the pattern.
        if file_name.startswith(model_name) and file_name.endswith(SUFFIX):
            name = file_name.removesuffix(SUFFIX)
            if match := _PLACE.fullmatch(name, len(model_name)):
                yield name, match
