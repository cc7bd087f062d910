"""Arrays and number formats: float32 inside, rounded to what a GPU trainer would keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
"""Always float32. numpy's stubs promote to wider types where numpy itself does not, hence the loose type."""

_LOW_BITS_OFF = np.uint32(0xFFFF0000)
STORED_DTYPES = {"fp32": "F32", "fp16": "F16", "bf16": "BF16"}
"""gradient_dtype -> the name of the format in a safetensors file."""


def rounded(values: FloatArray, dtype: str) -> FloatArray:
    """The values as fp32, fp16 or bf16 would hold them, still as float32."""
    match dtype:
        case "fp16":
            with np.errstate(over="ignore"):
                return values.astype(np.float16).astype(np.float32)
        case "bf16":
            # bf16 is the upper half of a float32.
            return (values.view(np.uint32) & _LOW_BITS_OFF).view(np.float32)
        case _:
            return values


def stored_bytes(values: FloatArray, dtype: str) -> bytes:
    """The values as little-endian bytes of fp32, fp16 or bf16."""
    contiguous = np.ascontiguousarray(values, dtype="<f4")
    match dtype:
        case "fp16":
            with np.errstate(over="ignore"):
                return contiguous.astype("<f2").tobytes()
        case "bf16":
            return (contiguous.view("<u4") >> np.uint32(16)).astype("<u2").tobytes()
        case _:
            return contiguous.tobytes()
