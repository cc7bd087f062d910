"""Text as numbers: a hashed bag of words, so that captions and class tokens have an effect."""

from __future__ import annotations

import hashlib
import re
from math import sqrt

import numpy as np

from local_endpoint.training.arrays import FloatArray

TEXT_VALUES = 32
_WORD = re.compile(r"\w+")


def full_caption(class_tokens: str, caption: str) -> str:
    """What the picture is trained on: the class tokens stand before every caption."""
    return ", ".join(part for part in (class_tokens.strip(), caption) if part)


def text_embedding(text: str) -> FloatArray:
    """A vector of length about 1 that depends on the words, not on their order; zeros for no words."""
    words = _WORD.findall(text.lower())
    if not words:
        return np.zeros(TEXT_VALUES, dtype=np.float32)
    total: FloatArray = np.sum([_word_vector(word) for word in words], axis=0)
    return total / np.float32(sqrt(TEXT_VALUES * len(words)))


def _word_vector(word: str) -> FloatArray:
    # Python's own hash differs from process to process.
    digest = hashlib.blake2b(word.encode(), digest_size=TEXT_VALUES // 8).digest()
    bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
    return (2.0 * bits - 1.0).astype(np.float32)
