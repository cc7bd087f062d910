"""A lab is killed after every single operation on its disk, and in the middle of every write."""

import pytest

from tests.lora_core.crashes.aftermath import examine
from tests.lora_core.crashes.deeds import DEEDS, Deed
from tests.lora_core.crashes.points import OF_EVERY_WRITE
from tests.lora_core.crashes.trial import Trial

pytestmark = pytest.mark.xdist_group("crashes at every operation")

# What these do, others do as well: the first start of a style, the end of a running one, and a turn.
_CONTAINED = (
    "start",
    "start, not waited for",
    "start, refused",
    "start, reply lost",
    "cancel",
    "check_status",
)

INTERRUPTED = [deed for name, deed in DEEDS.items() if name not in _CONTAINED]


@pytest.mark.parametrize("deed", INTERRUPTED, ids=str)
def test_nothing_is_lost_by_a_lab_that_is_killed_in_the_middle_of(deed: Deed, trial: Trial) -> None:
    operations = trial.counted(deed).operations
    for number in range(1, len(operations) + 1):
        with trial.killed(deed, occurrence=number) as scene:
            examine(scene, is_impatient=number % 2 == 0)


@pytest.mark.parametrize("point", OF_EVERY_WRITE)
def test_these_are_at_least_25_deaths_when(point: str, trial: Trial) -> None:
    assert sum((trial.counted(deed).meetings or {})[point] for deed in INTERRUPTED) >= 25
