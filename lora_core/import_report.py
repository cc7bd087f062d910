"""What an import did, or would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ImportedKind(StrEnum):
    """What can be brought in, as one of it is called."""

    VERSION = "version"
    DELETED = "deleted version"
    SET = "selection set"
    PICTURE = "picture"
    CAPTION = "caption"
    FILE_LIST = "file list of a training"
    STYLE_FILE = "style.json"
    DAMAGED = "damaged file, as it is"


@dataclass(frozen=True)
class StyleImport:
    """What became of one style of the source."""

    folder: str
    is_new: bool = True
    added: Mapping[ImportedKind, int] = field(default_factory=dict)
    already_here: Mapping[ImportedKind, int] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    """Sentences: what is another here than in the source; it was left as it is here."""
    passed_over: tuple[str, ...] = ()
    """Sentences: what was not brought in, such as links."""
    problem: str | None = None
    """Why nothing, or nothing more, of it was brought in."""

    @property
    def changes_anything(self) -> bool:
        """Whether anything of it is new here."""
        return any(self.added.values())


@dataclass(frozen=True)
class ImportReport:
    """What became, or would become, of all styles of the source."""

    path: str
    styles: tuple[StyleImport, ...]
    is_dry_run: bool
    passed_over: tuple[str, ...] = ()
    """Sentences: what is called like a style and is no folder."""

    @property
    def changes_anything(self) -> bool:
        """Whether anything was, or would be, written."""
        return any(one.changes_anything for one in self.styles)

    @property
    def lines(self) -> tuple[str, ...]:
        """For the user, one after the other."""
        if not self.styles:
            return (
                *self.passed_over,
                f"No style was found in {self.path}. A style's folder is called like 16_ink and holds its pictures "
                "or its training_versions.json.",
            )
        return (*self.passed_over, *(line for one in self.styles for line in _lines(one, self.is_dry_run)))


def _lines(one: StyleImport, is_dry_run: bool) -> list[str]:
    new, comes = (" (new)" if one.is_new else ""), ("would come in" if is_dry_run else "came in")
    lines = []
    if one.changes_anything:
        lines.append(f"{one.folder}{new}: {_counted(one.added)} {comes}.")
    elif one.problem is None:
        lines.append(f"{one.folder}: nothing is missing here.")
    if any(one.already_here.values()):
        lines.append(f"{one.folder}: {_counted(one.already_here)} here already.")
    told = (*one.conflicts, *one.passed_over, *([one.problem] if one.problem else []))
    return lines + [f"{one.folder}: {sentence}" for sentence in told]


def _counted(numbers: Mapping[ImportedKind, int]) -> str:
    parts = [_of(kind, numbers[kind]) for kind in ImportedKind if numbers.get(kind)]
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def _of(kind: ImportedKind, count: int) -> str:
    if count == 1 or kind in (ImportedKind.STYLE_FILE, ImportedKind.DAMAGED, ImportedKind.FILE_LIST):
        return (
            f"{count:,} {kind.value}" if kind is not ImportedKind.STYLE_FILE else "its name and trigger token"
        )
    return f"{count:,} {kind.value}s"
