"""What the endpoint's tests share: a clock that can be set, a scripted endpoint, pictures, a receiver."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_endpoint import LocalEndpoint, ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.receiver import Receiver
from tests.local_endpoint.training_inputs import draw_pictures


class SettableClock:
    """Epoch seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def trainer() -> ScriptedTrainer:
    return ScriptedTrainer()


@pytest.fixture
def endpoint(tmp_path: Path, trainer: ScriptedTrainer, clock: SettableClock) -> LocalEndpoint:
    return LocalEndpoint(tmp_path / "state", trainer=trainer, clock=clock, webhook_retry_s=0.01)


@pytest.fixture
def client(endpoint: LocalEndpoint) -> Iterator[ApiClient]:
    """A client of the endpoint, which serves for the length of the test."""
    with endpoint.serving() as address, ApiClient(address) as api:
        yield api


Serve = Callable[..., AbstractContextManager[ApiClient]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serve an endpoint of one's own making over this test's state folder."""

    @contextmanager
    def serving(**arguments: Any) -> Iterator[ApiClient]:
        with LocalEndpoint(tmp_path / "state", **arguments).serving() as address, ApiClient(address) as api:
            yield api

    return serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Addresses of six pictures with captions."""
    return draw_pictures(tmp_path_factory.mktemp("pictures"), count=6)
