"""From addresses to pictures and captions: what of the training data can be used here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image, ImageOps

from local_endpoint.training.arrays import FloatArray
from local_endpoint.training.latents import latents_of

SIDE = 128
"""Every picture is cut and shrunk to a square of so many pixels."""

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_SCHEME = "file://"
# What Pillow was seen to raise for files that are cut, empty, huge or no pictures at all (11 and 13).
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class Picture:
    """One training image: 256 patches of 48 latent values, and its caption ("" without one)."""

    latents: FloatArray
    caption: str


@dataclass(frozen=True, slots=True)
class Collection:
    """The pictures that could be read, and sentences about what could not."""

    pictures: list[Picture]
    notes: list[str]


def collect_pictures(addresses: list[str]) -> Collection:
    """Read every picture among the addresses, each with the caption of the same stem that is listed too."""
    paths = [path for path in map(_path_of, addresses) if path is not None]
    captions = {path.with_suffix(""): path for path in paths if path.suffix.lower() == ".txt"}
    image_paths = [path for path in paths if path.suffix.lower() in _SUFFIXES]
    read = [(_read_latents(path), captions.get(path.with_suffix(""))) for path in image_paths]
    pictures = [
        Picture(latents, _caption_of(caption_path)) for latents, caption_path in read if latents is not None
    ]
    notes = _notes(
        foreign=len(addresses) - len(paths),
        broken=len(read) - len(pictures),
        uncaptioned=sum(not picture.caption for picture in pictures),
    )
    return Collection(pictures, notes)


def _notes(*, foreign: int, broken: int, uncaptioned: int) -> list[str]:
    counted = {
        "Addresses left out, because only file:// can be read here: {}.": foreign,
        "Pictures left out, because they could not be read: {}.": broken,
        "Pictures without a caption: {}.": uncaptioned,
    }
    return [sentence.format(count) for sentence, count in counted.items() if count]


def _path_of(address: str) -> Path | None:
    if not address.startswith(_SCHEME):
        return None
    raw = address.removeprefix(_SCHEME).removeprefix("localhost")
    # Raw and percent-encoded addresses are both in use, and a name may really hold a percent sign.
    return Path(raw) if Path(raw).is_file() else Path(unquote(raw))


def _read_latents(path: Path) -> FloatArray | None:
    try:
        with Image.open(path) as opened:
            # JPEG decoders can shrink while they read, which is most of the work for a large photograph.
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            square = ImageOps.fit(upright, (SIDE, SIDE))
    except _UNREADABLE:
        return None
    return latents_of(np.asarray(square, dtype=np.float32) / np.float32(127.5) - np.float32(1))


def _caption_of(path: Path | None) -> str:
    try:
        return "" if path is None else path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
