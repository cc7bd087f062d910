"""Pictures and ZIPs made in memory, and a lab with one empty style to take them."""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from lora_core import Settings, TrainingLab

Colour = tuple[int, ...] | str | int
STYLE = 1


@contextmanager
def lab_over(folder: Path) -> Iterator[TrainingLab]:
    """A lab with an embedded endpoint that nobody starts, and style 1, "Ink"."""
    settings = Settings(
        _env_file=None,
        lora_lab_root=str(folder / "styles"),
        lora_lab_models=folder / "models",
        lora_lab_state_dir=folder / "state",
        runpod_api_key=None,
        runpod_endpoint_id=None,
    )
    with TrainingLab(settings) as lab:
        if not lab.styles():
            lab.create_style("Ink")
        yield lab


def style_folder(folder: Path) -> Path:
    return folder / "styles" / "1_ink"


def files_of(folder: Path) -> dict[str, bytes]:
    """What the style's folder holds, hidden files too, but for its `style.json`."""
    return {
        path.name: path.read_bytes() for path in style_folder(folder).iterdir() if path.name != "style.json"
    }


@lru_cache(maxsize=256)
def picture(
    colour: Colour = "red",
    size: tuple[int, int] = (300, 280),
    *,
    kind: str = "JPEG",
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    buffer = BytesIO()
    Image.new(mode, size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def noisy(size: tuple[int, int] = (400, 300), *, kind: str = "JPEG", **options: Any) -> bytes:
    """One whose data reaches to its end, so that each part that is missing is noticed."""
    buffer = BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def animation(kind: str) -> bytes:
    buffer = BytesIO()
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size, and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def zipped(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
