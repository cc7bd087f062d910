"""Edits of many captions at once: what each would become, before anything is written.

A caption is one line of phrases with commas between them, or of prose. Each edit leaves alone what it is not
about, blanks among it, and done twice gives what it gave once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

_BEFORE: Final = r"(?<![\w'’-])"
_AFTER: Final = r"(?![\w'’-])"
_LINE_END: Final = re.compile(r"[\r\n]")
_PLACEHOLDER: Final = re.compile(r"\{(name|number|trigger)\}")


@dataclass(frozen=True)
class TriggerAtFront:
    """The trigger token before everything else; one that stands elsewhere as a phrase of its own moves there."""


@dataclass(frozen=True)
class TriggerAtEnd:
    """The trigger token after everything else; one that stands elsewhere as a phrase of its own moves there."""


@dataclass(frozen=True)
class Replace:
    """One text by another, wherever it stands."""

    find: str
    by: str
    whole_words: bool = False
    ignore_case: bool = False


@dataclass(frozen=True)
class RemoveWord:
    """A word or phrase, in upper or lower case, and its comma if nothing else stands between two commas."""

    word: str


@dataclass(frozen=True)
class FillEmpty:
    """A text for pictures without a caption, and for empty ones.

    `{name}` becomes the picture's name without its ending and with blanks for underscores, `{number}` its place
    among the chosen pictures, `{trigger}` the trigger token.
    """

    pattern: str


@dataclass(frozen=True)
class Write:
    """This text, whatever there was."""

    text: str


CaptionEdit = TriggerAtFront | TriggerAtEnd | Replace | RemoveWord | FillEmpty | Write


@dataclass(frozen=True)
class CaptionChange:
    """What a picture's caption is, and what it would become; None: there is no caption file."""

    filename: str
    """The picture's."""
    before: str | None
    after: str | None
    found: bytes | None = field(default=None, compare=False, repr=False)
    """The caption file as it was looked at, to the byte."""
    written: bytes | None = field(default=None, compare=False, repr=False)
    """What is to stand there."""


@dataclass(frozen=True)
class CaptionPlan:
    """Changes of a style's captions, to be looked at and then applied; an applied plan answers its own undoing."""

    style_folder: str
    changes: tuple[CaptionChange, ...] = ()
    left_alone: tuple[str, ...] = ()
    """Of the plan that this one undoes: pictures whose caption was not as planned any more."""
    problem: str | None = None
    """A sentence, when the disk took only some of that plan."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes


@dataclass(frozen=True)
class Subject:
    """What an edit may know of the picture whose caption it changes."""

    filename: str
    number: int
    """Its place among the chosen ones, from 1."""
    trigger: str


def edited(edit: CaptionEdit, caption: str | None, subject: Subject) -> str | None:
    """What the caption becomes; the very text, or None, where the edit has nothing to do."""
    match edit:
        case Write(text):
            return one_line(text)
        case FillEmpty(pattern):
            return caption if caption and caption.strip() else _filled(pattern, subject) or caption
        case _ if not caption or not caption.strip():
            return caption
        case _:
            line = one_line(caption) if _LINE_END.search(caption) else caption
            changed = _changed(edit, line, subject.trigger)
            return caption if changed == line else changed


def _changed(edit: TriggerAtFront | TriggerAtEnd | Replace | RemoveWord, caption: str, trigger: str) -> str:
    match edit:
        case TriggerAtFront():
            return _at_front(caption, trigger)
        case TriggerAtEnd():
            return _at_end(caption, trigger)
        case Replace():
            return _replaced(caption, edit)
        case RemoveWord(word):
            return _without(caption, word)


def one_line(text: str) -> str:
    """A caption as it is written: the trainer reads a caption file's first line only."""
    return " ".join(part for line in text.splitlines() if (part := line.strip()))


def _at_front(caption: str, trigger: str) -> str:
    phrases = caption.split(",")
    found = [_is_trigger(phrase, trigger) for phrase in phrases]
    if found[0] and sum(found) == 1:
        return caption
    return _moved(caption, trigger, lambda rest, token: f"{token}, {rest}")


def _at_end(caption: str, trigger: str) -> str:
    phrases = caption.split(",")
    found = [_is_trigger(phrase, trigger) for phrase in phrases]
    if found[-1] and sum(found) == 1:
        return caption
    return _moved(caption, trigger, _put_last)


def _moved(caption: str, trigger: str, put: Callable[[str, str], str]) -> str:
    phrases = caption.split(",")
    own = [phrase.strip() for phrase in phrases if _is_trigger(phrase, trigger)]
    if not own and re.search(_whole(trigger), caption, re.IGNORECASE):
        return caption  # within a sentence: it is there, and taking it out would break the sentence
    rest = ",".join(phrase for phrase in phrases if not _is_trigger(phrase, trigger)).strip()
    token = own[0] if own else trigger
    return put(rest, token) if rest.strip(", ") else token


def _is_trigger(phrase: str, trigger: str) -> bool:
    return " ".join(phrase.split()).casefold() in (trigger.casefold(), f"style {trigger}".casefold())


def _put_last(caption: str, trigger: str) -> str:
    ended = caption.rstrip(", \t")
    return f"{ended} {trigger}" if ended.endswith((".", "!", "?")) else f"{ended}, {trigger}"


def _replaced(caption: str, edit: Replace) -> str:
    if not (edit.find.strip() if edit.whole_words else edit.find):
        return caption
    pattern = _whole(edit.find) if edit.whole_words else re.escape(edit.find)
    flags = re.IGNORECASE if edit.ignore_case else re.NOFLAG
    return re.sub(pattern, lambda _: edit.by, caption, flags=flags)


def _without(caption: str, word: str) -> str:
    word = " ".join(word.split())
    if not word:
        return caption
    pattern = re.compile(rf"[ \t]*{_whole(word)}", re.IGNORECASE)
    phrases = caption.split(",")
    kept = [(phrase, pattern.sub("", phrase)) for phrase in phrases]
    left = [new for old, new in kept if new == old or re.search(r"\w", new)]
    return caption if left == phrases else ",".join(left).strip()


def _filled(pattern: str, subject: Subject) -> str:
    stem = subject.filename.rpartition(".")[0] or subject.filename
    values: Mapping[str, str] = {
        "name": " ".join(stem.replace("_", " ").split()),
        "number": str(subject.number),
        "trigger": subject.trigger,
    }
    return one_line(_PLACEHOLDER.sub(lambda match: values[match[1]], pattern))


def _whole(words: str) -> str:
    """A pattern for these words where no word goes on at either end; any blanks between them."""
    return _BEFORE + r"\s+".join(re.escape(word) for word in words.split()) + _AFTER
