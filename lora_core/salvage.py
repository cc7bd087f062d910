"""What can be saved of a history that is no valid JSON any more: a proposal, never written by itself."""

import json
import re
from dataclasses import dataclass

from lora_core import json_text
from lora_core.document import Record

_decode = json.JSONDecoder().raw_decode
_SCAFFOLD = re.compile(r'[\s\[\]{},\x00\ufeff]+|"versions"\s*:')


@dataclass(frozen=True)
class Salvage:
    """The records that are whole, newest first, and the pieces of text that could not be understood."""

    records: tuple[Record, ...]
    not_understood: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The document that is proposed."""
        return json_text.dumps({"versions": list(self.records)})


def salvage(data: bytes) -> Salvage:
    """Every whole object that looks like a record, of several with one id the first; total."""
    text = data.decode("utf-8", errors="replace")
    records: dict[str, Record] = {}
    pieces, at, end = [], text.find("{"), 0
    while at >= 0:
        value, after = _object_at(text, at)
        if value is not None:
            records.setdefault(str(value["id"]), value)
            pieces.append(text[end:at])
            end = after
        at = text.find("{", max(after, at + 1))
    pieces.append(text[end:])
    rest = tuple(piece.strip() for piece in pieces if _SCAFFOLD.sub("", piece).strip())
    return Salvage(tuple(records.values()), rest)


def _object_at(text: str, at: int) -> tuple[Record | None, int]:
    try:
        value, end = _decode(text, at)
    except (ValueError, RecursionError):
        return None, at + 1
    if isinstance(value, dict) and "id" in value and ("parameters" in value or "status" in value):
        return value, end
    # A whole object that is no record may hold records: look inside.
    return None, at + 1
