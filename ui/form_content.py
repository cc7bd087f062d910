"""What the training form holds: what is recorded, and over it what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lora_core import (
    PARAMETER_NAMES,
    NotFoundError,
    SelectionSet,
    Style,
    TrainingLab,
    TrainingParameters,
    Version,
    VersionStatus,
)
from ui import form_state, words
from ui.numbers import typed_number
from ui.selection import Selection

CHOSEN: Final = frozenset({"lr_scheduler", "optimizer_type", "gradient_dtype"})
"""Parameters that are picked from a list."""

DATASET: Final = "selection_set_id"
_TEXT: Final = frozenset({"class_tokens", "name", "description"})
_LARGEST_ID: Final = 2**53


@dataclass(frozen=True)
class FormContent:
    """The form as it would be started."""

    parameters: dict[str, Any]
    selection_set_id: int | None
    name: str | None
    description: str


@dataclass(frozen=True)
class Form:
    """The form of one selection: a draft's own, or that of the version which will be based on it."""

    style: Style
    version: Version | None
    base: Version | None
    """What the form is compared with: the version it starts from, or that a draft was based on."""
    form_id: str
    sets: Mapping[int, SelectionSet]
    """The style's selection sets by their number."""
    recorded: dict[str, Any]
    """Per field, what the widget shows before anything is typed."""
    numbers: dict[str, Any]
    """The recorded parameters themselves: sent as they are while their fields are untouched."""
    edits: Mapping[str, Any]
    """Fields that were changed, as typed."""
    next_name: str

    @property
    def is_draft(self) -> bool:
        """Whether it changes the selected version itself."""
        return self.version is not None and self.version.status is VersionStatus.DRAFT

    @property
    def heading(self) -> str:
        """Whose form this is."""
        if self.version is None:
            return "New version"
        name = words.escaped(self.version.name)
        return f"Draft {name}" if self.is_draft else f"New version, based on {name}"

    @property
    def is_edited(self) -> bool:
        """Whether something was typed that is recorded nowhere."""
        return bool(self.edits)

    @property
    def selection_set(self) -> SelectionSet | None:
        """The pictures that are chosen; None also where the set is no longer there."""
        return self.sets.get(self.value(DATASET))

    def value(self, field: str) -> Any:
        """What the widget shows."""
        return self.edits.get(field, self.recorded[field])

    def widget(self, field: str) -> dict[str, Any]:
        """What a field needs beside its looks: its key, its state set, and what follows a change."""
        key = form_state.widget_key(self.form_id, field, self.value(field), self.recorded[field])
        return {"key": key, "on_change": self.changed, "args": (field,)}

    def changed(self, field: str) -> None:
        """The `on_change` of the field's widget."""
        form_state.changed(self.form_id, field)

    def put(self, field: str, value: object) -> None:
        """Fills in a value for the user."""
        form_state.put(self.form_id, field, _shown(field, value), self.recorded[field])

    def put_all(self, values: Mapping[str, object]) -> None:
        """Fills in several."""
        for field, value in values.items():
            self.put(field, value)

    def discard(self) -> None:
        """Forgets what was typed."""
        form_state.discard(self.form_id)

    def differs_from_default(self, field: str) -> bool:
        """Whether a parameter is not what a new version would have."""
        return not _is_same(self.parameter(field), _defaults(self.style)[field])

    def differs_from_base(self, field: str) -> bool:
        """Whether a parameter or the dataset is another one than that of the version it is based on."""
        return self.base is not None and not _is_same(self.parameter(field), self.of_base(field))

    def of_base(self, field: str) -> Any:
        """What the version it is based on has there; None is "not recorded"."""
        if self.base is None:
            return None
        return self.base.selection_set_id if field == DATASET else getattr(self.base.parameters, field)

    def parameter(self, field: str) -> Any:
        """A parameter or the dataset as it would be sent."""
        if field == DATASET:
            return self.value(field)
        return _typed(field, self.edits[field]) if field in self.edits else self.numbers[field]

    def content(self) -> FormContent:
        """Everything as typed, numbers as numbers."""
        name = str(self.value("name")).strip()
        return FormContent(
            parameters={name: self.parameter(name) for name in PARAMETER_NAMES},
            selection_set_id=self.value(DATASET),
            name=name or None,
            description=self.value("description"),
        )


def form_of(lab: TrainingLab, selection: Selection) -> Form:
    """The form of a selection, with all that was typed into it."""
    style, version = selection
    numbers = _defaults(style) if version is None else version.parameters.as_dict()
    is_draft = version is not None and version.status is VersionStatus.DRAFT
    sets = {one.id: one for one in lab.selection_sets(style.folder)}
    recorded = {name: _shown(name, numbers[name]) for name in PARAMETER_NAMES}
    recorded[DATASET] = next(iter(sets), None) if version is None else version.selection_set_id
    recorded["name"] = version.name if version is not None and is_draft else ""
    # A description tells of one training; the next one has its own.
    recorded["description"] = version.description if version is not None and is_draft else ""

    def is_edit(field: str, value: object) -> bool:
        if field not in recorded or not _fits(field, value) or value == recorded[field]:
            return False
        # 1e-4 typed over 0.0001 is the same number.
        return field not in numbers or not _is_same(_typed(field, value), numbers[field])

    form_state.settle(selection.form_id, is_edit)
    return Form(
        style=style,
        version=version,
        base=_base_of(lab, style, version) if is_draft else version,
        form_id=selection.form_id,
        sets=sets,
        recorded=recorded,
        numbers=dict(numbers),
        edits=form_state.edits(selection.form_id),
        next_name=lab.next_name(style.folder, version.key if version else None),
    )


def _base_of(lab: TrainingLab, style: Style, draft: Version | None) -> Version | None:
    if draft is None or draft.based_on is None:
        return None
    try:
        return lab.version(style.folder, draft.based_on)
    except NotFoundError:
        return None


def _defaults(style: Style) -> dict[str, Any]:
    return TrainingParameters().with_class_tokens(style.trigger_token).model_dump()


def _typed(field: str, value: Any) -> Any:
    return value if field in CHOSEN | _TEXT else typed_number(str(value))


def _shown(field: str, value: Any) -> Any:
    if field in CHOSEN or field == DATASET:
        return value
    return "" if value is None else str(value) if field in _TEXT else words.number(value)


def _is_same(one: object, other: object) -> bool:
    """An empty text field and one that was never recorded are the same; so are 16 and 16.0."""
    return one == other or (one in (None, "") and other in (None, ""))


def _fits(field: str, value: object) -> bool:
    """Whether a field of this kind can hold it: what a browser had stored may be anything."""
    if field == DATASET:
        return value is None or (type(value) is int and 0 <= value < _LARGEST_ID)
    return isinstance(value, str) or (value is None and field in CHOSEN)
