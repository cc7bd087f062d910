"""The pictures of a style as its folder holds them: size, caption, and what is wrong with the caption."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from lora_core.captions import Captions, trained_line
from lora_core.picture_names import CAPTION_SUFFIX, in_natural_order, stem, suffix
from lora_core.picture_sizes import PictureSizes, SizeOf
from lora_core.styles import IMAGE_SUFFIXES, Style, Styles


class CaptionProblem(StrEnum):
    """What is wrong with a picture's caption."""

    MISSING = "missing"
    """There is no caption file."""
    EMPTY = "empty"
    NO_TRIGGER = "no trigger"
    """The trigger token is not in it; the trainer adds it only as part of `class_tokens`."""
    DOUBLED = "trigger doubled"
    """It begins with the trigger token, which the trainer puts there once more, or holds it twice."""


@dataclass(frozen=True)
class Picture:
    """One picture of a style."""

    filename: str
    width: int | None
    """In pixels as it is shown, turned as its camera was held; None where it cannot be read."""
    height: int | None
    size_bytes: int
    caption: str | None
    """Without space around it; None where there is no caption file, or it cannot be read."""
    caption_problem: CaptionProblem | None
    added_at: datetime
    """When the file was written last."""


class Pictures:
    """Lists pictures. A file's header, and its caption, is read again only when its stat has changed."""

    def __init__(self, styles: Styles, sizes: PictureSizes) -> None:
        self._styles = styles
        self._sizes = sizes

    def all(self, style: Style) -> list[Picture]:
        """Those of a style, in natural order: image_2 before image_10. Raises StoreUnavailableError."""
        names = self._styles.store.names(style.folder)
        captions = {name for name in names if name.endswith(CAPTION_SUFFIX)}
        folder = self._styles.store.path(style.folder)
        if folder is None:
            return []
        with self._sizes.of(folder) as sizes:
            found = [
                self._picture(folder, name, captions, style.trigger_token, sizes)
                for name in names
                if suffix(name) in IMAGE_SUFFIXES
            ]
        return in_natural_order([one for one in found if one is not None], lambda one: one.filename)

    def _picture(
        self, folder: Path, name: str, captions: Collection[str], trigger: str, size_of: SizeOf
    ) -> Picture | None:
        try:
            status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - for hundreds of files in each run of a page
        except OSError:  # deleted just now
            return None
        width, height = size_of(name, status) or (None, None)
        text = f"{stem(name)}{CAPTION_SUFFIX}"
        caption, trained = (
            _caption(self._styles.captions, folder / text) if text in captions else (None, None)
        )
        return Picture(
            filename=name,
            width=width,
            height=height,
            size_bytes=status.st_size,
            caption=caption,
            caption_problem=caption_problem(trained, trigger),
            added_at=datetime.fromtimestamp(status.st_mtime, UTC),
        )


def caption_problem(caption: str | None, trigger_token: str) -> CaptionProblem | None:
    """What is wrong with what the trainer reads of a caption's text; None for no file."""
    if caption is None:
        return CaptionProblem.MISSING
    caption = trained_line(caption)
    if not caption:
        return CaptionProblem.EMPTY
    found = _trigger(trigger_token).findall(caption)
    if not found:
        return CaptionProblem.NO_TRIGGER
    is_first = caption.lstrip().casefold().startswith(_beginnings(trigger_token))
    return CaptionProblem.DOUBLED if is_first or len(found) > 1 else None


def _beginnings(trigger_token: str) -> tuple[str, str]:
    token = trigger_token.casefold()
    return token, f"style {token}"


@lru_cache(maxsize=64)
def _trigger(token: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(token)}(?!\w)", re.IGNORECASE)


def _caption(captions: Captions, path: Path) -> tuple[str, str] | tuple[None, None]:
    """Its text, and what the trainer reads of it."""
    try:
        return captions.text(path), captions.trained(path)
    except OSError:
        return None, None
