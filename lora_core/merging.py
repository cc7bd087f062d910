"""Two records of one training as one: which stays, what it takes from the other, and when both must stay.

The record that knows most stays as it is and takes only what it lacks. Where both know something and it is
not the same, they stay two, for a person to decide: a configuration, a job or a note that is gone costs more
than a doubled line.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lora_core.json_text import REMOVED
from lora_core.model_urls import faster, same_model
from lora_core.naming import MODEL_SUFFIX
from lora_core.versions import Version, VersionStatus, fuller_id, same_job

# Where both have these and they differ, the word of the record that stays counts.
_STAYING: Final = frozenset(
    {
        *("id", "key", "requestId", "name", "timestamp", "parameters", "submission", "lastSynced"),
        *("status", "startedAt", "completedAt", "cancelRequestedAt", "statusNote"),
    }
)
# They have rules of their own below; a failure belongs to its status.
_FAILURE: Final = ("error", "failedAt", "failureReason")
_NOT_FILLED: Final = frozenset(
    {
        *("id", "key", "requestId", "name", "parameters", "submission"),
        *("status", "loraUrl", "description", *_FAILURE),
    }
)
_STEPS: Final = {
    None: 0,
    VersionStatus.PENDING: 1,
    VersionStatus.TRAINING: 2,
    VersionStatus.FAILED: 3,
    VersionStatus.COMPLETED: 4,
}
_WORDS_OF_A_SYNC: Final = re.compile(
    r"((auto(matically)?[ -]?)?synced from s3( (bucket|storage))?"
    r"|found as a model file; its settings are not recorded)[.!]?",
    re.IGNORECASE,
)


def settings_of(version: Version) -> Mapping[str, Any]:
    """The settings that its record holds, as they stand there; empty for one that holds none."""
    held = version.raw.get("parameters")
    if isinstance(held, Mapping):
        return held
    return {"parameters": held} if held else {}


def is_bare(version: Version) -> bool:
    """Whether it is the trace of a model or of a job only: no settings, and nothing that the lab sent."""
    return not settings_of(version) and version.raw.get("submission") is None


def file_names(version: Version) -> frozenset[str]:
    """The model names, without their ending, that its id and its name spell out: a sync's record has some."""
    raw_name = version.raw.get("name")
    spelled = (version.id, raw_name if isinstance(raw_name, str) else "")
    names = (one.removesuffix(MODEL_SUFFIX) for one in spelled)
    return frozenset(name for name in names if name.startswith(f"style_{version.style_id}_v"))


def in_order(one: Version, other: Version) -> tuple[Version, Version]:
    """The one that stays, then the one that goes, should they be merged; of two equals the first stays."""
    return (other, one) if weight(other) > weight(one) else (one, other)


def contradiction(kept: Version, other: Version) -> str | None:
    """Why both must stay, as the end of a sentence; None when `other` can go into `kept`."""
    return next((why for rule in _RULES for why in rule(kept, other)), None)


def taken_over(kept: Version, other: Version) -> dict[str, Any]:
    """The keys of `kept` that change when `other` goes into it; REMOVED for one that is taken out."""
    merged = {
        name: value
        for name, value in other.raw.items()
        if name not in _NOT_FILLED and _lacks(kept, name, value) and not _says_nothing(kept, other, name)
    }
    merged |= _job(kept, other) | _address(kept, other) | _words(kept, other) | _status(kept, other)
    if other.raw.get("isGood") is True and kept.raw.get("isGood") is not True:
        merged["isGood"] = True
    return merged


def left_behind(kept: Version, other: Version) -> dict[str, Any]:
    """What `other` says of the training and the merged record does not: it stays in the backup only."""
    merged = {**kept.raw, **taken_over(kept, other)}
    return {
        name: value for name, value in other.raw.items() if not _is_told(name, value, merged, kept, other)
    }


def is_alike(one: object, other: object) -> bool:
    """Whether two JSON values say the same: 16 is 16.0, but true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_alike, one, other))
    return one == other


def weight(version: Version) -> tuple[bool, bool, int, bool, int, bool]:
    """How much would be gone with the record: the greater stays."""
    return (
        version.is_in_flight(),
        version.raw.get("submission") is not None,
        len(settings_of(version)),
        job_of(version) is not None,
        _STEPS.get(version.status, 0),
        bool(version.raw.get("key")),
    )


def job_of(version: Version) -> str | None:
    """RunPod's job, when the record names one: the old system may have left a request id in its place."""
    is_request = re.fullmatch(rf"{re.escape(version.style_id)}_\d+", version.id)
    return None if is_request else version.job_id


# Why both must stay


def _in_flight(kept: Version, other: Version) -> Iterator[str]:
    """What runs is touched by nothing but its job; only a mere copy of it may go."""
    running = next((one for one in (kept, other) if one.is_in_flight()), None)
    is_copy = all(is_alike(kept.raw.get(name), value) for name, value in other.raw.items())
    if running is not None and not is_copy:
        yield f"{running.name} is still in flight; look again when it has ended"


def _settings(kept: Version, other: Version) -> Iterator[str]:
    here, there = settings_of(kept), settings_of(other)
    if not there.keys() <= here.keys() or any(not is_alike(here[name], there[name]) for name in there):
        yield "they hold different settings and are two configurations"


def _pictures(kept: Version, other: Version) -> Iterator[str]:
    if is_bare(other):
        return
    pairs = (
        (kept.selection_set_id, other.selection_set_id),
        (kept.image_count, other.image_count),
        (kept.dataset, other.dataset),
    )
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        yield "they were trained on different pictures and are two configurations"


def _jobs(kept: Version, other: Version) -> Iterator[str]:
    one, two = job_of(kept), job_of(other)
    if one is not None and two is not None and not same_job(one, two):
        yield "they come from two jobs"


def _submissions(kept: Version, other: Version) -> Iterator[str]:
    sent = other.raw.get("submission")
    if sent is not None and not is_alike(kept.raw.get("submission"), sent):
        yield "each was sent by itself"


def _models(kept: Version, other: Version) -> Iterator[str]:
    one, two = kept.lora_url, other.lora_url
    is_another_file = one is not None and two is not None and one != two and not same_model(one, two)
    names = (kept.model_name, other.model_name)
    if is_another_file or (None not in names and names[0] != names[1]):
        yield "they name two model files"


def _names(kept: Version, other: Version) -> Iterator[str]:
    """A trace under another name is no version of its own beside the record that holds the settings."""
    has_room = all(isinstance(one.raw.get("description"), str | None) for one in (kept, other))
    is_a_trace = is_bare(other) and (not is_bare(kept) or _bears_a_file_name(kept)) and has_room
    if _also_named(kept, other) is not None and not is_a_trace:
        yield "they have two names, so somebody may mean them to be two versions"


def _statuses(kept: Version, other: Version) -> Iterator[str]:
    is_lower = _STEPS.get(kept.status, 0) < _STEPS.get(other.status, 0)
    if kept.raw.get("submission") is not None and is_lower:
        yield (
            f"only its job tells whether {kept.name} is {other.status_text}, as the other says: check its status"
        )
    elif None in (kept.status, other.status) and not _agree(kept, other, "status"):
        yield "their statuses differ"


def _other_values(kept: Version, other: Version) -> Iterator[str]:
    open_to_both = _STAYING | set(_FAILURE) | ({"imageCount"} if is_bare(other) else set())
    differing = [
        name
        for name in other.raw
        if name not in open_to_both
        and not _agree(kept, other, name)
        and not _can_be_joined(kept, other, name)
    ]
    if differing:
        yield f"they differ in {', '.join(differing)}"


_RULES: Final[tuple[Callable[[Version, Version], Iterator[str]], ...]] = (
    *(_in_flight, _settings, _pictures, _jobs, _submissions, _models, _names, _statuses, _other_values),
)


def _agree(kept: Version, other: Version, name: str) -> bool:
    """Whether at most one of them says something, or both the same."""
    one, two = kept.raw.get(name), other.raw.get(name)
    return one is None or two is None or is_alike(one, two)


def _can_be_joined(kept: Version, other: Version, name: str) -> bool:
    both = (kept.raw[name], other.raw[name])
    if name in ("loraUrl", "description"):
        return all(isinstance(value, str) for value in both)
    if name == "selectionSetId":  # some files write it as text
        return kept.selection_set_id is not None and kept.selection_set_id == other.selection_set_id
    return name == "isGood" and all(isinstance(value, bool) for value in both)


# What is taken over, and what is not


def _is_told(name: str, value: object, merged: Mapping[str, Any], kept: Version, other: Version) -> bool:
    """Whether the merged record says it too, be it in other words, or there was nothing in it."""
    if value is None or _says_nothing(kept, other, name) or is_alike(merged.get(name), value):
        return True
    match name:
        case "parameters":
            return True  # those of `kept` include them, or both had to stay
        case "description":
            return _is_of_a_sync(value) or _lines(value) <= _lines(merged.get(name))
        case "loraUrl":
            return same_model(str(value), str(merged.get(name)))
        case "id" if same_job(other.id, str(merged.get(name))):
            return True
        case "id" | "name" if str(value).removesuffix(MODEL_SUFFIX) in file_names(other):
            return True
        case "name":
            return _also_named(kept, other) is not None
        case _:
            return False


def _lacks(kept: Version, name: str, value: object) -> bool:
    return name not in kept.raw or (kept.raw[name] is None and value is not None)


def _says_nothing(kept: Version, other: Version, name: str) -> bool:
    """What a sync wrote because it had to write something; and that a version is based on itself."""
    if name == "basedOn":
        return bool(other.based_on == kept.key)
    return name in ("timestamp", "imageCount") and is_bare(other) and bool(file_names(other))


def _is_of_a_sync(text: object) -> bool:
    return isinstance(text, str) and _WORDS_OF_A_SYNC.fullmatch(text.strip()) is not None


def _job(kept: Version, other: Version) -> dict[str, Any]:
    """The job's id, where only the other knows it, or its suffix; a `key` keeps what the record was known by."""
    known, told = job_of(kept), job_of(other)
    if told is None or (known is not None and fuller_id(known, told) == known):
        return {}
    identity = {} if kept.raw.get("key") or not kept.key else {"key": kept.key}
    return {**identity, "id": other.raw["id"]}


def _address(kept: Version, other: Version) -> dict[str, Any]:
    one, two = kept.raw.get("loraUrl"), other.raw.get("loraUrl")
    url = faster(one, two) if isinstance(one, str | None) and isinstance(two, str | None) else one or two
    return {"loraUrl": url} if url and url != one else {}


def _words(kept: Version, other: Version) -> dict[str, Any]:
    """The notes of both; a name that would be gone is told in them."""
    one, two = kept.raw.get("description"), other.raw.get("description")
    if not isinstance(one, str | None) or not isinstance(two, str | None):
        return {"description": one or two} if not one else {}
    own, news = ("" if _is_of_a_sync(text) else text or "" for text in (one, two))
    added = [news] if news.strip() and not _lines(news) <= _lines(own) else []
    if (name := _also_named(kept, other)) is not None:
        added.append(f"Also named {name}.")
    return {"description": "\n".join([own, *added] if own.strip() else added)} if added else {}


def _status(kept: Version, other: Version) -> dict[str, Any]:
    """The further of both statuses; a failure that turned out to be none is forgotten, as everywhere."""
    is_lifted = _STEPS.get(other.status, 0) > _STEPS.get(kept.status, 0) or kept.raw.get("status") is None
    further = other if is_lifted else kept
    changes = {"status": status} if is_lifted and (status := other.raw.get("status")) is not None else {}
    if further.status is not VersionStatus.COMPLETED:
        failure = {name: other.raw[name] for name in _FAILURE if other.raw.get(name) is not None}
        return changes | {name: value for name, value in failure.items() if _lacks(kept, name, value)}
    if is_lifted:
        changes |= {name: REMOVED for name in _FAILURE if name in kept.raw}
        if kept.raw.get("statusNote") is None and other.raw.get("statusNote") is None:
            changes["statusNote"] = "another record of its model says completed"
    return changes


def _also_named(kept: Version, other: Version) -> str | None:
    """A name of `other` that neither `kept` bears nor a model file."""
    name = other.raw.get("name")
    if not isinstance(name, str) or not name.strip() or name == kept.raw.get("name"):
        return None
    return None if name.removesuffix(MODEL_SUFFIX) in file_names(other) | {other.id} else name


def _bears_a_file_name(version: Version) -> bool:
    return version.name.removesuffix(MODEL_SUFFIX) in file_names(version)


def _lines(text: object) -> set[str]:
    return {line.strip() for line in text.splitlines()} if isinstance(text, str) else set()
