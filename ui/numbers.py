"""Numbers as people type them."""

import math


def typed_number(text: str) -> int | float | str | None:
    """`16` is an int, `1e-4` and `0.0001` floats; an empty field is None, anything else stays text.

    Text is not refused here: the findings say what the field accepts.
    """
    text = text.strip()
    if not text:
        return None
    if "_" in text or not text.isascii():  # Python would take 1_0 and other scripts' digits
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
