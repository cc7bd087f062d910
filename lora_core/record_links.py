"""Which records could be one training: they have an id, a model file, or a model's name in common."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from lora_core.merging import file_names, job_of
from lora_core.model_urls import model_location
from lora_core.versions import Version, VersionStatus, job_stem

ONE_ID: Final = "they have one id"
_Mark = tuple[str, Hashable]


@dataclass(frozen=True)
class Link:
    """Those with which a record is connected by the strongest rule that finds any."""

    others: tuple[int, ...] = ()
    evidence: str = ""


class LinkIndex:
    """Which records could be one training, by what they name."""

    def __init__(self, versions: Mapping[int, Version]) -> None:
        self._marks = {at: _marks(version) for at, version in versions.items()}
        self._holders: dict[_Mark, list[int]] = {}
        for at, rules in self._marks.items():
            for mark in frozenset().union(*rules):
                self._holders.setdefault(mark, []).append(at)

    def link(self, at: int) -> Link:
        for marks, evidence in zip(self._marks[at], _EVIDENCE, strict=True):
            holders = (self._holders.get((_SOUGHT.get(kind, kind), value), ()) for kind, value in marks)
            if others := {other for held in holders for other in held} - {at}:
                return Link(tuple(sorted(others)), evidence)
        return Link()


_EVIDENCE: Final = (
    ONE_ID,
    "both name the same model file",
    "both bear the name of one model",
    "one is the model file that the other is called after",
)
_SOUGHT: Final = {"called": "spelled", "spelled": "called"}


def _marks(version: Version) -> tuple[frozenset[_Mark], ...]:
    """What a record names, from the strongest rule to the weakest."""
    if version.status is VersionStatus.DRAFT:
        return (frozenset(),) * len(_EVIDENCE)
    job, location, files = job_of(version), model_location(version.lora_url), file_names(version)
    ids = {("id", one) for one in (version.key, version.id) if one}
    models = files | {version.model_name} - {None}
    # What the lab sent has its model's name frozen; its own name says nothing of it.
    is_old = version.raw.get("submission") is None
    called = {("called", f"style_{version.style_id}_v{version.name}")} if is_old else set()
    return (
        frozenset(ids | ({("job", job_stem(job))} if job else set())),
        frozenset({("file", location)} if location else ()),
        frozenset(("model", name) for name in models),
        frozenset(called | {("spelled", name) for name in files}),
    )
