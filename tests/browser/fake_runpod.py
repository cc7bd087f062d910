"""RunPod's API on this machine, with a memory, over a trainer that does what the test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_endpoint import Address, Call, Fault, LocalEndpoint, ScriptedTrainer


@dataclass
class FakeRunpod:
    """`faults` maps a verb to what goes wrong with it."""

    endpoint: LocalEndpoint
    trainer: ScriptedTrainer
    address: Address
    faults: dict[str, Fault] = field(default_factory=dict)

    def posts(self) -> int:
        """How often /run was called."""
        return sum(call.verb == "run" for call in self.endpoint.requests)


@contextmanager
def fake_runpod(folder: Path, *, workers: int = 2) -> Iterator[FakeRunpod]:
    """Serves it until the block ends; its jobs have ten steps, which a test grants."""
    faults: dict[str, Fault] = {}

    def fault_of(call: Call) -> Fault | None:
        return faults.get(call.verb)

    trainer = ScriptedTrainer(auto=True, steps=10)
    endpoint = LocalEndpoint(folder, trainer=trainer, faults=fault_of, max_workers=workers)
    with endpoint.serving() as address:
        yield FakeRunpod(endpoint, trainer, address, faults)
