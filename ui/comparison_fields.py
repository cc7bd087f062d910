"""What is compared of versions: in which order, under which names, and how each value is written."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from lora_core import StoreUnavailableError, TrainingLab, Version
from lora_core.estimates import effective_scale, epochs, views_per_image
from lora_core.loss_curves import loss_at_end, smoothed
from lora_core.sightings import LossCurve
from ui import words
from ui.field_labels import LABELS

_LONGEST: Final = 200
"""Characters of a note or an error; its details hold the rest."""


class Field(NamedTuple):
    """One row of a comparison."""

    group: str
    label: str
    text: Callable[[Any], str] = words.number


def _cut(value: object) -> str:
    told = words.number(value)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST].rstrip()} …"


_SETTINGS: Final = (
    "learning_rate",
    "max_train_steps",
    "network_dim",
    "network_alpha",
    "batch_size",
    "num_repeats",
    "lr_scheduler",
    "lr_warmup_steps",
    "optimizer_type",
    "gradient_dtype",
    "save_every_n_steps",
    "class_tokens",
)
FIELDS: Final[Mapping[str, Field]] = {
    **{name: Field("Settings", LABELS[name]) for name in _SETTINGS},
    "scale": Field("Settings", "Effective scale", words.rounded),
    "epochs": Field("Settings", "Epochs", words.rounded),
    "views": Field("Settings", "Views per image", words.rounded),
    "set": Field("Dataset", "Selection set"),
    "images": Field("Dataset", "Images"),
    "files": Field("Dataset", "File list"),
    "took_s": Field("Result", "Duration", words.duration),
    "cost": Field("Result", "Cost", lambda value: words.dollars(value) or words.NOT_RECORDED),
    "pace": Field("Result", "Seconds per step", words.rounded),
    "final_loss": Field("Result", "Final loss, smoothed", words.loss),
    "least_loss": Field("Result", "Smallest loss, smoothed", words.loss),
    "model_bytes": Field(
        "Result", "Model size", lambda value: words.size(value) if value else words.NOT_RECORDED
    ),
    "note": Field("Result", "Note", _cut),
    "error": Field("Result", "Error", _cut),
}
"""In the order in which they stand below each other."""


def compared_values(lab: TrainingLab, version: Version, curve: LossCurve) -> dict[str, object]:
    """Of one version, by the names in FIELDS; None is "not recorded"."""
    parameters, images = version.parameters, version.image_count
    steps, batch = parameters.max_train_steps, parameters.batch_size
    return {
        **parameters.as_dict(),
        "scale": effective_scale(parameters.network_alpha, parameters.network_dim),
        "epochs": epochs(steps, images, parameters.num_repeats, batch),
        "views": views_per_image(steps, batch, images),
        "set": version.selection_set_id,
        "images": images,
        "files": version.dataset[:8] if version.dataset else None,
        "took_s": version.took_s,
        "cost": lab.spent_usd(version),
        "pace": version.took_s / steps if version.took_s is not None and steps else None,
        "final_loss": loss_at_end(curve),
        "least_loss": min(loss for _, loss in smoothed(curve)) if curve else None,
        "model_bytes": _model_bytes(lab, version),
        "note": " ".join(version.description.split()) or None,
        "error": " ".join((version.error or "").split()) or None,
    }


def _model_bytes(lab: TrainingLab, version: Version) -> int | None:
    with suppress(StoreUnavailableError):  # the version's own details tell
        model = lab.model_file(version)
        return model.size_bytes if model else None
    return None
