"""The frozen encoder: what a real trainer's autoencoder is to its images, in two matrix products.

A patch of 8 x 8 pixels becomes its 4 x 4 lowest frequencies per colour, weighted so that all vary alike.
Most of a picture is in them, and a low-rank adapter has a chance to learn what is.
"""

from __future__ import annotations

import numpy as np

from local_endpoint.training.arrays import FloatArray

PATCH_SIDE = 8
_FREQUENCIES = 4
LATENT_VALUES = _FREQUENCIES * _FREQUENCIES * 3


def latents_of(pixels: FloatArray) -> FloatArray:
    """A square picture (side x side x 3, from -1 to 1) as one row of 48 values per patch."""
    count = pixels.shape[0] // PATCH_SIDE
    grid = pixels.reshape(count, PATCH_SIDE, count, PATCH_SIDE, 3)
    basis = _cosine_basis()
    frequencies = np.einsum("aibjc,ui,vj->abuvc", grid, basis, basis) * _balance()[:, :, None]
    rows: FloatArray = np.ascontiguousarray(frequencies.reshape(-1, LATENT_VALUES), dtype=np.float32)
    return rows


def _cosine_basis() -> FloatArray:
    """The first rows of the orthonormal discrete cosine transform."""
    position = 2 * np.arange(PATCH_SIDE) + 1
    frequency = np.arange(_FREQUENCIES)[:, None]
    basis: FloatArray = np.cos(np.pi * position * frequency / (2 * PATCH_SIDE)) * np.sqrt(2 / PATCH_SIDE)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32, copy=False)


def _balance() -> FloatArray:
    # The mean of a patch is 8 times its pixels' mean; higher frequencies fade in pictures of the world.
    order = np.add.outer(np.arange(_FREQUENCIES), np.arange(_FREQUENCIES))
    return np.where(order == 0, 1 / PATCH_SIDE, np.sqrt(order) / 2).astype(np.float32)
