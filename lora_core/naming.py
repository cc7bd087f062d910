"""Names of versions, and the name that a version's model gets in the bucket."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import count
from typing import Final

MAX_NAME_LENGTH: Final = 80
MAX_SLUG_LENGTH: Final = 60
MODEL_SUFFIX: Final = ".safetensors"

_V_NUMBER: Final = re.compile(r"[vV]([0-9]{1,9})")
# A record adopted from the bucket bears its file's name: style_1_vV7.safetensors is V7 of its style.
_MODEL_FILE: Final = re.compile(r"style_[^/]+?_v([vV][0-9]{1,9})(?:\.safetensors)?")
_SERIES: Final = re.compile(r"(.*?)([0-9]+)", re.DOTALL)
_NOT_IN_SLUG: Final = re.compile(r"[^A-Za-z0-9._-]+")

_REMEMBERED: Final = 65_536
"""Names whose reading is kept: each new version looks at all names of its style."""

_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Zs"})
# They turn the rest of a line around, so that a list shows another name than the one there is.
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def normalized(name: str) -> str:
    """The name as it is stored: no space around it, composed characters (NFC)."""
    return unicodedata.normalize("NFC", name).strip()


def name_problem(name: str) -> str | None:
    """Why the text cannot be a version's name; None when it can. Whether it is free is `is_taken`'s."""
    text = normalized(name)
    if all(unicodedata.category(character) in _INVISIBLE for character in text):
        return "The name is empty: enter a name, e.g. V1."
    if len(text) > MAX_NAME_LENGTH:
        return f"The name has {len(text)} characters: use at most {MAX_NAME_LENGTH}."
    if any(unicodedata.category(c) in _UNPRINTABLE or c in _DIRECTION_MARKS for c in text):
        return "The name holds a line break or a control character: use visible characters and spaces."
    return None


def is_taken(name: str, taken: Collection[str]) -> bool:
    """Whether a name of `taken` is the same, without regard to case."""
    return folded(name) in {folded(other) for other in taken}


def next_version_name(taken: Collection[str]) -> str:
    """V and the number after the highest that is taken, as v or as V."""
    highest = max((_v_number(name) for name in taken), default=0)
    return _first_free((f"V{number}" for number in count(highest + 1)), taken)


def continued(name: str, taken: Collection[str]) -> str:
    """The next free name of the series: test_001 -> test_002, V9 -> V10; without a number: name_2."""
    text = normalized(name)
    if not text:
        return next_version_name(taken)
    series = _SERIES.fullmatch(text)
    if series is None or len(series[2]) >= MAX_NAME_LENGTH:
        return _first_free((_fitted(text, f"_{number}") for number in count(2)), taken)
    stem, digits = series[1], series[2]
    numbers = (str(number).zfill(len(digits)) for number in count(int(digits) + 1))
    return _first_free((_fitted(stem, number) for number in numbers), taken)


def suggested_name(taken: Collection[str], based_on: str | None) -> str:
    """A free name for the next version: the series of the version it starts from, else the next V."""
    base = normalized(based_on or "")
    if not base or _V_NUMBER.fullmatch(base) or _MODEL_FILE.fullmatch(base):
        return next_version_name(taken)
    return continued(base, taken)


def slug(name: str) -> str:
    """The name in `[A-Za-z0-9._-]{1,60}`, safe in a file name and a URL; such a name stays as it is.

    Different names may share a slug; `model_name` keeps models apart.
    """
    text = normalized(name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    safe = _NOT_IN_SLUG.sub("_", plain).lstrip(".")[:MAX_SLUG_LENGTH]
    if re.search("[A-Za-z0-9]", safe):
        return safe
    # Nothing legible is left of e.g. a Japanese name: a hash tells it from others and stays the same.
    return "n" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def model_name(style_id: str, name: str, taken: Collection[str]) -> str:
    """`style_{style_id}_v{slug}`, made unique among `taken` model names or files by -2, -3 ..."""
    models = {folded(other).removesuffix(MODEL_SUFFIX) for other in taken}
    prefix, legible = f"style_{style_id}_v", slug(name)
    endings = (f"-{number}" for number in count(2))
    numbered = (f"{prefix}{legible[: MAX_SLUG_LENGTH - len(ending)]}{ending}" for ending in endings)
    first = prefix + legible
    return first if not is_taken(first, models) else _first_free(numbered, models)


@lru_cache(_REMEMBERED)
def folded(name: str) -> str:
    """As names are compared: without regard to case."""
    # Folding can decompose, so it is composed again afterwards.
    return unicodedata.normalize("NFC", normalized(name).casefold())


@lru_cache(_REMEMBERED)
def _v_number(name: str) -> int:
    text = normalized(name)
    adopted = _MODEL_FILE.fullmatch(text)
    numbered = _V_NUMBER.fullmatch(adopted[1] if adopted else text)
    return int(numbered[1]) if numbered else 0


def _fitted(stem: str, ending: str) -> str:
    """Both together, the stem cut so that they fit."""
    return stem[: MAX_NAME_LENGTH - len(ending)] + ending


def _first_free(candidates: Iterator[str], taken: Collection[str]) -> str:
    used = {folded(other) for other in taken}
    return next(candidate for candidate in candidates if folded(candidate) not in used)
