"""A small style to try the lab with: twelve flat landscapes in one palette, drawn, with captions.

Shapes are drawn twice as large and reduced, which smooths their edges. The only randomness is seeded, so
the same files appear everywhere.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from lora_core.disk_faults import explained
from lora_core.sample_drawing import (
    CORAL,
    CREAM,
    INK,
    PINE,
    Draw,
    Light,
    boat,
    cactus,
    crescent,
    ground,
    hills,
    house,
    lighthouse,
    mountains,
    pine,
    polygon,
    sea,
    sky,
    stars,
    sun,
)

SAMPLE_STYLE_NAME: Final = "Flat Landscapes"
SAMPLE_FILENAMES: Final = tuple(f"image_{number:03d}.jpg" for number in range(1, 13))
SAMPLE_SETS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {1: SAMPLE_FILENAMES, 2: SAMPLE_FILENAMES[:8]}
)
"""Selection sets by id: all pictures, and the first eight for comparing."""

_DRAWN_IN_PART = "The sample style has not all of its pictures; its folder may be deleted."

Details = Callable[[Draw, Light, np.random.Generator], None]

DAWN: Final = Light(
    ((244, 178, 140), (252, 228, 192)), CREAM, ((196, 142, 140), (134, 104, 124), (74, 70, 100))
)
DAY: Final = Light(
    ((126, 188, 196), (222, 238, 226)), CREAM, ((142, 186, 168), (88, 146, 134), (44, 96, 100))
)
DUSK: Final = Light(((92, 84, 128), (240, 150, 110)), CORAL, ((164, 96, 112), (104, 70, 104), (52, 48, 80)))
NIGHT: Final = Light(((28, 36, 66), (84, 98, 136)), CREAM, ((66, 82, 118), (46, 60, 94), (30, 40, 68)))


def draw_sample_pictures(folder: Path) -> tuple[str, ...]:
    """Writes the twelve pictures and their captions into `folder`; answers the pictures' names.

    Takes a tenth of a second. Raises StoreUnavailableError where the folder cannot be written.
    """
    with explained(folder, outcome=_DRAWN_IN_PART):
        folder.mkdir(parents=True, exist_ok=True)
        for number, (filename, (caption, light, details)) in enumerate(
            zip(SAMPLE_FILENAMES, _SCENES, strict=True)
        ):
            _landscape(light, details, seed=number).save(folder / filename, quality=90)
            (folder / filename).with_suffix(".txt").write_text(f"{caption}\n", encoding="utf-8")
    return SAMPLE_FILENAMES


def _landscape(light: Light, details: Details, *, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    image = sky(light)
    draw = ImageDraw.Draw(image)
    details(draw, light, random)
    return image.reduce(2)


# -- the twelve scenes -------------------------------------------------------------------------------------


def _rolling_hills(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.7, 0.32)
    hills(draw, light, random)


def _snowy_peaks(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.3, 0.22, 0.08)
    mountains(draw, light, random)


def _sailing_boat(draw: Draw, light: Light, _: np.random.Generator) -> None:
    sun(draw, light, 0.5, 0.5, 0.16)
    sea(draw, light)
    boat(draw, 0.3, 0.72, 0.11)


def _pine_forest(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.28, 0.24, 0.09)
    hills(draw, light, random, first=0.5)
    for number, x in enumerate(np.linspace(0.08, 0.94, 8)):
        pine(draw, float(x), 0.9 + 0.05 * (number % 2), 0.3 + 0.1 * float(random.random()), light.hills[2])


def _cottage(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.22, 0.25, 0.09)
    hills(draw, light, random)
    house(draw, 0.62, 0.9, 0.1)
    pine(draw, 0.85, 0.93, 0.3, PINE)


def _cliff_lighthouse(draw: Draw, light: Light, _: np.random.Generator) -> None:
    sun(draw, light, 0.28, 0.46, 0.12)
    sea(draw, light, horizon=0.62)
    lighthouse(draw, light)


def _desert(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.64, 0.3, 0.13)
    x = np.linspace(0, 1, 49)
    for layer, colour in enumerate(light.hills):
        ground(draw, x, 0.6 + 0.13 * layer + 0.08 * np.abs(np.sin(3 * x + 2 * random.random())), colour)
    for x0, foot, height in ((0.22, 0.86, 0.26), (0.78, 0.93, 0.2)):
        cactus(draw, x0, foot, height)


def _island(draw: Draw, light: Light, _: np.random.Generator) -> None:
    sun(draw, light, 0.72, 0.28, 0.1)
    sea(draw, light, horizon=0.58, nearest=3)
    polygon(draw, ((0.12, 0.74), (0.3, 0.64), (0.52, 0.66), (0.66, 0.74)), light.hills[2])
    for x, height in ((0.28, 0.26), (0.4, 0.34), (0.5, 0.22)):
        pine(draw, x, 0.69, height, light.hills[2])


def _village(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.78, 0.2, 0.07)
    mountains(draw, light, random)
    for x, foot, size in ((0.2, 0.87, 0.07), (0.43, 0.9, 0.09), (0.68, 0.88, 0.075)):
        house(draw, x, foot, size)


def _starry_hills(draw: Draw, light: Light, random: np.random.Generator) -> None:
    stars(draw, random)
    crescent(draw, light, 0.74, 0.22, 0.09)
    hills(draw, light, random)


def _river(draw: Draw, light: Light, random: np.random.Generator) -> None:
    sun(draw, light, 0.5, 0.38, 0.13)
    hills(draw, light, random, first=0.54)
    y = np.linspace(0.7, 1, 33)
    middle, half = 0.5 + 0.07 * np.sin(14 * (y - 0.7)), 0.006 + 0.5 * (y - 0.7) ** 1.5
    left, right = (zip(x, y, strict=True) for x in (middle - half, middle + half))
    banks = (*left, *reversed(tuple(right)))
    polygon(draw, tuple((float(x), float(y)) for x, y in banks), light.sky[1])


def _camp(draw: Draw, light: Light, random: np.random.Generator) -> None:
    stars(draw, random)
    mountains(draw, light, random)
    polygon(draw, ((0.34, 0.92), (0.5, 0.68), (0.66, 0.92)), CORAL)
    polygon(draw, ((0.44, 0.92), (0.5, 0.76), (0.56, 0.92)), INK)
    for x, height in ((0.14, 0.34), (0.84, 0.4)):
        pine(draw, x, 0.93, height, light.sky[0])


_SCENES: Final[tuple[tuple[str, Light, Details], ...]] = (
    ("rolling hills under a pale sun at dawn, flat shapes, few colours", DAWN, _rolling_hills),
    ("three snowy peaks on a clear day, flat shapes, few colours", DAY, _snowy_peaks),
    (
        "a sailing boat on calm water in front of a low sun at dusk, flat shapes, few colours",
        DUSK,
        _sailing_boat,
    ),
    ("a pine forest in front of green hills by day, flat shapes, few colours", DAY, _pine_forest),
    ("a cottage with a red roof beside a pine at dawn, flat shapes, few colours", DAWN, _cottage),
    (
        "a striped lighthouse on a cliff by the sea at dusk, flat shapes, few colours",
        DUSK,
        _cliff_lighthouse,
    ),
    ("cacti between sand dunes at dawn, flat shapes, few colours", DAWN, _desert),
    ("a small island with pines in a calm sea by day, flat shapes, few colours", DAY, _island),
    ("a village of three houses below snowy peaks by day, flat shapes, few colours", DAY, _village),
    ("a crescent moon and stars over dark hills at night, flat shapes, few colours", NIGHT, _starry_hills),
    ("a river winding through hills towards the setting sun, flat shapes, few colours", DUSK, _river),
    ("a tent below mountains on a starry night, flat shapes, few colours", NIGHT, _camp),
)
