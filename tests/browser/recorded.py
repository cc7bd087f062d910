"""Histories as files: what the states of the screens are made of."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from lora_core import TrainingParameters

PARAMETERS: Final[Mapping[str, Any]] = MappingProxyType(TrainingParameters().model_dump())
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "80 characters": "W" * 80,
        "Chinese": "漫画風の背景と夕暮れの光" * 6,
        "right to left": "تدريب النمط الجديد بمعدل تعلم منخفض",
        "emoji": "👩🏽‍🎨🎨🌅 dusk, take two 🧪",
        "script": "<script>document.title='taken'</script>",
        "Markdown": "**bold** [link](https://example.com) :red[red] `code` $x^2$ # head",
    }
)
"""What people (and attackers) call things; each fits into a version's name."""

_TRIED: Final = (
    "Test with low LR",
    "More repeats, fewer steps",
    "",
    "Half the dim: is it enough?",
    "The good one, longer",
)
_REFUSED: Final = (
    "RuntimeError: CUDA out of memory. Tried to allocate 2.34 GiB (GPU 0; 44.40 GiB total capacity; "
    "42.11 GiB already allocated)\n  File "
    '"/workspace/trainers/flux/InitFluxLoRATraining/very_long_module_name_without_any_space/train_network.py", '
    "line 1042, in train"
)


def records(folder: Path, style: str = "1_flat_landscapes") -> list[dict[str, Any]]:
    """A style's versions as they stand in its file, the newest first."""
    path = folder / "styles" / style / "training_versions.json"
    found: list[dict[str, Any]] = json.loads(path.read_bytes())["versions"] if path.exists() else []
    return found


def record(number: int, *, at: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """A version, completed unless told otherwise; None takes a key away."""
    made = at or datetime.now(UTC) - timedelta(days=40, minutes=-number * 170)
    raw: dict[str, Any] = {
        "id": f"{number:08x}-d3ac-44af-8f21-ddb66cad4a26-e1",
        "requestId": f"1_{int(made.timestamp() * 1000)}",
        "name": f"V{number}",
        "timestamp": _iso(made),
        "completedAt": _iso(made + timedelta(minutes=41)),
        "startedAt": _iso(made + timedelta(minutes=2)),
        "status": "completed",
        "parameters": {**PARAMETERS, "learning_rate": (1 + number % 5) / 10_000},
        "selectionSetId": 1 + number % 2,
        "imageCount": 12 if number % 2 == 0 else 8,
        "loraUrl": f"https://models.example/trainer/custom-styles-models/style_1_vV{number}.safetensors",
        "description": _TRIED[number % len(_TRIED)] or None,
        "isGood": number % 7 == 3 or None,
    }
    return {name: value for name, value in {**raw, **changes}.items() if value is not None}


def failed(number: int, **changes: Any) -> dict[str, Any]:
    """A version whose trainer ran out of memory."""
    ended = {"status": "failed", "failureReason": "trainer", "error": _REFUSED, "loraUrl": None}
    return record(number, **{**ended, **changes})


def draft(number: int, **changes: Any) -> dict[str, Any]:
    """A version that nobody has started."""
    never = dict.fromkeys(("completedAt", "startedAt", "loraUrl", "isGood"))
    own = {"id": f"1_17{number:011}", "requestId": f"1_17{number:011}", "status": "draft"}
    return record(number, **{**never, **own, **changes})


def old(number: int) -> dict[str, Any]:
    """A version of the older system: few parameters, and most of the rest unknown."""
    known = ("learning_rate", "max_train_steps", "network_dim")
    unknown = dict.fromkeys(
        ("requestId", "completedAt", "startedAt", "selectionSetId", "imageCount", "description")
    )
    return record(number, parameters={name: PARAMETERS[name] for name in known}, **unknown)


def one_of_many(number: int) -> dict[str, Any]:
    """Of a long history: now and then one has failed, or was never started."""
    return failed(number) if number % 9 == 4 else draft(number) if number % 25 == 7 else record(number)


def long_names() -> list[dict[str, Any]]:
    """A version for each kind of name, its note and error as bad as its name."""
    made = [
        record(number, name=name, description=f"{name} {name}")
        for number, name in enumerate(NAMES.values(), 2)
    ]
    return [*reversed(made), failed(1, error="E" * 300, description="D" * 200)]


def write(style: Path, records: list[dict[str, Any]]) -> None:
    """The style's history, newest first as given; the newest one's model is at hand."""
    number = style.name.partition("_")[0]
    for one in records:
        if "class_tokens" in one["parameters"]:
            one["parameters"]["class_tokens"] = f"style SBai_style_{number}"
    text = json.dumps({"versions": records}, indent=2, ensure_ascii=False)
    (style / "training_versions.json").write_text(text, encoding="utf-8")
    models = style.parent.parent / "models"
    models.mkdir(exist_ok=True)
    for one in records[:1]:
        if one.get("status") == "completed" and str(one["name"]).startswith("V"):
            file = models / f"style_{number}_v{one['name']}.safetensors"
            file.write_bytes(b"\0" * 40_000)


def loss_history(steps: int, total: int) -> list[list[float]]:
    """A falling, noisy curve: (step, loss) each ten steps."""
    return [
        [step, round(0.08 + 0.22 * math.exp(-3 * step / total) + 0.02 * math.sin(step * 1.7), 4)]
        for step in range(10, steps + 1, 10)
    ]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
