"""Whether every file of a dataset can be read by the endpoint that is to train on it, as far as that can be known."""

from collections.abc import Sequence

from lora_core.datasets import Dataset
from lora_core.errors import IncompleteDatasetError
from lora_core.finding import DATASET_FIELD, Finding, block
from lora_core.finding_rules import named
from lora_core.payload import caption_name


def refuse_incomplete(dataset: Dataset, blocks: Sequence[Finding], in_bucket: frozenset[str] | None) -> None:
    """Raises IncompleteDatasetError where pictures or captions are missing.

    `in_bucket`: what lies in the bucket from which the trainer reads; None where it reads none, or nobody knows.
    """
    nowhere = () if in_bucket is None else _nowhere(dataset, in_bucket)
    found = (*blocks, *_findings(nowhere))
    names = {name for one in found for name in one.filenames}
    missing = tuple(name for name in dataset.missing if name in names)
    uncaptioned = tuple(name for name in dataset.uncaptioned if name in names)
    if missing or uncaptioned:
        raise IncompleteDatasetError(found, missing, uncaptioned)


def _nowhere(dataset: Dataset, in_bucket: frozenset[str]) -> tuple[str, ...]:
    return tuple(
        name for name in dataset.missing if not (name in in_bucket and caption_name(name) in in_bucket)
    )


def _findings(nowhere: tuple[str, ...]) -> tuple[Finding, ...]:
    if not nowhere:
        return ()
    sentence = (
        f"Not in the style's folder, and not in the bucket with a caption, which was looked at within the last "
        f"minute: {named(nowhere)}. Put them there, or leave them out."
    )
    return (block(DATASET_FIELD, sentence, filenames=nowhere),)
