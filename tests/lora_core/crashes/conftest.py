"""One world of deaths per process of tests: making it takes a second, and a death leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lora_core.bench import FakeRunpod, SettableClock
from tests.lora_core.crashes.driver import driving
from tests.lora_core.crashes.trial import Trial


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Kills labs."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("which file is fsynced can be seen on Linux only")
    folder = tmp_path_factory.mktemp("crashes")
    clock = SettableClock()
    with FakeRunpod(folder / "runpod", clock).serving() as runpod, driving() as driver:
        yield Trial(folder, driver, runpod, clock)
