"""A lab is killed at each of the points that matter, 25 times each, and nothing is lost or paid for twice.

Those that every write passes are met more often than that in `test_every_operation`.
"""

import random
from itertools import cycle, islice

import pytest

from tests.lora_core.crashes.aftermath import examine
from tests.lora_core.crashes.deeds import DEEDS
from tests.lora_core.crashes.points import OF_EVERY_WRITE, POINTS
from tests.lora_core.crashes.trial import Trial

TIMES = 25

pytestmark = pytest.mark.xdist_group("crash points")


@pytest.mark.parametrize("point", [point for point in POINTS if point not in OF_EVERY_WRITE])
def test_nothing_is_lost_by_a_lab_that_is_killed_when(point: str, trial: Trial) -> None:
    meetings = trial.meetings(point)
    random.Random(point).shuffle(meetings)
    for number, (deed, occurrence) in enumerate(islice(cycle(meetings), TIMES)):
        with trial.killed(deed, point=point, occurrence=occurrence) as scene:
            examine(scene, is_impatient=number % 2 == 0)


# -- the harness can fail


@pytest.mark.parametrize(
    ("breakage", "deed", "point", "occurrence", "what_is_found"),
    [
        ("in place", "save_draft", None, 2, "Expecting|Unterminated|Extra"),
        ("without outbox", "start", "the temp file is written", 4, "the answer had arrived, and is lost"),
        ("live before trash", "delete", "the folder is fsynced", 1, "the record is neither old nor new"),
        ("sending twice", "start", "the answer is in the outbox", 1, "it has two jobs"),
    ],
)
def test_a_lab_is_caught_that_writes(
    breakage: str, deed: str, point: str | None, occurrence: int, what_is_found: str, trial: Trial
) -> None:
    with (
        pytest.raises((AssertionError, ValueError), match=what_is_found),
        trial.killed(DEEDS[deed], breakage=breakage, point=point, occurrence=occurrence) as scene,
    ):
        examine(scene)
