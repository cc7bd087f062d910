"""What a version looks like when RunPod could not be asked, or knows it no more: never like one that failed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lora_core import CouldNotAsk, JobNotFound, Outlook, Sighting, Version, VersionStatus
from tests.ui.screens import record
from ui import words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENT = {"state": "sent", "at": NOW.isoformat(), "submittedAt": NOW.isoformat()}


def version(status: VersionStatus, **changes: Any) -> Version:
    return Version("1", record(1, status=status.value, submission=SENT, **changes))


def seen(outlook: Outlook) -> Sighting:
    evidence = JobNotFound() if outlook is Outlook.ENDED_UNKNOWN else CouldNotAsk("The endpoint is away.")
    return Sighting(evidence, "a sentence", outlook, NOW)


@pytest.mark.parametrize("status", [VersionStatus.PENDING, VersionStatus.TRAINING])
@pytest.mark.parametrize(
    "outlook",
    [Outlook.NOT_ASKED, Outlook.NOT_VISIBLE_YET, Outlook.MODEL_AWAITED, Outlook.MODEL_ALREADY_THERE],
)
def test_what_could_not_be_asked_looks_as_it_was_last_known(status: VersionStatus, outlook: Outlook) -> None:
    assert words.look(version(status), seen(outlook), NOW).word == status.value


@pytest.mark.parametrize("status", [VersionStatus.PENDING, VersionStatus.TRAINING])
def test_what_runpod_forgot_looks_ended_and_not_known(status: VersionStatus) -> None:
    look = words.look(version(status), seen(Outlook.ENDED_UNKNOWN), NOW)
    assert look == ("?", "ended, result not known", "gray")


def test_a_start_that_reached_nobody_looks_like_a_draft() -> None:
    draft = version(VersionStatus.DRAFT, error="The endpoint could not be reached: nothing answers there.")
    assert words.look(draft, None, NOW).word == "draft"


def test_a_submission_without_an_answer_looks_as_if_it_might_run() -> None:
    unknown = Version("1", record(1, status="pending", submission={**SENT, "state": "unknown"}))
    assert words.look(unknown, None, NOW) == ("?", "no answer, may be running", "gray")
