"""Which names pictures and captions may have, when two are the same, and which is free.

What is the same is so on the strictest disk that a style's folder may be copied to: macOS and Windows know
neither case nor how an accent is composed. The names themselves stay as they came.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import count
from typing import Final, TypeVar

CAPTION_SUFFIX: Final = ".txt"
MAX_NAME_BYTES: Final = 200
"""Disks take 255; the rest is for the ending that a file bears while it is written."""

_T = TypeVar("_T")
_DIGITS: Final = re.compile(r"(\d+)")
_DRIVE: Final = re.compile(r"[A-Za-z]:[/\\]")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the rest of a line around, so that a list shows another name than the one there is.
_DIRECTION_MARKS: Final = frozenset(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_JUNK: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "ehthumbs.db", ".directory"})


def in_natural_order(items: Iterable[_T], name_of: Callable[[_T], str]) -> list[_T]:
    """Sorted as people count: image_2 before image_10."""
    return sorted(items, key=lambda item: _natural(name_of(item)))


def path_parts(path: str) -> tuple[str, ...]:
    """The folders and the name of what was uploaded; archives made on Windows may hold backslashes."""
    return tuple(part for part in re.split(r"[/\\]", path) if part not in ("", "."))


def is_junk(path: str) -> bool:
    """Whether it is what systems strew into folders, so that nobody means to upload it."""
    parts = path_parts(path)
    return not parts or "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1].lower() in _JUNK


def path_problem(path: str) -> str | None:
    """Why a path is refused that leads out of what was uploaded; None for one that does not."""
    if path.startswith(("/", "\\")) or _DRIVE.match(path) or ".." in path_parts(path):
        return "Its path leads out of the upload. Give it a plain name, then upload it again."
    return None


def name_problem(name: str) -> str | None:
    """Why a file of this name is not taken, and what to do; None for one that is."""
    for is_met, sentence in _RULES:
        if is_met(name):
            return sentence
    return None


@lru_cache(65_536)
def same(name: str) -> str:
    """Equal for names that are one and the same to a disk which ignores case and composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def stem(name: str) -> str:
    """The name without its last suffix, as the caption's name has it."""
    return _split(name)[0]


def suffix(name: str) -> str:
    """The last suffix, in small letters."""
    return _split(name)[1].lower()


def free_name(name: str, taken: Collection[str]) -> str:
    """`a (2).jpg` for `a.jpg`: neither it nor a file of its stem, such as a caption, is there."""
    used = {same(stem(other)) for other in taken}
    text, ending = _split(name)
    return next(
        f"{one}{ending}"
        for number in count(2)
        if same(one := _fitted(text, f" ({number})", ending)) not in used
    )


def _fitted(text: str, ending: str, suffix: str) -> str:
    """The stem and its ending, the stem cut so that the name is not too long."""
    room = MAX_NAME_BYTES - len(f"{ending}{suffix}".encode())
    return text.encode()[:room].decode(errors="ignore").rstrip(" ") + ending


def _split(name: str) -> tuple[str, str]:
    """As pathlib does, in a tenth of the time: hundreds of names are looked at for each file."""
    at = name.rfind(".")
    return (name[:at], name[at:]) if 0 < at < len(name) - 1 else (name, "")


@lru_cache(65_536)
def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = [part for part in _DIGITS.split(same(name)) if part]
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


def _is_too_long(name: str) -> bool:
    longest = max(
        name, unicodedata.normalize("NFD", name), key=lambda form: len(form.encode(errors="replace"))
    )
    return len(longest.encode(errors="surrogatepass")) > MAX_NAME_BYTES


_RULES: Final[tuple[tuple[Callable[[str], object], str], ...]] = (
    (
        lambda name: any(unicodedata.category(c) in _UNPRINTABLE or c in _DIRECTION_MARKS for c in name),
        "Its name holds a line break, a control character or one that turns text around. Rename it, then "
        "upload it again.",
    ),
    (
        lambda name: "#" in name or "?" in name,
        "Its name holds # or ?, and the trainer cannot fetch such a file. Rename it without them, then upload "
        "it again.",
    ),
    (
        lambda name: name.startswith("."),
        "Its name begins with a dot, which hides it. Rename it, then upload it again.",
    ),
    (
        lambda name: name != name.strip(),
        "Its name begins or ends with a space, which not every disk keeps. Rename it, then upload it again.",
    ),
    (
        lambda name: _RESERVED.fullmatch(name),
        "Its name is reserved by Windows (such as CON or AUX). Rename it, then upload it again.",
    ),
    (
        _is_too_long,
        f"Its name is too long: more than {MAX_NAME_BYTES} bytes. Shorten it, then upload it again.",
    ),
)
