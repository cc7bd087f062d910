"""What the training form holds: what is recorded, and over it what was typed."""

from dataclasses import dataclass
from typing import Any, Final

from lora_core import PARAMETER_NAMES, Style, TrainingLab, TrainingParameters, Version, VersionStatus
from ui import form_state, words
from ui.numbers import typed_number
from ui.selection import Selection

_CHOSEN: Final = frozenset({"lr_scheduler", "optimizer_type", "gradient_dtype", "selection_set_id"})
_TEXT: Final = frozenset({"class_tokens", "name", "description"})


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
    form_id: str
    recorded: dict[str, Any]
    """Per field, what the widget shows before anything is typed."""
    numbers: dict[str, Any]
    """The recorded parameters themselves: sent as they are while their fields are untouched."""
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
        return any(self._is_edit(field, value) for field, value in form_state.edits(self.form_id).items())

    def _is_edit(self, field: str, value: Any) -> bool:
        # 1e-4 typed over 0.0001 is the same number.
        return field not in self.numbers or self._typed(field, value) != self.numbers[field]

    def value(self, field: str) -> Any:
        """What the widget shows."""
        return form_state.edits(self.form_id).get(field, self.recorded[field])

    def widget(self, field: str) -> str:
        """The key of the field's widget, its state set."""
        return form_state.widget_key(self.form_id, field, self.value(field), self.recorded[field])

    def changed(self, field: str) -> None:
        """The `on_change` of the field's widget."""
        form_state.changed(self.form_id, field)

    def put(self, field: str, value: object) -> None:
        """Fills in a value for the user."""
        shown = value if field in _CHOSEN | _TEXT else words.number(value)
        form_state.put(self.form_id, field, shown, self.recorded[field])

    def discard(self) -> None:
        """Forgets what was typed."""
        form_state.discard(self.form_id)

    def differs_from_default(self, field: str) -> bool:
        """Whether a parameter is not what a new version would have."""
        return bool(self.value(field) != _shown(_defaults(self.style), field))

    def content(self) -> FormContent:
        """Everything as typed, numbers as numbers."""
        edits = form_state.edits(self.form_id)
        parameters = {
            name: self._typed(name, edits[name]) if name in edits else self.numbers[name]
            for name in PARAMETER_NAMES
        }
        name = str(self.value("name")).strip()
        return FormContent(
            parameters, self.value("selection_set_id"), name or None, self.value("description")
        )

    def _typed(self, field: str, value: Any) -> Any:
        return value if field in _CHOSEN | _TEXT else typed_number(str(value))


def form_of(lab: TrainingLab, selection: Selection) -> Form:
    """The form of a selection, before anything is typed."""
    style, version = selection
    numbers = _defaults(style) if version is None else version.parameters.as_dict()
    is_draft = version is not None and version.status is VersionStatus.DRAFT
    recorded = {name: _shown(numbers, name) for name in PARAMETER_NAMES}
    recorded["selection_set_id"] = _first_set(lab, style) if version is None else version.selection_set_id
    recorded["name"] = version.name if version is not None and is_draft else ""
    # A description tells of one training; the next one has its own.
    recorded["description"] = version.description if version is not None and is_draft else ""
    next_name = lab.next_name(style.folder, version.key if version else None)
    return Form(style, version, selection.form_id, recorded, dict(numbers), next_name)


def _defaults(style: Style) -> dict[str, Any]:
    return TrainingParameters().with_class_tokens(style.trigger_token).model_dump()


def _shown(numbers: dict[str, Any], field: str) -> Any:
    value = numbers[field]
    if field in _CHOSEN:
        return value
    return "" if value is None else str(value) if field in _TEXT else words.number(value)


def _first_set(lab: TrainingLab, style: Style) -> int | None:
    sets = lab.selection_sets(style.folder)
    return sets[0].id if sets else None
