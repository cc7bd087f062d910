"""Captions of a style on the disk: planned, changed where they are still as planned, and changed back."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lora_core.caption_edits import CaptionChange, CaptionEdit, CaptionPlan, FillEmpty, Subject, Write, edited
from lora_core.captions import decoded, trained_line
from lora_core.disk_faults import explained, explanation
from lora_core.durable_file import fsync_folder, new_beside, read_file
from lora_core.errors import NotFoundError, StoreUnavailableError
from lora_core.payload import caption_name
from lora_core.styles import Style, Styles


class CaptionChanges:
    """Of the styles below a store's root."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles

    def plan(self, style: Style, filenames: Iterable[str], edit: CaptionEdit) -> CaptionPlan:
        """What an edit would make of the captions of these pictures; writes nothing.

        Pictures that are not there are passed over, and of two that share a caption file the second. Raises
        StoreUnavailableError.
        """
        return CaptionPlan(style.folder, tuple(self._planned(style, filenames, edit)))

    def write(self, style: Style, filename: str, text: str) -> CaptionPlan:
        """Writes one caption; answers the plan that undoes it. Raises NotFoundError, StoreUnavailableError."""
        if filename not in self._styles.images(style):
            raise NotFoundError(
                f"{style.name} has no picture {filename} any more; its caption was not written."
            )
        undo = self.apply(self.plan(style, [filename], Write(text)))
        if undo.problem is not None:
            raise StoreUnavailableError(undo.problem)
        return undo

    def apply(self, plan: CaptionPlan) -> CaptionPlan:
        """Carries a plan out where the caption is still as planned; answers the plan that undoes what was done.

        When the disk refuses, what was done until then stays done: `problem` says so.
        """
        folder, done, left = self._styles.store.path(plan.style_folder), list[CaptionChange](), list[str]()
        problem = None
        if folder is None or plan.is_empty:
            return CaptionPlan(plan.style_folder)
        with self._styles.store.exclusive(f"{plan.style_folder}/pictures"):
            for number, change in enumerate(plan.changes):
                path = folder / caption_name(change.filename)
                try:
                    if _found(path) == change.found:
                        _put(path, change.written)
                        done.append(_undone(change))
                    else:
                        left.append(change.filename)
                except OSError as error:
                    outcome = f"{len(done)} of {len(plan.changes)} captions were changed."
                    problem = explanation(error, path, outcome=outcome)
                    left += [one.filename for one in plan.changes[number:]]
                    break
            with suppress(OSError):
                fsync_folder(folder)
        return CaptionPlan(plan.style_folder, tuple(done), tuple(left), problem)

    def _planned(self, style: Style, filenames: Iterable[str], edit: CaptionEdit) -> Iterator[CaptionChange]:
        folder = self._styles.store.path(style.folder)
        present, seen = set(self._styles.images(style)), set[str]()
        for number, filename in enumerate(dict.fromkeys(filenames), 1):
            name = caption_name(filename)
            if folder is None or filename not in present or name in seen:
                continue
            seen.add(name)
            with explained(folder / name):
                found = self._styles.captions.data(folder / name)
            change = _change(filename, found, edit, Subject(filename, number, style.trigger_token))
            if change is not None:
                yield change


def _change(filename: str, found: bytes | None, edit: CaptionEdit, subject: Subject) -> CaptionChange | None:
    before = None if found is None else decoded(found).strip()
    after = edited(edit, before, subject)
    if after is None or (after == before and not _is_unread(edit, after, found)):
        return None
    return CaptionChange(filename, before, after, found, f"{after}\n".encode(errors="replace"))


def _is_unread(edit: CaptionEdit, text: str, found: bytes | None) -> bool:
    """Whether a text stands below an empty first line, where the trainer does not see it, and is to be seen."""
    is_meant = isinstance(edit, Write | FillEmpty) and bool(text) and found is not None
    return is_meant and not trained_line(decoded(found or b""))


def _undone(change: CaptionChange) -> CaptionChange:
    return CaptionChange(change.filename, change.after, change.before, change.written, change.found)


def _found(path: Path) -> bytes | None:
    try:
        return read_file(path)[0]
    except FileNotFoundError:
        return None


def _put(path: Path, data: bytes | None) -> None:
    path = Path(os.path.realpath(path))  # a caption that is a link stays one
    if data is None:
        path.unlink(missing_ok=True)
        return
    with new_beside(path, data) as temporary:
        temporary.replace(path)
