"""Which versions are looked for: words, conditions as people type them, statuses, dates, the good mark."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lora_core.estimates import effective_scale, epochs, views_per_image
from lora_core.parameters import NUMBERS, WHOLE_NUMBERS
from lora_core.versions import Version

Value = int | float | str | None

_NUMERIC: Final = frozenset(
    {
        *WHOLE_NUMBERS,
        *NUMBERS,
        "selection_set_id",
        "image_count",
        "effective_scale",
        "epochs",
        "views_per_image",
    }
)
_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "learning_rate": ("rate", "lr"),
        "max_train_steps": ("steps", "step", "max steps", "train steps"),
        "network_dim": ("dim", "rank"),
        "network_alpha": ("alpha",),
        "batch_size": ("batch",),
        "num_repeats": ("repeats", "repeat"),
        "optimizer_type": ("optimizer", "optim"),
        "lr_scheduler": ("scheduler", "schedule"),
        "lr_warmup_steps": ("warmup", "warmup steps", "warm up", "warm up steps"),
        "gradient_dtype": ("dtype", "precision"),
        "save_every_n_steps": ("save every",),
        "class_tokens": ("tokens",),
        "selection_set_id": ("set", "dataset", "selection set"),
        "image_count": ("images", "pictures", "image"),
        "effective_scale": ("scale",),
        "epochs": ("epoch",),
        "views_per_image": ("views",),
        "status": (),
        "good": (),
        "name": ("version",),
        "style": (),
    }
)
"""What each field may be called, besides its own name; without regard to case, `-` and `_`."""

EXAMPLES: Final = ("rate=1e-4", "steps>=2000", "optimizer=Lion", "set=2", "images>40")
"""Conditions as they may be typed."""

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
_ALIKE: Final = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_NUMERAL = re.compile(r"[+-]?(\d{1,15}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Condition:
    """A field compared with values: `=` and `!=` with any of them, the others with the first."""

    field: str
    operator: str
    values: tuple[Value, ...]

    def holds(self, values: Mapping[str, Value]) -> bool:
        """What is not recorded fulfils nothing, unless None itself is among what is asked for."""
        value = values.get(self.field)
        if self.operator == "=":
            return any(_is_same(value, asked) for asked in self.values)
        if value is None:
            return False
        if self.operator == "!=":
            return not any(_is_same(value, asked) for asked in self.values)
        return _is_ordered(value, self.operator, self.values[0])


@dataclass(frozen=True)
class Query:
    """What was typed into the search box, as it is understood."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences about what is not understood, and therefore left out or looked for as text."""


@dataclass(frozen=True)
class Searchable:
    """What can be asked of one version; made once, asked often."""

    text: str
    """Everything that words are looked for in, casefolded."""
    values: Mapping[str, Value]
    status: str
    created_at: datetime | None
    is_good: bool


@dataclass(frozen=True)
class VersionFilter:
    """All of it must hold; what is left empty holds for every version."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    statuses: frozenset[str] = frozenset()
    created_from: datetime | None = None
    created_before: datetime | None = None
    only_good: bool = False

    def matches(self, one: Searchable) -> bool:
        """Whether the version is among what is looked for."""
        return (
            (not self.statuses or one.status in self.statuses)
            and (not self.only_good or one.is_good)
            and self._is_in_time(one.created_at)
            and all(word in one.text for word in self.words)
            and all(condition.holds(one.values) for condition in self.conditions)
        )

    def _is_in_time(self, moment: datetime | None) -> bool:
        if self.created_from is None and self.created_before is None:
            return True
        if moment is None:
            return False
        is_late_enough = self.created_from is None or moment >= self.created_from
        return is_late_enough and (self.created_before is None or moment < self.created_before)


def searchable(version: Version, style_name: str) -> Searchable:
    """A version of a style, ready to be asked."""
    parameters = version.parameters.as_dict()
    told = [style_name, version.name, version.description, version.error or "", version.status_text]
    told += [version.id, version.request_id or "", version.key]
    told += [spelling for value in parameters.values() for spelling in _spellings(value)]
    return Searchable(
        text="\n".join(told).casefold(),
        values={**parameters, **_derived(version), "style": style_name},
        status=version.status_text,
        created_at=version.created_at,
        is_good=version.is_good,
    )


def read_query(text: str) -> Query:
    """Reads `lion steps>=2000 "the warm one"`: words, conditions, and what stands in quotes as one."""
    words: list[str] = []
    conditions: list[Condition] = []
    problems: list[str] = []
    for found in _TOKEN.finditer(text):
        if found["name"] is None:
            word = found["quoted"] if found["quoted"] is not None else found["word"]
            words += [word.casefold()] if word else []
            continue
        understood = _condition(found["name"], found["operator"], found["value"] or "")
        if isinstance(understood, Condition):
            conditions.append(understood)
        else:
            problems.append(understood)
            if _field(found["name"]) is None:
                words.append(found[0].strip().casefold())
    return Query(tuple(words), tuple(conditions), tuple(problems))


def _condition(name: str, sign: str, told: str) -> Condition | str:
    """The condition, or a sentence that says what is wrong with it."""
    field, sign, told = _field(name), _ALIKE.get(sign, sign), told.strip('"')
    asked = f"{name}{sign}{told}"
    if field is None:
        return f"There is no field {name}, so {asked} is looked for as text. Fields: {', '.join(_SHORT)}."
    if not told:
        return f"{asked} is not complete, and is left out. Write for example {EXAMPLES[0]}."
    if field not in _NUMERIC:
        if sign in ("=", "!="):
            return Condition(field, sign, (told,))
        return f"{asked} is left out: {name} is a text, which can be compared with = and != only."
    if not _NUMERAL.fullmatch(told):
        return (
            f"{asked} is left out: {told} is not a number. Write for example {name}{sign}{_example(field)}."
        )
    return Condition(field, sign, (float(told),))


def _derived(version: Version) -> dict[str, Value]:
    parameters, images = version.parameters, version.image_count
    steps, batch = parameters.max_train_steps, parameters.batch_size
    return {
        "selection_set_id": version.selection_set_id,
        "image_count": images,
        "effective_scale": effective_scale(parameters.network_alpha, parameters.network_dim),
        "epochs": epochs(steps, images, parameters.num_repeats, batch),
        "views_per_image": views_per_image(steps, batch, images),
        "status": version.status_text,
        "good": "yes" if version.is_good else "no",
        "name": version.name,
    }


def _is_same(value: Value, asked: Value) -> bool:
    if isinstance(value, str) and isinstance(asked, str):
        return value.casefold() == asked.casefold()
    if isinstance(value, int | float) and isinstance(asked, int | float):
        return value == asked or (max(abs(value), abs(asked)) < 2**53 and math.isclose(value, asked))
    return value is asked


def _is_ordered(value: Value, sign: str, asked: Value) -> bool:
    if not isinstance(value, int | float) or not isinstance(asked, int | float):
        return False
    if _is_same(value, asked):
        return sign in ("<=", ">=")
    return _OPERATORS[sign](value, asked)


def _spellings(value: Value) -> Iterable[str]:
    """A number as any of its readers may write it: 3e-5 and 0.00003."""
    if value is None:
        return ()
    if not isinstance(value, float):
        return (str(value),)
    digits, _, power = f"{value:e}".partition("e")
    plain = f"{Decimal(repr(value)):f}" if 1e-15 < abs(value) < 1e15 else ""
    return (f"{digits.rstrip('0').rstrip('.')}e{int(power)}", plain)


def _field(name: str) -> str | None:
    return _FIELDS.get(_plain(name))


def _example(field: str) -> str:
    return "1e-4" if field == "learning_rate" else "1" if field == "effective_scale" else "20"


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).casefold()


_FIELDS: Final = {_plain(name): field for field, names in _NAMES.items() for name in (field, *names)}
_SHORT: Final = tuple(names[0] if names else field for field, names in _NAMES.items())

_PHRASES: Final = "|".join(
    re.sub("[ _]", r"[-_\\s]+", name)
    for name in sorted((name for field, names in _NAMES.items() for name in (field, *names)), key=len)[::-1]
    if " " in name or "_" in name
)
_TOKEN = re.compile(
    rf"""(?<!\S)(?P<name>(?:{_PHRASES})(?=\s*[<>=!≤≥≠])|[^\s<>=!≤≥≠"]+)   # learning rate, or one word
          \s*(?P<operator><=|>=|!=|==|[=<>≤≥≠])\s*(?P<value>"[^"]*"?|[^\s"]+)?
        | "(?P<quoted>[^"]*)"?
        | (?P<word>\S+)""",
    re.VERBOSE | re.IGNORECASE,
)
