"""The operations of one deed that nobody interrupts, and every moment at which somebody begins to rely on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lora_core.bench import STYLE, Bench
from tests.lora_core.crashes.deeds import Deed
from tests.lora_core.crashes.operations import Kind, Operation, Phase, watched
from tests.lora_core.crashes.power import Disk, Tree
from tests.lora_core.crashes.promises import Promises

Moment = str
"""`sending`: the endpoint is about to be asked; `answered`: its answer was kept; `returned`: it is done."""


class Recording:
    """Made by doing the deed over a bench."""

    def __init__(self, deed: Deed, bench: Bench) -> None:
        self.deed = deed
        self.job_id = ""
        self._begin, self._end = Disk(bench.folder), Disk(bench.folder)
        self._events: list[Operation | Moment] = []
        self._has_reply = False
        with watched(bench.folder, self._seen), bench.open_lab() as lab:
            deed.again(lab)
            self._events.append("returned")
            if deed.key:
                self.job_id = lab.version(STYLE, deed.key).id
        self.after = Disk(bench.folder).cached()

    def cuts(
        self, *, unless: Callable[[Operation], bool] = lambda _: False
    ) -> Iterator[tuple[Promises, list[Tree]]]:
        """What may be left of the files by a cut after each operation, each held against what was promised.

        What an earlier cut may have left as well comes once. Operations for which `unless` holds are taken as
        never done: so a lab would be that leaves them out.
        """
        disk, promises = self._begin, Promises(self.deed, self._begin.cached())
        known: set[frozenset[object]] = set()
        for event in self._events:
            if isinstance(event, Moment):
                promises.told(event)
                known.clear()  # what was as good as new before may be too little now
            elif not unless(event):
                disk.do(event)
                promises.follow(disk.cached())
            trees = []
            for tree in disk.survivors():
                if (identity := frozenset(tree.items())) not in known:
                    known.add(identity)
                    trees.append(tree)
                    promises.are_kept(tree, job_id=self.job_id)
            yield promises, trees
        if not any(isinstance(event, Operation) and unless(event) for event in self._events):
            assert disk.cached() == self.after, "the recording has missed an operation"

    def _seen(self, operation: Operation, phase: Phase) -> None:
        if operation.kind is Kind.SEND and "sending" not in self._events:
            self._events.append("sending")
        self._has_reply = self._has_reply or (operation.kind is Kind.RECEIVE and phase is Phase.AFTER)
        if self._has_reply and operation.path.startswith("styles/") and "answered" not in self._events:
            self._events.append("answered")
        if phase is Phase.AFTER and not operation.kind.is_of_the_network:
            self._events.append(operation)


def restored(tree: Tree, folder: Path) -> None:
    """Writes what a cut has left into a folder."""
    folder.mkdir()
    for path, content in tree.items():
        place = folder / path
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content)
