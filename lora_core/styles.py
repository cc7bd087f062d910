"""Styles: one folder each, `{id}_{slug}`, with pictures, captions and selection sets."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lora_core import json_text
from lora_core.captions import Captions
from lora_core.document import HistoryDocument
from lora_core.errors import (
    InvalidNameError,
    NotFoundError,
    StoreConflictError,
    StoreError,
    StoreUnavailableError,
)
from lora_core.histories import Histories
from lora_core.naming import normalized, slug
from lora_core.parameters import RecordedParameters
from lora_core.stores import DocumentStore

StyleId = int | str
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_FOLDER = re.compile(r"(\d+)_(.+)", re.DOTALL)
_STYLE_FILE = "style.json"
_SETS_FILE = "selection_sets.json"
_CLAIMS = ".lora_lab/style_ids"


@dataclass(frozen=True)
class Style:
    """A style: what its LoRAs are to learn."""

    id: str
    """As in the folder's name: `1` and `0001` are two styles."""
    folder: str
    name: str
    trigger_token: str
    problem: str | None = None
    """A sentence, when nothing can be started for it."""

    @property
    def class_tokens(self) -> str:
        """What the trainer puts before every caption by default."""
        return f"style {self.trigger_token}"


@dataclass(frozen=True)
class SelectionSet:
    """A numbered choice of a style's pictures."""

    id: int
    filenames: tuple[str, ...]


class Styles:
    """The styles below a store's root. Reading writes nothing."""

    def __init__(self, store: DocumentStore, histories: Histories) -> None:
        self.store = store
        self.histories = histories
        self.captions = Captions()
        self._claims: dict[str, object] = {}
        # Each beside what it was made of: a page asks for them many times in each of its runs.
        self._parsed: dict[str, tuple[str, object]] = {}
        self._sets: dict[str, tuple[object, tuple[SelectionSet, ...]]] = {}
        self._triggers: dict[str, tuple[HistoryDocument, str | None]] = {}

    def all(self) -> list[Style]:
        """All styles, by number, then folder."""
        folders = [folder for folder in self.store.folders() if _FOLDER.fullmatch(folder)]
        ids = [_id_of(folder) for folder in folders]
        styles = [self._style(folder, ids.count(_id_of(folder)) > 1) for folder in folders]
        return sorted(styles, key=lambda style: (int(style.id), style.folder))

    def find(self, style_id: StyleId) -> Style:
        """By id or by folder; raises NotFoundError. Of two folders with one id, name the folder."""
        wanted = str(style_id)
        folders = [folder for folder in self.store.folders() if _FOLDER.fullmatch(folder)]
        found = [folder for folder in folders if folder == wanted or _id_of(folder) == wanted]
        if not found:
            raise NotFoundError(f"There is no style {wanted}. Create it, or check LORA_LAB_ROOT.")
        exact = [folder for folder in found if folder == wanted]
        return self._style((exact or found)[0], len(found) > 1 and not exact)

    def create(
        self, name: str, *, style_id: StyleId | None = None, trigger_token: str | None = None
    ) -> Style:
        """A new style with an empty folder.

        The id (the next free number unless given) is claimed in the store before it is used, so that two at
        once get two. Raises InvalidNameError for an empty name or an id that is no number or is taken.
        """
        name = normalized(name)
        if not name:
            raise InvalidNameError("A style needs a name.")
        style = self._claimed(style_id, name, trigger_token)
        self.store.write(f"{style.folder}/{_STYLE_FILE}", json_text.dumps(_content(style)), if_match=None)
        return style

    def selection_sets(self, style: Style) -> list[SelectionSet]:
        """The style's selection sets by number; what is no set is passed over."""
        parsed = self._json(f"{style.folder}/{_SETS_FILE}")
        known = self._sets.get(style.folder)
        if known is None or known[0] is not parsed:
            known = self._sets[style.folder] = (parsed, _selection_sets(parsed))
        return list(known[1])

    def selection_set(self, style: Style, set_id: int) -> SelectionSet:
        """One of them; raises NotFoundError."""
        for one in self.selection_sets(style):
            if one.id == set_id:
                return one
        raise NotFoundError(f"{style.name} has no selection set {set_id}. Choose one of its sets.")

    def save_selection_sets(self, style: Style, sets: Sequence[SelectionSet]) -> None:
        """Writes the style's first sets; raises StoreConflictError when there are some already."""
        content = {"sets": [{"id": one.id, "filenames": list(one.filenames)} for one in sets]}
        self.store.write(f"{style.folder}/{_SETS_FILE}", json_text.dumps(content), if_match=None)

    def images(self, style: Style) -> list[str]:
        """File names of the style's pictures, sorted."""
        return [
            name
            for name in self.store.names(style.folder)
            if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES
        ]

    def _style(self, folder: str, is_ambiguous: bool) -> Style:
        style_id = _id_of(folder)
        parsed: object = None
        with suppress(StoreUnavailableError):  # its own pages tell; the other styles go on
            parsed = self._json(f"{folder}/{_STYLE_FILE}") or self._as_claimed(folder, style_id)
        own: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
        name, token = own.get("name"), own.get("triggerToken")
        problem = f"Two folders have the id {style_id}; rename one of them." if is_ambiguous else None
        return Style(
            id=style_id,
            folder=folder,
            name=name if isinstance(name, str) and name else _title(folder),
            trigger_token=token
            if isinstance(token, str) and token
            else self._recorded_trigger(folder, style_id),
            problem=problem,
        )

    def _recorded_trigger(self, folder: str, style_id: str) -> str:
        """What the newest version that tells was trained with; else the token that the old system made."""
        token = None
        with suppress(StoreError):
            history = self.histories.live(folder)
            known = self._triggers.get(folder)
            if known is None or known[0] is not history:
                known = self._triggers[folder] = (history, _newest_trigger(history))
            token = known[1]
        return token or f"SBai_style_{style_id}"

    def _json(self, name: str) -> object:
        """What stands in a document, to be read and never changed; None when there is nothing, or no JSON."""
        stored = self.store.read(name)
        if stored is None:
            return None
        known = self._parsed.get(name)
        if known is None or known[0] != stored.etag:
            known = self._parsed[name] = (stored.etag, _loaded(stored.data))
        return known[1]

    def _claimed(self, style_id: StyleId | None, name: str, trigger_token: str | None) -> Style:
        taken = {_id_of(folder) for folder in self.store.folders() if _FOLDER.fullmatch(folder)}
        if style_id is not None:
            wanted = str(style_id)
            if not (wanted.isascii() and wanted.isdecimal()):
                raise InvalidNameError(f"A style's id is a whole number, not {wanted!r}.")
            style = None if wanted in taken else self._claim(wanted, name, trigger_token)
            if style is None:
                raise InvalidNameError(f"The id {wanted} is taken; choose another one.")
            return style
        number = max((int(one) for one in taken), default=0) + 1
        while str(number) in taken or (style := self._claim(str(number), name, trigger_token)) is None:
            number += 1
        return style

    def _claim(self, style_id: str, name: str, trigger_token: str | None) -> Style | None:
        """The style that the id is for by now; None when the id is taken."""
        folder, token = f"{style_id}_{_folder_slug(name)}", trigger_token or f"SBai_style_{style_id}"
        style = Style(style_id, folder, name, token)
        claim = json_text.dumps({"folder": folder, **_content(style)})
        try:
            self.store.write(f"{_CLAIMS}/{style_id}", claim, if_match=None)
        except StoreConflictError:
            return None
        return style

    def _as_claimed(self, folder: str, style_id: str) -> object:
        """What a style is to be whose maker was killed between its folder and its `style.json`.

        Asked once for each folder: an id is claimed before there is one, and never anew.
        """
        if folder not in self._claims:
            claim = self._json(f"{_CLAIMS}/{style_id}")
            is_its_own = isinstance(claim, dict) and claim.get("folder") == folder
            self._claims[folder] = claim if is_its_own else None
        return self._claims[folder]


def _content(style: Style) -> dict[str, object]:
    return {"id": int(style.id), "name": style.name, "triggerToken": style.trigger_token}


def _loaded(data: bytes) -> object:
    try:
        return json_text.loads(data)
    except ValueError:
        return None


def _newest_trigger(history: HistoryDocument) -> str | None:
    for record in history.records:
        tokens = RecordedParameters.from_raw(record.get("parameters")).class_tokens
        if tokens and (token := tokens.removeprefix("style ").strip()):
            return token
    return None


def _id_of(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return match[1] if match else ""


def _title(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return (match[2] if match else folder).replace("_", " ").title()


def _folder_slug(name: str) -> str:
    return slug(name).replace("-", "_").replace(".", "_").casefold()


def _selection_sets(parsed: object) -> tuple[SelectionSet, ...]:
    entries = parsed.get("sets") if isinstance(parsed, dict) else None
    sets = [_selection_set(entry) for entry in entries] if isinstance(entries, list) else []
    return tuple(sorted((one for one in sets if one is not None), key=lambda one: one.id))


def _selection_set(entry: object) -> SelectionSet | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("filenames"), list):
        return None
    number = str(entry.get("id"))[:18]
    names = tuple(name for name in entry["filenames"] if isinstance(name, str))
    return SelectionSet(int(number), names) if number.isascii() and number.isdecimal() else None
