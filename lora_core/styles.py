"""Styles: one folder each, `{id}_{slug}`, and what each says of itself."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lora_core import json_text
from lora_core.captions import Captions
from lora_core.document import HistoryDocument
from lora_core.errors import (
    InvalidNameError,
    NotAllowedError,
    NotFoundError,
    StoreConflictError,
    StoreError,
    StoreUnavailableError,
    UnreadableDocumentError,
)
from lora_core.histories import Histories
from lora_core.naming import name_problem, normalized, slug
from lora_core.parameters import RecordedParameters
from lora_core.stores import DocumentStore

StyleId = int | str
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_FOLDER = re.compile(r"(\d+)_(.+)", re.DOTALL)
STYLE_FILE = "style.json"
_CLAIMS = ".lora_lab/style_ids"
_TRIES = 20
_LONGEST_TOKEN = 60
_LONGEST_ID = 18


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


class Styles:
    """The styles below a store's root. Reading writes nothing."""

    def __init__(self, store: DocumentStore, histories: Histories) -> None:
        self.store = store
        self.histories = histories
        self.captions = Captions()
        self._claims: dict[str, object] = {}
        # Each beside what it was made of: a page asks for them many times in each of its runs.
        self._parsed: dict[str, tuple[str, object]] = {}
        self._triggers: dict[str, tuple[HistoryDocument, str | None]] = {}

    def all(self) -> list[Style]:
        """All styles, by number, then folder."""
        folders = [folder for folder in self.store.folders() if _FOLDER.fullmatch(folder)]
        ids = [id_of(folder) for folder in folders]
        styles = [self._style(folder, ids.count(id_of(folder)) > 1) for folder in folders]
        return sorted(styles, key=lambda style: (int(style.id), style.folder))

    def find(self, style_id: StyleId) -> Style:
        """By id or by folder; raises NotFoundError. Of two folders with one id, name the folder.

        Both have a `problem` then, however they are named: their models would have the same names.
        """
        wanted = str(style_id)
        folders = [folder for folder in self.store.folders() if _FOLDER.fullmatch(folder)]
        found = [folder for folder in folders if folder == wanted or id_of(folder) == wanted]
        if not found:
            raise NotFoundError(f"There is no style {wanted}. Create it, or check LORA_LAB_ROOT.")
        folder = wanted if wanted in found else found[0]
        return self._style(folder, [id_of(one) for one in folders].count(id_of(folder)) > 1)

    def named(self, style_id: StyleId) -> Style:
        """The same for one that is about to be changed. Raises NotAllowedError for an id of two folders."""
        style = self.find(style_id)
        if style.problem is not None and style.folder != str(style_id):
            raise NotAllowedError(
                f"Two folders have the id {style.id}; nothing was changed. Name the one that is meant by its "
                f"folder, e.g. {style.folder}."
            )
        return style

    def create(
        self, name: str, *, style_id: StyleId | None = None, trigger_token: str | None = None
    ) -> Style:
        """A new style with an empty folder.

        The id (the next free number unless given) is claimed in the store before it is used, so that two at
        once get two. Raises InvalidNameError for an empty name or an id that is no number or is taken.
        """
        name = _checked_name(name)
        token = checked_trigger(trigger_token) if trigger_token is not None else None
        style = self._claimed(style_id, name, token)
        self.store.write(f"{style.folder}/{STYLE_FILE}", json_text.dumps(_content(style)), if_match=None)
        return style

    def may_claim(self, folder: str, *, is_asking: bool) -> bool:
        """Claims its id for a folder that is about to come in from elsewhere; or only asks whether that is possible."""
        name = f"{_CLAIMS}/{id_of(folder)}"
        claim = self._json(name)
        if claim is None and not is_asking:
            with suppress(StoreConflictError):  # somebody else was faster
                self.store.write(name, json_text.dumps({"folder": folder}), if_match=None)
            claim = self._json(name)
        return (is_asking and claim is None) or _is_for(claim, folder)

    def rename(self, style: Style, name: str) -> Style:
        """Another name; the folder stays. Raises InvalidNameError, UnreadableDocumentError."""
        return self._changed(style, "name", _checked_name(name))

    def change_trigger_token(self, style: Style, token: str) -> Style:
        """Another trigger token for what is trained from now on; captions stay as they are.

        Raises InvalidNameError, UnreadableDocumentError.
        """
        return self._changed(style, "triggerToken", checked_trigger(token))

    def images(self, style: Style) -> list[str]:
        """File names of the style's pictures, sorted."""
        return [
            name
            for name in self.store.names(style.folder)
            if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES
        ]

    def _style(self, folder: str, is_ambiguous: bool) -> Style:
        style_id = id_of(folder)
        parsed: object = None
        with suppress(StoreUnavailableError):  # its own pages tell; the other styles go on
            parsed = self._json(f"{folder}/{STYLE_FILE}") or self._as_claimed(folder, style_id)
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

    def _changed(self, style: Style, key: str, value: str) -> Style:
        """`style.json` with one key set, others kept; a folder without one gets one that says what it was."""
        document = f"{style.folder}/{STYLE_FILE}"
        with self.store.exclusive(document):
            for _ in range(_TRIES):
                stored = self.store.read(document)
                data = json_text.dumps(_content(self.find(style.folder))) if stored is None else stored.data
                own = _loaded(data)
                if not isinstance(own, dict):
                    raise UnreadableDocumentError(
                        document, "it is no JSON object", "Correct it, or move it away"
                    )
                if stored is not None and own.get(key) == value:
                    break
                text = json_text.with_member(data.decode(), key, value)
                try:
                    self.store.write(document, text.encode(), if_match=stored and stored.etag)
                    break
                except StoreConflictError:  # by somebody without our lock
                    continue
            else:
                raise StoreConflictError(f"{document} is being changed by others all the time. Try again.")
        return self.find(style.folder)

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
        taken = {id_of(folder) for folder in self.store.folders() if _FOLDER.fullmatch(folder)}
        if style_id is not None:
            wanted = str(style_id)
            if not (wanted.isascii() and wanted.isdecimal()):
                raise InvalidNameError(f"A style's id is a whole number, not {wanted[:_LONGEST_ID]!r}.")
            if len(wanted) > _LONGEST_ID:
                raise InvalidNameError(
                    f"A style's id has at most {_LONGEST_ID} digits; choose a shorter one."
                )
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
            self._claims[folder] = claim if _is_for(claim, folder) else None
        return self._claims[folder]


def checked_trigger(token: str) -> str:
    """The token as it is kept. Raises InvalidNameError.

    It is one word: trainers and captions divide at commas, and of several words each would be learnt by itself.
    """
    text = normalized(token)
    if not text:
        raise InvalidNameError("A style needs a trigger token: enter one, e.g. SBai_style_16.")
    is_word = text.isprintable() and not any(character.isspace() or character == "," for character in text)
    if len(text) > _LONGEST_TOKEN or not is_word:
        raise InvalidNameError(
            f"A trigger token is one word of at most {_LONGEST_TOKEN} characters, without spaces and commas: "
            "write e.g. wet_ink."
        )
    return text


def _checked_name(name: str) -> str:
    text = normalized(name)
    if not text:
        raise InvalidNameError("A style needs a name.")
    if (problem := name_problem(text)) is not None:
        raise InvalidNameError(problem)
    return text


def _content(style: Style) -> dict[str, object]:
    return {"id": int(style.id), "name": style.name, "triggerToken": style.trigger_token}


def _is_for(claim: object, folder: str) -> bool:
    return isinstance(claim, dict) and claim.get("folder") == folder


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


def id_of(folder: str) -> str:
    """The id in a folder's name; empty for a folder that is no style's."""
    match = _FOLDER.fullmatch(folder)
    return match[1] if match else ""


def _title(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return (match[2] if match else folder).replace("_", " ").title()


def _folder_slug(name: str) -> str:
    return slug(name).replace("-", "_").replace(".", "_").casefold()
