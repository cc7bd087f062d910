"""Which pictures a step sees, and what is made of them: noised patches and the velocity to predict."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from local_endpoint.training.arrays import FloatArray
from local_endpoint.training.captions import full_caption, text_embedding
from local_endpoint.training.denoiser import TIME_VALUES, Batch
from local_endpoint.training.pictures import Picture


def steps_per_epoch(images: int, num_repeats: int, batch_size: int) -> int:
    """An epoch shows every picture `num_repeats` times; its last batch may be smaller."""
    return ceil(images * num_repeats / batch_size)


class BatchMaker:
    """Draws pictures epoch by epoch and noises them: x_t = (1 - t) x + t noise, target noise - x."""

    def __init__(
        self, pictures: list[Picture], *, class_tokens: str, num_repeats: int, rng: np.random.Generator
    ) -> None:
        self._latents = np.stack([picture.latents for picture in pictures])
        texts = [text_embedding(full_caption(class_tokens, picture.caption)) for picture in pictures]
        self._texts = np.stack(texts)
        self._repeats = num_repeats
        self._rng = rng

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            order = self._rng.permutation(np.repeat(np.arange(len(self._latents)), self._repeats))
            for start in range(0, len(order), batch_size):
                yield self._batch(order[start : start + batch_size])

    def _batch(self, chosen: np.typing.NDArray[np.intp]) -> Batch:
        clean = self._latents[chosen]
        views, patches, values = clean.shape
        clean = clean.reshape(-1, values)
        text = np.repeat(self._texts[chosen], patches, axis=0)
        noise = self._rng.standard_normal(clean.shape, dtype=np.float32)
        # The logit-normal times of the container's graph.
        time = 1 / (1 + np.exp(-self._rng.standard_normal((views * patches, 1), dtype=np.float32)))
        noised = (1 - time) * clean + time * noise
        return Batch(np.concatenate([noised, _time_features(time), text], axis=1), noise - clean)


def _time_features(time: FloatArray) -> FloatArray:
    frequencies = np.float32(np.pi / 2) * np.exp2(np.arange(TIME_VALUES // 2, dtype=np.float32))
    return np.concatenate([np.sin(time * frequencies), np.cos(time * frequencies)], axis=1)
