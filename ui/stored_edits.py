"""How unsaved edits are written into the browser's localStorage: one item per form, its fields as JSON."""

import json
from collections.abc import Mapping
from typing import Any, Final

from lora_core.parameters import is_text

_PREFIX: Final = "training_edits_"


def item(form_id: str) -> str:
    """The name of a form's item."""
    return f"{_PREFIX}{form_id}"


def text(edits: Mapping[str, Any]) -> str | None:
    """What its item holds; None where there is nothing to keep."""
    return json.dumps(edits, ensure_ascii=False) if edits else None


def read_all(stored: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The edits of every form by its id. What cannot be read is passed over: anybody may have written it."""
    found = {
        name.removeprefix(_PREFIX): _read(value) for name, value in stored.items() if name.startswith(_PREFIX)
    }
    return {form_id: edits for form_id, edits in found.items() if edits}


def _read(value: str) -> dict[str, Any]:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    fields = parsed if isinstance(parsed, dict) else {}
    return {field: typed for field, typed in fields.items() if typed is None or _can_be_typed(typed)}


def _can_be_typed(value: object) -> bool:
    return type(value) is int or is_text(value)
