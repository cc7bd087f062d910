"""Adopting model files: which version a file belongs to, planned first, applied on request.

A file matches by its address (in any of its forms), then by the frozen model name, then by a record's id;
records of the old system, which froze no name, also by their own. Drafts never match, a version in the
trash takes its file silently, two candidates are reported, and only a file that matches nothing becomes a
new record. Checkpoints are no versions.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lora_core.model_files import ModelFile
from lora_core.model_urls import faster, same_model
from lora_core.records import Changes, Records
from lora_core.styles import Style
from lora_core.times import to_iso
from lora_core.versions import Version, VersionStatus

_CHECKPOINT = re.compile(r"-(step)?\d{6,}$")


@dataclass(frozen=True)
class Adoption:
    """A file and the version that it belongs to; `version` None: a new record will be made."""

    file: ModelFile
    version: Version | None


@dataclass(frozen=True)
class ModelSyncPlan:
    """What applying would do; nothing is done by planning."""

    style: Style
    adoptions: tuple[Adoption, ...]
    ambiguous: tuple[tuple[ModelFile, tuple[Version, ...]], ...]
    """Files with more than one candidate; they are left for a person to decide."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.adoptions


def planned(
    style: Style, files: Iterable[ModelFile], live: Sequence[Version], trash: Sequence[Version]
) -> ModelSyncPlan:
    """Pure: what would become of each model file of the style."""
    prefix = f"style_{style.id}_v"
    adoptions: list[Adoption] = []
    ambiguous: list[tuple[ModelFile, tuple[Version, ...]]] = []
    for file in files:
        if not file.name.startswith(prefix):
            continue
        matches = _matches(file, [*live, *trash])
        if len(matches) > 1:
            ambiguous.append((file, tuple(matches)))
        elif not matches:
            # Only here: the model of a version named test-20251012 looks like a checkpoint, and is none.
            if not _CHECKPOINT.search(file.name):
                adoptions.append(Adoption(file, None))
        elif not matches[0].is_in_trash and _changes(matches[0], file):
            adoptions.append(Adoption(file, matches[0]))
    return ModelSyncPlan(style, tuple(adoptions), tuple(ambiguous))


def applied(plan: ModelSyncPlan, records: Records) -> list[Version]:
    """Carries the plan out on the records as they are now; twice does no more than once."""
    done = []
    for adoption in plan.adoptions:
        if adoption.version is not None:
            done.append(records.patch(plan.style, adoption.version.key, _change_to(adoption.file)))
        else:
            done.append(_new_version(plan.style, adoption.file, records))
    return done


def _change_to(file: ModelFile) -> Callable[[Version], Changes]:
    return lambda version: _changes(version, file)


def _matches(file: ModelFile, versions: list[Version]) -> list[Version]:
    rules: tuple[Callable[[Version], bool], ...] = (
        lambda version: same_model(version.lora_url, file.url),
        lambda version: version.model_name == file.name,
        lambda version: version.id in (file.name, f"{file.name}.safetensors"),
        lambda version: (
            version.submission is None and f"style_{version.style_id}_v{version.name}" == file.name
        ),
    )
    candidates = [version for version in versions if version.status is not VersionStatus.DRAFT]
    for rule in rules:
        if found := [version for version in candidates if rule(version)]:
            return found
    return []


def _changes(version: Version, file: ModelFile) -> Changes:
    """An address, or a faster one; and for a record of the old system that never learned its end, the end.

    What the lab itself sent is judged by `decide`, on evidence of its job, not here.
    """
    changes: dict[str, object] = {}
    url = faster(version.lora_url, file.url)
    if version.is_final or version.submission is None:
        changes["loraUrl"] = url
    if version.submission is None and version.status is not VersionStatus.COMPLETED:
        changes |= {
            "loraUrl": url,
            "status": VersionStatus.COMPLETED.value,
            "completedAt": to_iso(file.modified_at),
            "statusNote": "found by its model file",
            "error": None,
            "failedAt": None,
            "failureReason": None,
        }
    elif version.status is VersionStatus.FAILED:
        changes = {}
    return {name: value for name, value in changes.items() if version.raw.get(name) != value}


def _new_version(style: Style, file: ModelFile, records: Records) -> Version:
    content = {
        "name": file.name.removeprefix(f"style_{style.id}_v"),
        "timestamp": to_iso(file.modified_at),
        "description": "Found as a model file; its settings are not recorded.",
        "parameters": {},
        "status": VersionStatus.COMPLETED.value,
        "loraUrl": file.url,
        "completedAt": to_iso(file.modified_at),
        "modelName": file.name,
        "id": file.name,
    }
    # One key per file: two who adopt it at once make one record.
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{style.folder}/{file.name}"))
    return records.create(style, content, name=None, based_on=None, key=key)[0]
