"""The safetensors file format, written by hand.

The library's own writer orders metadata at random, and equal trainings must give equal bytes.
Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_ALIGNMENT = 8


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as it lies in the file: dtype is F32, F16 or BF16, data is little-endian in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def safetensors_bytes(tensors: Mapping[str, StoredTensor], metadata: Mapping[str, str]) -> bytes:
    """The whole file: length of the header, header, data. Equal arguments give equal bytes."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    offset = 0
    for name, tensor in tensors.items():
        end = offset + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    return b"".join([struct.pack("<Q", len(encoded)), encoded, *(tensor.data for tensor in tensors.values())])
