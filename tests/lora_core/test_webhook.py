"""RunPod's webhook: unsigned, early, late, twice, or never; polling stays the truth."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from local_endpoint import Call, Fault
from lora_core import FailureReason, SubmissionState, TrainingLab, Version, VersionStatus
from lora_core.webhooks import delivery, is_genuine, webhook_token, webhook_url
from tests.lora_core.bench import STYLE, Bench, started

SECRET = SecretStr("a secret of the lab")
URL = "https://bucket.s3.amazonaws.com/user/custom-styles-models/style_1_vV1.safetensors"


def body(version: Version, job_id: str, status: str = "COMPLETED", **job: Any) -> bytes:
    """What RunPod posts: the job, and its input as it was sent."""
    config = {"request_id": version.request_id, "model_name": version.model_name}
    output = {"status": "success", "loraUrl": URL}
    posted = {"id": job_id, "status": status, "output": output, "input": {"training_config": config}, **job}
    return json.dumps(posted).encode()


@pytest.fixture
def version(lab: TrainingLab) -> Version:
    return started(lab)


@pytest.fixture
def job_id(bench: Bench, version: Version) -> str:
    return bench.runpod.job_of(version)


def test_it_says_look_now_and_what_runpod_then_says_counts(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str
) -> None:
    bench.runpod.trainer.complete(
        job_id, {"status": "success", "loraUrl": "https://models.example/true.safetensors"}
    )
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and check.version.status is VersionStatus.COMPLETED
    assert check.version.lora_url == "https://models.example/true.safetensors"


def test_a_body_that_says_completed_while_the_job_runs_completes_nothing(
    lab: TrainingLab, version: Version, job_id: str
) -> None:
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and check.version.status is VersionStatus.TRAINING
    assert check.version.lora_url is None


@pytest.mark.parametrize("fault", [Fault.refuse(), Fault.reply(500, b""), Fault.reply(401, b"")])
def test_a_body_counts_for_nothing_while_runpod_cannot_be_asked(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str, fault: Fault
) -> None:
    bench.runpod.hook = lambda _: fault
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and check.version.status is VersionStatus.PENDING


def test_of_a_job_that_runpod_forgot_the_body_itself_counts(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str
) -> None:
    bench.runpod.endpoint.forget(job_id)
    bench.clock.advance(hours=1)
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and (check.version.status, check.version.lora_url) == (VersionStatus.COMPLETED, URL)


def test_twice_is_as_good_as_once(bench: Bench, lab: TrainingLab, version: Version, job_id: str) -> None:
    bench.runpod.trainer.complete(job_id)
    lab.receive_webhook(body(version, job_id), version.request_id)
    bench.clock.advance(seconds=10)
    before = bench.history_file.read_bytes()
    lab.receive_webhook(body(version, job_id), version.request_id)
    bench.open_lab().receive_webhook(body(version, job_id, "FAILED", output=None), version.request_id)
    assert bench.history_file.read_bytes() == before


@pytest.mark.parametrize("suffix", ["", "-u1", "-e2"])
@pytest.mark.parametrize("is_named", [True, False])
def test_the_job_is_known_with_and_without_its_suffix(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str, suffix: str, is_named: bool
) -> None:
    bench.runpod.trainer.complete(job_id)
    posted = {"id": job_id.removesuffix("-u1") + suffix, "status": "COMPLETED"}
    check = lab.receive_webhook(json.dumps(posted).encode(), version.request_id if is_named else None)
    assert check and check.version.status is VersionStatus.COMPLETED


def test_it_may_come_before_the_reply_to_the_submission(bench: Bench, lab: TrainingLab) -> None:
    heard: list[Any] = []

    def early(call: Call) -> Fault | None:
        # The job is over, and its webhook here, while /run has not answered yet.
        if call.verb == "run":
            version = lab.version(STYLE, "V1")
            heard.append(lab.receive_webhook(body(version, "early-u1"), version.request_id))
            return Fault.reply(200, {"id": "early-u1", "status": "IN_QUEUE"})
        return Fault.reply(404, {"status": 404, "title": "Not Found", "detail": "job not found"})

    bench.runpod.hook = early
    version = started(lab)
    assert heard[0].version.status is VersionStatus.COMPLETED
    assert (version.status, version.job_id, version.lora_url) == (VersionStatus.COMPLETED, "early-u1", URL)
    assert version.submission and version.submission.state is SubmissionState.SENT


def test_it_brings_the_id_to_a_submission_whose_reply_was_lost(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    job_id = bench.runpod.job_of(version)
    check = lab.receive_webhook(body(version, job_id, "IN_PROGRESS"), version.request_id)
    assert check and (check.version.job_id, check.version.status) == (job_id, VersionStatus.TRAINING)
    bench.runpod.trainer.complete(job_id)
    lab.refresh()
    assert lab.version(STYLE, version.key).status is VersionStatus.COMPLETED


def test_late_it_raises_what_was_lost(bench: Bench, lab: TrainingLab, version: Version, job_id: str) -> None:
    bench.runpod.endpoint.forget(job_id)
    bench.clock.advance(hours=25)
    lab.refresh()
    assert lab.version(STYLE, version.key).failure_reason is FailureReason.LOST
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and check.version.status is VersionStatus.COMPLETED
    assert check.version.failure_reason is None


def test_it_reaches_a_version_in_the_trash(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str
) -> None:
    bench.runpod.is_down("cancel")
    lab.delete(STYLE, version.key)
    bench.runpod.trainer.complete(job_id)
    check = lab.receive_webhook(body(version, job_id), version.request_id)
    assert check and check.version.is_in_trash
    assert check.version.status is VersionStatus.COMPLETED


def test_a_failure_that_ends_in_half_a_character_is_kept(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str
) -> None:
    bench.runpod.endpoint.forget(job_id)
    posted = body(version, job_id, "FAILED", output=None, error="no memory \ud83d")
    check = lab.receive_webhook(posted, version.request_id)
    assert check and check.version.error == "no memory ?"


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("request_id", ["1_999", "7_1", None, ""])
def test_what_speaks_of_no_version_of_ours_changes_nothing(
    bench: Bench, lab: TrainingLab, request_id: str | None
) -> None:
    before = bench.history_file.read_bytes()
    posted = b'{"id": "x-u1", "status": "COMPLETED"}'
    assert lab.receive_webhook(posted, request_id) is None
    assert bench.history_file.read_bytes() == before


def test_another_jobs_body_at_a_versions_address_changes_nothing(
    bench: Bench, lab: TrainingLab, version: Version, job_id: str
) -> None:
    before = bench.history_file.read_bytes()
    assert lab.receive_webhook(body(version, "other-u1"), version.request_id) is None
    assert bench.history_file.read_bytes() == before
    assert lab.version(STYLE, version.key).job_id == job_id


def test_a_draft_takes_no_job(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", Fault.reply(400, {"detail": "no"}))
    draft = started(lab)
    assert draft.status is VersionStatus.DRAFT
    assert lab.receive_webhook(body(draft, "x-u1"), draft.request_id) is None
    assert lab.version(STYLE, draft.key).job_id is None


JUNK = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"id": 5, "status": "COMPLETED"}',
    b'{"id": "x"}',
    b'{"id": "x", "status": 200}',
    b'{"id": "x", "status": "COMPLETED", "input": []}',
    b'{"id": "x", "status": "COMPLETED", "input": {"training_config": {"request_id": 5}}}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
)


@pytest.mark.parametrize("junk", JUNK)
def test_a_body_that_is_no_job_is_nothing(lab: TrainingLab, version: Version, junk: bytes) -> None:
    assert lab.receive_webhook(junk) is None
    assert lab.receive_webhook(junk, version.request_id) is None
    assert lab.version(STYLE, version.key).status is VersionStatus.PENDING


@given(st.binary(max_size=50) | st.text(max_size=30).map(str.encode))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_makes_reading_it_raise(posted: bytes) -> None:
    delivery(posted)


def test_a_body_with_a_loss_that_is_no_number_is_read_all_the_same() -> None:
    assert delivery(b'{"id": "x-u1", "status": "COMPLETED", "output": {"loss": NaN}}') is not None


def test_the_address_is_given_to_the_job_only_when_webhooks_are_configured(bench: Bench) -> None:
    configured = {"lora_lab_public_url": "https://lab.example/", "lora_lab_webhook_secret": SECRET}
    bench.runpod.hook = lambda call: Fault.reply(200, {"id": "x-u1"}) if call.verb == "run" else None
    started(bench.open_lab())
    version = started(bench.open_lab(**configured))
    sent = [call.body.get("webhook") for call in bench.runpod.endpoint.requests if call.verb == "run"]
    assert sent == [None, webhook_url(bench.settings(**configured), version.request_id or "")]
    assert (
        sent[1]
        == f"https://lab.example/webhooks/runpod/{version.request_id}/{webhook_token(SECRET, version.request_id or '')}"
    )


def test_the_secret_itself_is_in_no_request(bench: Bench) -> None:
    lab = bench.open_lab(lora_lab_public_url="https://lab.example", lora_lab_webhook_secret=SECRET)
    bench.runpod.hook = lambda call: Fault.reply(200, {"id": "x-u1"}) if call.verb == "run" else None
    started(lab)
    sent = json.dumps([call.body for call in bench.runpod.endpoint.requests])
    assert SECRET.get_secret_value() not in sent
    assert bench.runpod.address.api_key not in sent


@pytest.mark.parametrize(
    ("request_id", "token", "genuine"),
    [
        ("1_5", webhook_token(SECRET, "1_5"), True),
        ("1_6", webhook_token(SECRET, "1_5"), False),
        ("1_5", webhook_token(SECRET, "1_5").upper(), False),
        ("1_5", webhook_token(SECRET, "1_5")[:-1], False),
        ("1_5", "", False),
        ("1_5", "ключ \x00", False),
    ],
)
def test_only_an_address_that_the_lab_gave_out_is_genuine(
    bench: Bench, request_id: str, token: str, genuine: bool
) -> None:
    with_secret = bench.settings(lora_lab_public_url="https://lab.example", lora_lab_webhook_secret=SECRET)
    assert is_genuine(with_secret, request_id, token) is genuine
    assert is_genuine(bench.settings(), request_id, token) is False
