"""Pictures and inputs for trainings in tests."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

PARAMETERS: dict[str, Any] = {
    "network_dim": 16,
    "network_alpha": 16,
    "learning_rate": 1e-4,
    "max_train_steps": 40,
    "lr_scheduler": "constant",
    "lr_warmup_steps": 0,
    "optimizer_type": "adamw",
    "batch_size": 1,
    "num_repeats": 2,
    "gradient_dtype": "bf16",
    "save_every_n_steps": 1000,
    "class_tokens": "style SBai_style_16",
}


def draw_pictures(folder: Path, *, count: int) -> list[str]:
    """Coloured discs, each picture with a caption; answers the addresses of all files."""
    rng = np.random.default_rng(7)
    for number in range(count):
        image = Image.new("RGB", (160, 200 + 10 * number), _colour(rng))
        drawing = ImageDraw.Draw(image)
        for left, top, size in rng.integers(10, 150, (12, 3)).tolist():
            drawing.ellipse((left, top, left + size, top + size), fill=_colour(rng))
        image.save(folder / f"image {number} (1).jpg")
        (folder / f"image {number} (1).txt").write_text(f"discs, picture {number}")
    return [path.as_uri() for path in sorted(folder.iterdir())]


def training_input(
    addresses: list[str], *, model_name: str = "style_16_vV1", **changed: Any
) -> dict[str, Any]:
    """A job's input with the parameters above, some of them changed."""
    return {
        "training_data": {"s3_urls": addresses},
        "training_config": {"model_name": model_name, "request_id": "16_1760254040983"},
        "parameters": {**PARAMETERS, **changed},
    }


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue
