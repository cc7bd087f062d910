"""Styles of photos as cameras make them: 20 megapixels each, no two the same file."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.lab_side import settings
from lora_core import TrainingLab

WIDTH, HEIGHT = 5472, 3648
_NOISE: Final = 24
"""As much as makes a file of about 2 MB: a smooth one would be read faster than a photo is."""


def prepare_photos(folder: Path, *counts: int) -> list[str]:
    """A style for each number of photos, with captions; answers their ids."""
    data, ids = _photo(), []
    with TrainingLab(settings(folder)) as lab:
        for count in counts:
            style = lab.create_style(f"{count} photos")
            ids.append(style.id)
            home = lab.settings.root / style.folder
            for number in range(1, count + 1):
                (home / f"IMG_{number:04d}.jpg").write_bytes(_commented(data, f"{style.id} {number}"))
                (home / f"IMG_{number:04d}.txt").write_text(f"a view, number {number}, {style.trigger_token}")
    return ids


def _photo() -> bytes:
    small = Image.effect_noise((WIDTH // 8, HEIGHT // 8), _NOISE)
    photo = Image.merge(
        "RGB", [small, small.rotate(90).resize(small.size), Image.linear_gradient("L").resize(small.size)]
    )
    buffer = BytesIO()
    photo.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _commented(jpeg: bytes, text: str) -> bytes:
    """The same picture in another file: a comment follows the first marker."""
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
