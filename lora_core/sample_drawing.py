"""Motifs of the sample style: skies, hills, pines, boats, each a few flat shapes.

Places are shares of the picture's side, from the upper left corner.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE: Final = 384
LARGE: Final = 2 * SIZE

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw

INK: Final = (38, 50, 72)
CREAM: Final = (250, 240, 220)
CORAL: Final = (233, 116, 81)
PINE: Final = (44, 96, 100)


@dataclass(frozen=True)
class Light:
    """A time of day: the sky from top to horizon, the sun, the hills from far to near."""

    sky: tuple[Colour, Colour]
    sun: Colour
    hills: tuple[Colour, Colour, Colour]


def sky(light: Light) -> Image.Image:
    """Eight flat bands from the zenith to the horizon."""
    share = np.floor(np.linspace(0, 7.99, LARGE))[:, None, None] / 7
    top, horizon = (np.array(colour, dtype=float) for colour in light.sky)
    rows = top + (horizon - top) * share
    return Image.fromarray(np.repeat(rows, LARGE, axis=1).astype(np.uint8))


def sun(draw: Draw, light: Light, x: float, y: float, radius: float = 0.11) -> None:
    disc(draw, x, y, radius, light.sun)


def crescent(draw: Draw, light: Light, x: float, y: float, radius: float) -> None:
    around = np.linspace(0.5 * np.pi, 1.5 * np.pi, 33)
    outer = np.exp(1j * around)
    inner = 0.35 * np.cos(around) + 1j * np.sin(around)
    outline = radius * np.exp(-0.5j) * np.concatenate((outer, inner[::-1]))
    polygon(draw, tuple((x + float(at.real), y + float(at.imag)) for at in outline), light.sun)


def stars(draw: Draw, random: np.random.Generator) -> None:
    for x, y, radius in zip(random.random(40), random.random(40) * 0.5, random.random(40), strict=True):
        disc(draw, float(x), float(y), 0.0015 + 0.0025 * float(radius), CREAM)


def hills(draw: Draw, light: Light, random: np.random.Generator, first: float = 0.58) -> None:
    """Three layers of rolling hills, the nearest lowest."""
    x = np.linspace(0, 1, 97)
    for layer, colour in enumerate(light.hills):
        phase, bend = random.random(2) * 6.28
        height = 0.06 * np.sin(5 * x + phase) + 0.025 * np.sin(11 * x + bend)
        ground(draw, x, first + 0.14 * layer + height, colour)


def mountains(draw: Draw, light: Light, random: np.random.Generator) -> None:
    """Far peaks with a light side, then a dark foreground."""
    for x in (0.12, 0.5, 0.86):
        top, half = 0.26 + 0.14 * float(random.random()), 0.3 + 0.08 * float(random.random())
        polygon(draw, ((x, top), (x + half, 0.82), (x - half, 0.82)), light.hills[0])
        polygon(draw, ((x, top), (x + half, 0.82), (x + 0.03, 0.82)), light.hills[1])
        polygon(draw, ((x, top), (x + 0.055, top + 0.1), (x, top + 0.075), (x - 0.055, top + 0.1)), CREAM)
    ground(draw, np.array([0.0, 0.4, 1.0]), np.array([0.76, 0.72, 0.79]), light.hills[2])


def sea(draw: Draw, light: Light, horizon: float = 0.6, nearest: int = 6) -> None:
    """Flat water with the `nearest` of six bright strips, which shorten towards the horizon."""
    _rectangle(draw, 0, horizon, 1, 1, light.hills[1])
    for strip in range(6 - nearest, 6):
        y, half = horizon + 0.03 + 0.06 * strip, 0.05 + 0.035 * strip
        _rectangle(draw, 0.5 - half, y, 0.5 + half, y + 0.01, light.sky[1])


def pine(draw: Draw, x: float, foot: float, height: float, colour: Colour) -> None:
    for level in range(3):
        top, half = foot - height * (1 - 0.25 * level), height * (0.16 + 0.07 * level)
        polygon(draw, ((x, top), (x + half, top + height * 0.42), (x - half, top + height * 0.42)), colour)
    _rectangle(draw, x - height * 0.035, foot - height * 0.1, x + height * 0.035, foot, colour)


def house(draw: Draw, x: float, foot: float, size: float) -> None:
    _rectangle(draw, x - size, foot - size, x + size, foot, CREAM)
    eaves, ridge = foot - size, foot - 2 * size
    polygon(draw, ((x - 1.25 * size, eaves), (x, ridge), (x + 1.25 * size, eaves)), CORAL)
    _rectangle(draw, x - 0.25 * size, foot - 0.6 * size, x + 0.25 * size, foot, INK)


def boat(draw: Draw, x: float, y: float, size: float) -> None:
    for outline, colour in _BOAT:
        polygon(draw, tuple((x + size * right, y + size * down) for right, down in outline), colour)


_BOAT: Final = (
    (((-1.0, 0.0), (1.0, 0.0), (0.6, 0.35), (-0.6, 0.35)), INK),
    (((0.0, -1.8), (0.9, -0.1), (0.0, -0.1)), CREAM),
    (((-0.1, -1.4), (-0.1, -0.1), (-0.7, -0.1)), CORAL),
)


def lighthouse(draw: Draw, light: Light) -> None:
    polygon(draw, ((0.62, 1.0), (0.7, 0.62), (1.0, 0.58), (1.0, 1.0)), light.hills[2])
    polygon(draw, ((0.78, 0.6), (0.8, 0.3), (0.87, 0.3), (0.89, 0.6)), CREAM)
    for y in (0.36, 0.47):
        _rectangle(draw, 0.793, y, 0.877, y + 0.05, CORAL)
    _rectangle(draw, 0.805, 0.24, 0.865, 0.3, INK)
    polygon(draw, ((0.8, 0.24), (0.835, 0.19), (0.87, 0.24)), CORAL)


def cactus(draw: Draw, x: float, foot: float, height: float) -> None:
    green, thick = PINE, height * 0.09
    _rounded(draw, x - thick, foot - height, x + thick, foot, green)
    for side, low, high in ((-1, 0.42, 0.72), (1, 0.3, 0.82)):
        arm = x + side * height * 0.28
        elbow = foot - height * low
        _rounded(draw, min(x, arm), elbow - thick, max(x, arm) + thick, elbow + thick, green)
        _rounded(draw, arm - thick, foot - height * high, arm + thick, elbow + thick, green)


# -- plain shapes -----------------------------------------------------------------------------------------


def _scaled(*values: float) -> list[float]:
    return [value * LARGE for value in values]


def disc(draw: Draw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse(_scaled(x - radius, y - radius, x + radius, y + radius), fill=colour)


def _rectangle(draw: Draw, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    draw.rectangle(_scaled(left, top, right, bottom), fill=colour)


def _rounded(draw: Draw, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    radius = min(right - left, bottom - top) / 2 * LARGE
    draw.rounded_rectangle(_scaled(left, top, right, bottom), radius=radius, fill=colour)


def polygon(draw: Draw, points: tuple[tuple[float, float], ...], colour: Colour) -> None:
    draw.polygon([(x * LARGE, y * LARGE) for x, y in points], fill=colour)


def ground(draw: Draw, x: NDArray[np.float64], y: NDArray[np.float64], colour: Colour) -> None:
    """Everything below a ridge."""
    ridge = tuple((float(at), float(height)) for at, height in zip(x, y, strict=True))
    polygon(draw, (*ridge, (1.0, 1.0), (0.0, 1.0)), colour)
