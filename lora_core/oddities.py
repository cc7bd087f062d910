"""What JSON parsers pass over in silence, though the user may miss it: such a history counts as damaged.

The splicing of `HistoryDocument` gets along with all of this, and keeps it. But a configuration that no page
shows is lost to its user all the same: an entry that is no version, one that cannot be named, or the first
of two values under one key, of which every parser tells the last.
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from lora_core import json_text
from lora_core.document import HistoryDocument, NotAHistoryError, parsed, record_key

_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}


def checked(data: bytes) -> HistoryDocument:
    """The history; for bytes that the lab has not written itself.

    Raises NotAHistoryError for what is no history, and for one in which something would be hidden. The check
    takes 1.3 ms for 1,000 records (0.9 MB) and 15 ms for 10,000.
    """
    whole = parsed(data)
    document = HistoryDocument(data, tuple(whole["versions"]))
    if (oddity := _oddity(document, whole)) is not None:
        raise NotAHistoryError(oddity)
    return document


def _oddity(document: HistoryDocument, whole: dict[str, Any]) -> str | None:
    """What would be hidden and where, as the end of a sentence; None when all can be seen."""
    for number, entry in enumerate(document.entries, 1):
        if not isinstance(entry, dict):
            kind = _KINDS.get(type(entry), "a number")
            return f"entry {number} of its versions is {kind}, not a version"
        if not record_key(entry):
            return f"{_entry(number, entry)} has neither a key nor an id"
    if _is_all_told(document.data, whole):
        return None
    try:
        return next(_doubled(document), None)
    except RecursionError:
        return "it is nested too deeply"


def _doubled(document: HistoryDocument) -> Iterator[str]:
    text = document.data.decode()
    if [member.key for member in json_text.members(text)].count("versions") > 1:
        yield '"versions" stands in it twice'
    start = json_text.member_start(text, "versions")
    for number, span in enumerate(json_text.elements(text, start), 1):
        for key in _doubled_keys(text[span.start : span.end]):
            where = _entry(number, document.entries[number - 1])
            yield f"{json.dumps(json_text.well_formed(key), ensure_ascii=False)} stands twice in {where}"


def _doubled_keys(text: str) -> list[str]:
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            found.extend(key for key in keys if keys.count(key) > 1)

    json.loads(text, object_pairs_hook=look, parse_int=float)
    return found


def _is_all_told(data: bytes, whole: dict[str, Any]) -> bool:
    """Whether as many quotes are read as stand in the text: what is passed over has a key, and that has two."""
    try:
        told = orjson.dumps(whole)
    except orjson.JSONEncodeError:  # half a character, or nested deeply: look closely
        return False
    # An escaped quote may stand as \u0022 in the one text and as \" in the other.
    has_other_quotes = b"\\" in data and rb"\u0022" in data
    return not has_other_quotes and data.count(b'"') == told.count(b'"')


def _entry(number: int, entry: dict[str, Any]) -> str:
    name = entry.get("name")
    told = f" ({json_text.well_formed(name)})" if isinstance(name, str) and name else ""
    return f"entry {number} of its versions{told}"
