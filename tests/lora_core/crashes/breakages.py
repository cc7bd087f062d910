"""Ways to write that lose things: with each of them, what finds nothing wrong in the lab must find something."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from pytest import MonkeyPatch

from lora_core.histories import LIVE, TRASH
from lora_core.outbox import Outbox
from lora_core.runpod import RunpodClient
from lora_core.runpod_answers import SubmitOutcome
from lora_core.stores import LocalStore, Written
from lora_core.stores import local as local_store


@contextmanager
def in_place() -> Iterator[None]:
    """A document is opened and written, as the system before ours did."""

    def write(store: LocalStore, name: str, data: bytes, **_: object) -> Written:
        path = store.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
        return Written(local_store._etag(data))

    with MonkeyPatch.context() as patch:
        patch.setattr(LocalStore, "write", write)
        yield


@contextmanager
def without_outbox() -> Iterator[None]:
    """The answer to a submission goes straight to the record."""
    with MonkeyPatch.context() as patch:
        patch.setattr(Outbox, "put", lambda *_: None)
        yield


@contextmanager
def live_before_trash() -> Iterator[None]:
    """A record is taken out of where it was before it is written where it will be."""
    write = LocalStore.write
    kept_back: list[Callable[[], Written]] = []

    def reordered(
        store: LocalStore, name: str, data: bytes, *, if_match: str | None, **named: Any
    ) -> Written:
        def later() -> Written:
            return write(store, name, data, if_match=if_match, **named)

        if name.endswith(TRASH) and not kept_back:
            kept_back.append(later)
            return Written(local_store._etag(data))
        written = later()
        if name.endswith(LIVE) and kept_back:
            kept_back.pop()()
        return written

    with MonkeyPatch.context() as patch:
        patch.setattr(LocalStore, "write", reordered)
        yield


@contextmanager
def sending_twice() -> Iterator[None]:
    """What had no answer at once is sent again."""
    submit = RunpodClient.submit

    def submit_twice(client: RunpodClient, request: Mapping[str, Any]) -> SubmitOutcome:
        submit(client, request)
        return submit(client, request)

    with MonkeyPatch.context() as patch:
        patch.setattr(RunpodClient, "submit", submit_twice)
        yield


BREAKAGES: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "in place": in_place,
    "without outbox": without_outbox,
    "live before trash": live_before_trash,
    "sending twice": sending_twice,
}
