"""Every state in which somebody may find the screens, each as a lab that is being served.

For tests and for whatever makes pictures of the screens: plain context managers, no fixtures.
`with opened("three running", folder) as lab: page.goto(lab.url)`.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from lora_core import Settings, TrainingLab, TrainingParameters
from lora_core.sample_style import SAMPLE_SETS, draw_sample_pictures
from tests.browser import recorded
from tests.browser.empty_bucket import empty_bucket
from tests.browser.fake_runpod import FakeRunpod, fake_runpod
from tests.browser.lab_server import LabServer
from tests.runpod_settings import runpod_settings

STEPS: Final = 2000
_LONG_STYLE: Final = "A_style_whose_name_is_as_long_as_a_name_may_be_and_has_not_a_single_space_in_it"


@dataclass(frozen=True)
class Opened:
    """A state to look at."""

    server: LabServer
    query: str
    """The address's part that names the style, and the version that the state is about."""
    runpod: FakeRunpod | None = None

    @property
    def url(self) -> str:
        """Its Training screen."""
        return self.server.url + self.query

    @property
    def history_url(self) -> str:
        """Its History screen."""
        return f"{self.server.url}history{self.query}"


def opened(state: str, folder: Path) -> AbstractContextManager[Opened]:
    """One of STATES, over an empty folder of its own."""
    return STATES[state](folder)


@contextmanager
def still(folder: Path, *names: str) -> Iterator[Mapping[str, Opened]]:
    """States in which nothing runs differ only in their files: one server shows several, a style each."""
    for name in names:
        title = _LONG_STYLE if name == "long names" else name.capitalize()
        recorded.write(_style(folder, title), STILL[name][1]())
    with LabServer(folder) as server:
        yield {
            name: Opened(server, f"?style={number}&version={STILL[name][0]}")
            for number, name in enumerate(names, 1)
        }


STILL: Final[Mapping[str, tuple[str, Callable[[], list[dict[str, Any]]]]]] = MappingProxyType(
    {
        "first version": ("new", list),
        "completed": ("V3", lambda: [recorded.record(number) for number in (3, 2, 1)]),
        "failed": ("V2", lambda: [recorded.failed(2), recorded.record(1)]),
        "200 versions": ("V200", lambda: [recorded.one_of_many(number) for number in range(200, 0, -1)]),
        "long names": (recorded.NAMES["80 characters"], recorded.long_names),
        "draft": ("V2", lambda: [recorded.draft(2), recorded.record(1)]),
        "older system": ("V2", lambda: [recorded.old(2), recorded.old(1)]),
    }
)
"""The version that each is about, and its history."""


@contextmanager
def empty(folder: Path) -> Iterator[Opened]:
    """Nothing at all: the first opening."""
    with LabServer(folder) as server:
        yield Opened(server, "")


@contextmanager
def half_configured(folder: Path) -> Iterator[Opened]:
    """A key and no endpoint; there are versions to look at."""
    recorded.write(_style(folder, "Half configured"), [recorded.record(number) for number in (3, 2, 1)])
    with LabServer(folder, {"RUNPOD_API_KEY": "half-a-key"}) as server:
        yield Opened(server, "?style=1&version=V3")


@contextmanager
def at_work(folder: Path, *shares: float | None, styles: int = 1) -> Iterator[Opened]:
    """A training per share of its steps, by turns in the styles; None: it waits for a worker."""
    with empty_bucket() as bucket, fake_runpod(folder / "runpod", workers=_workers(shares)) as runpod:
        settings = {**runpod_settings(runpod.address, bucket), "RUNPOD_GPU": "L40S"}
        _start(folder, settings, runpod, shares, styles)
        with LabServer(folder, settings) as server:
            yield Opened(server, "?style=1&version=V2", runpod)


@contextmanager
def runpod_down(folder: Path) -> Iterator[Opened]:
    """A training runs, and RunPod cannot be reached."""
    with empty_bucket() as bucket:
        with fake_runpod(folder / "runpod") as runpod:
            settings = {**runpod_settings(runpod.address, bucket), "RUNPOD_GPU": "L40S"}
            _start(folder, settings, runpod, (0.5,), 1)
        with LabServer(folder, settings) as server:
            yield Opened(server, "?style=1&version=V2")


def report(runpod: FakeRunpod, job_id: str, share: float) -> None:
    """The worker tells how far it is, and its loss until now."""
    step = int(share * STEPS)
    losses = recorded.loss_history(step, STEPS)
    runpod.trainer.progress(
        job_id, step=step, total_steps=STEPS, loss=losses[-1][1], s_per_step=1.2, loss_history=losses
    )


def _still(name: str) -> Callable[[Path], AbstractContextManager[Opened]]:
    @contextmanager
    def state(folder: Path) -> Iterator[Opened]:
        with still(folder, name) as states:
            yield states[name]

    return state


STATES: Final[Mapping[str, Callable[[Path], AbstractContextManager[Opened]]]] = MappingProxyType(
    {
        "empty": empty,
        "running": lambda folder: at_work(folder, 0.65),
        "three running": lambda folder: at_work(folder, 0.9, 0.4, 0.05, None),
        "two styles running": lambda folder: at_work(folder, 0.7, 0.2, styles=2),
        "RunPod down": runpod_down,
        "half-configured": half_configured,
        **{name: _still(name) for name in STILL},
    }
)
"""All of them by name."""


def _workers(shares: tuple[float | None, ...]) -> int:
    return sum(share is not None for share in shares)


def _start(
    folder: Path,
    settings: Mapping[str, str],
    runpod: FakeRunpod,
    shares: tuple[float | None, ...],
    styles: int,
) -> None:
    """Each based on a finished version, so that the first one started is V2."""
    made = [_style(folder, f"Style at work {number}") for number in range(1, styles + 1)]
    for style in made:
        recorded.write(style, [recorded.record(1)])
    with _environment(settings), TrainingLab(_settings(folder, settings)) as lab:
        for number, share in enumerate(shares, 1):
            version = lab.start(
                made[(number - 1) % styles].name,
                parameters=TrainingParameters(learning_rate=number / 10_000, max_train_steps=STEPS),
                selection_set_id=1,
                description=f"Rate {number}e-4",
                based_on="V1",
            )
            if share is not None and version.job_id is not None:
                report(runpod, version.job_id, share)


def _style(folder: Path, name: str) -> Path:
    """Another style, with the sample's pictures and selection sets; answers its folder."""
    with TrainingLab(_settings(folder, {})) as lab:
        made = lab.settings.root / lab.create_style(name).folder
    draw_sample_pictures(made)
    sets = [{"id": number, "filenames": names} for number, names in SAMPLE_SETS.items()]
    (made / "selection_sets.json").write_text(json.dumps({"sets": sets}))
    return made


def _settings(folder: Path, settings: Mapping[str, str]) -> Settings:
    own = {name.lower(): value for name, value in settings.items() if not name.startswith("AWS_")}
    return Settings(
        lora_lab_root=str(folder / "styles"),
        lora_lab_models=folder / "models",
        lora_lab_state_dir=folder / "state",
        **own,
    )


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """boto3 takes its credentials from nowhere else."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in settings.items() if name.startswith("AWS_")})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
