"""The table of docs/status.md, a test for each row, and that `decide` is total."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_core import (
    Absent,
    CouldNotAsk,
    FailureReason,
    Job,
    JobNotFound,
    JobStatus,
    NoJobId,
    NotAsked,
    Outlook,
    Present,
    Verdict,
    Version,
    VersionStatus,
    decide,
)
from lora_core.evidence import Evidence, ModelEvidence
from lora_core.times import to_iso

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR_MS = 3_600_000
TTL = timedelta(hours=24)
TIMEOUT = timedelta(hours=6)
URL = "https://bucket.s3.eu-west-1.amazonaws.com/style_16_vV1.safetensors"
FAST_URL = "https://bucket.s3-accelerate.amazonaws.com/style_16_vV1.safetensors"
MODEL = Present(URL, 5, NOW - timedelta(minutes=3))
AWAY = CouldNotAsk("RunPod does not answer.")
SUCCESS = {"status": "success", "loraUrl": URL}
ENDINGS = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMED_OUT)


def submission(
    state: str = "sent", *, ago: timedelta = timedelta(hours=1), **more: object
) -> dict[str, object]:
    at = to_iso(NOW - ago)
    place = {"baseUrl": "https://api.runpod.ai/v2", "endpointId": "e1"}
    limits = {"executionTimeout": 6 * HOUR_MS, "ttl": 24 * HOUR_MS}
    return {"state": state, "attempt": "a", "at": at, "submittedAt": at, **place, **limits, **more}


def version(status: str, sent: object = None, **more: object) -> Version:
    raw = {"id": "job-1-u1", "key": "k", "requestId": "16_1", "name": "V1", "status": status}
    return Version("16", {**raw, "modelName": "style_16_vV1", "submission": sent, **more})


def pending(**more: object) -> Version:
    return version("pending", submission(), **more)


def unanswered(*, ago: timedelta = timedelta(hours=1)) -> Version:
    return version("pending", submission("unknown", ago=ago), id="16_1")


def failed(reason: str | None = "lost", **more: object) -> Version:
    return version("failed", submission(), failureReason=reason, error="why", failedAt=to_iso(NOW), **more)


def verdict(of: Version, evidence: Evidence, model: ModelEvidence | None = None) -> Verdict:
    return decide(of, evidence, model or NotAsked(), NOW)


def becomes(of: Version, evidence: Evidence, model: ModelEvidence | None = None) -> Any:
    return verdict(of, evidence, model).changes.get("status")


def applied(of: Version, changes: Mapping[str, Any]) -> Version:
    raw = {name: value for name, value in {**of.raw, **changes}.items() if value is not None}
    return Version(of.style_id, json.loads(json.dumps(raw)))


# -- the table, row by row


@pytest.mark.parametrize("evidence", [Job("COMPLETED", SUCCESS), JobNotFound(), AWAY, NoJobId()])
@pytest.mark.parametrize("model", [MODEL, Absent(), NotAsked()])
def test_a_draft_stays_a_draft_whatever_is_found(evidence: Evidence, model: ModelEvidence) -> None:
    assert verdict(version("draft"), evidence, model).changes == {}


@pytest.mark.parametrize(("age_s", "is_draft"), [(119.999, False), (120, True), (121, True)])
def test_a_preparation_whose_owner_is_gone_for_120_s_is_a_draft_again(age_s: float, is_draft: bool) -> None:
    preparing = version("pending", submission("preparing", ago=timedelta(seconds=age_s)), id="16_1")
    changes = verdict(preparing, NoJobId()).changes
    assert (changes.get("status") == "draft") is is_draft
    if is_draft:
        assert changes["submission"] is None


@pytest.mark.parametrize(("age_s", "says_unknown"), [(119.999, False), (120, True), (121, True)])
def test_a_sending_older_than_120_s_reads_as_unknown(age_s: float, says_unknown: bool) -> None:
    sending = version("pending", submission("sending", ago=timedelta(seconds=age_s)), id="16_1")
    found = verdict(sending, NoJobId())
    assert found.changes == {}
    assert ("a job may be running" in found.sentence) is says_unknown


def test_an_unanswered_submission_is_completed_by_its_model_file_and_says_so() -> None:
    found = verdict(unanswered(), NoJobId(), MODEL)
    assert (found.changes["status"], found.changes["loraUrl"]) == ("completed", URL)
    assert "reply to its submission was lost" in found.changes["statusNote"]


@pytest.mark.parametrize(("beyond_s", "status"), [(-1, None), (0, "failed"), (1, "failed")])
def test_an_unanswered_submission_without_a_model_is_lost_ten_minutes_after_its_ttl(
    beyond_s: float, status: str | None
) -> None:
    old = unanswered(ago=TTL + timedelta(minutes=10, seconds=beyond_s))
    assert becomes(old, NoJobId(), Absent()) == status
    if status:
        assert verdict(old, NoJobId(), Absent()).changes["failureReason"] is FailureReason.LOST


@pytest.mark.parametrize("model", [Absent(), NotAsked()])
def test_a_younger_unanswered_submission_stays_as_it_is(model: ModelEvidence) -> None:
    assert verdict(unanswered(), NoJobId(), model).changes == {}


def test_an_unanswered_submission_is_never_lost_while_the_bucket_cannot_be_read() -> None:
    assert verdict(unanswered(ago=TTL * 3), NoJobId(), NotAsked()).changes == {}


@pytest.mark.parametrize(
    ("word", "status"), [("IN_QUEUE", "pending"), ("IN_PROGRESS", "training"), ("RUNNING", "training")]
)
def test_a_job_in_the_queue_is_pending_and_one_on_a_worker_is_training(word: str, status: str) -> None:
    assert becomes(pending(), Job(word, {"step": 3}), MODEL) == status


def test_the_start_is_computed_from_the_time_in_the_queue_and_kept() -> None:
    changes = verdict(pending(), Job("IN_PROGRESS", delay_ms=60_000)).changes
    assert changes["startedAt"] == to_iso(NOW - timedelta(minutes=59))
    training = version("training", submission(), startedAt=changes["startedAt"])
    assert "startedAt" not in verdict(training, Job("IN_PROGRESS", delay_ms=90_000)).changes


def test_a_start_after_a_retry_of_the_platform_is_now_as_its_queue_time_began_anew() -> None:
    changes = verdict(pending(), Job("IN_PROGRESS", delay_ms=60_000, retries=1)).changes
    assert changes["startedAt"] == to_iso(NOW)


def test_progress_is_not_written_into_the_record() -> None:
    assert set(verdict(pending(), Job("IN_PROGRESS", {"step": 3, "loss": 0.1})).changes) == {
        "status",
        "startedAt",
    }


@pytest.mark.parametrize("word", ["PAUSED", "", "completed", "None"])
def test_a_status_that_the_lab_does_not_know_changes_nothing(word: str) -> None:
    assert verdict(pending(), Job(word), Absent()).changes == {}


@pytest.mark.parametrize("model", [MODEL, Absent(), NotAsked()])
def test_a_completed_job_whose_output_says_success_is_completed(model: ModelEvidence) -> None:
    job = Job("COMPLETED", SUCCESS, delay_ms=60_000, execution_ms=600_000)
    changes = verdict(pending(), job, model).changes
    assert (changes["status"], changes["loraUrl"]) == ("completed", URL)
    assert changes["completedAt"] == to_iso(NOW - timedelta(minutes=49))
    assert changes["submission"]["executionMs"] == 600_000


@pytest.mark.parametrize(
    "output", [{"s3_url": URL}, {"model_info": {"download_url": URL}}, {"status": "success", "s3_url": URL}]
)
def test_the_model_address_is_found_wherever_the_trainer_puts_it(output: dict[str, object]) -> None:
    assert verdict(pending(), Job("COMPLETED", output)).changes["loraUrl"] == URL


def test_a_success_without_an_address_is_completed_with_a_note() -> None:
    changes = verdict(pending(), Job("COMPLETED", {"status": "success"})).changes
    assert (changes["status"], changes["loraUrl"]) == ("completed", None)
    assert "no address" in changes["statusNote"]


@pytest.mark.parametrize(
    "output",
    [{"status": "failed", "error": "CUDA out of memory"}, {"error": "CUDA out of memory", "loraUrl": URL}],
)
@pytest.mark.parametrize("model", [MODEL, Absent(), NotAsked()])
def test_a_completed_job_whose_output_says_failed_is_a_failure_of_the_trainer(
    output: dict[str, object], model: ModelEvidence
) -> None:
    changes = verdict(pending(), Job("COMPLETED", output), model).changes
    assert (changes["status"], changes["failureReason"]) == ("failed", FailureReason.TRAINER)
    assert changes["error"] == "CUDA out of memory"


EMPTY_OUTPUTS: tuple[object, ...] = (None, {}, "done", [], {"step": 100})


@pytest.mark.parametrize("output", EMPTY_OUTPUTS)
def test_a_completed_job_that_says_nothing_is_completed_when_its_model_is_there(output: object) -> None:
    changes = verdict(pending(), Job("COMPLETED", output), MODEL).changes
    assert (changes["status"], changes["loraUrl"]) == ("completed", URL)


@pytest.mark.parametrize("output", EMPTY_OUTPUTS)
def test_a_completed_job_that_says_nothing_is_completed_without_an_address_when_nobody_can_look(
    output: object,
) -> None:
    changes = verdict(pending(), Job("COMPLETED", output), NotAsked()).changes
    assert (changes["status"], changes["statusNote"]) == ("completed", "no address given")


def test_a_completed_job_without_output_and_model_waits_for_the_model_first() -> None:
    found = verdict(pending(), Job("COMPLETED"), Absent())
    assert found.outlook is Outlook.MODEL_AWAITED
    assert set(found.changes) == {"submission"}
    assert found.changes["submission"]["completedSeenAt"] == to_iso(NOW)


@pytest.mark.parametrize(("beyond_s", "status"), [(-0.001, None), (0, "failed"), (1, "failed")])
def test_a_model_that_is_absent_for_ten_minutes_makes_it_a_failure_of_the_trainer(
    beyond_s: float, status: str | None
) -> None:
    seen_at = to_iso(NOW - timedelta(minutes=10, seconds=beyond_s))
    waiting = version("training", submission(completedSeenAt=seen_at))
    changes = verdict(waiting, Job("COMPLETED"), Absent()).changes
    assert changes.get("status") == status
    assert changes.get("failureReason") == (FailureReason.TRAINER if status else None)


@pytest.mark.parametrize("word", ENDINGS)
def test_a_job_that_failed_but_left_its_model_is_completed_with_a_note(word: str) -> None:
    changes = verdict(pending(), Job(word, error="x"), MODEL).changes
    assert (changes["status"], changes["loraUrl"]) == ("completed", URL)
    assert word in changes["statusNote"]


@pytest.mark.parametrize(
    ("word", "error", "reason"),
    [
        ("FAILED", "handler raised", FailureReason.TRAINER),
        ("FAILED", None, FailureReason.TRAINER),
        ("FAILED", "job timed out after 1 retries", FailureReason.WORKER_LOST),
        ("FAILED", "executionTimeout exceeded", FailureReason.TIMED_OUT),
        ("CANCELLED", None, FailureReason.CANCELLED),
        ("TIMED_OUT", None, FailureReason.TIMED_OUT),
    ],
)
@pytest.mark.parametrize("model", [Absent(), NotAsked()])
def test_a_job_that_failed_without_a_model_is_failed_with_its_reason(
    word: str, error: str | None, reason: FailureReason, model: ModelEvidence
) -> None:
    changes = verdict(pending(), Job(word, error=error), model).changes
    assert (changes["status"], changes["failureReason"]) == ("failed", reason)
    assert changes["error"] and changes["error"] == (error or changes["error"])


def test_a_forgotten_job_is_recovered_from_its_model_file() -> None:
    changes = verdict(pending(), JobNotFound(), MODEL).changes
    assert (changes["status"], changes["loraUrl"]) == ("completed", URL)
    assert changes["completedAt"] == to_iso(MODEL.modified_at)
    assert "recovered" in changes["statusNote"]


@pytest.mark.parametrize(
    ("age_s", "outlook"),
    [(149.999, Outlook.NOT_VISIBLE_YET), (150, Outlook.ENDED_UNKNOWN), (151, Outlook.ENDED_UNKNOWN)],
)
@pytest.mark.parametrize("model", [Absent(), NotAsked()])
def test_a_job_not_found_within_150_s_is_only_not_visible_yet(
    age_s: float, outlook: Outlook, model: ModelEvidence
) -> None:
    found = verdict(version("pending", submission(ago=timedelta(seconds=age_s))), JobNotFound(), model)
    assert (found.changes, found.outlook) == ({}, outlook)


@pytest.mark.parametrize(("beyond_s", "status"), [(-1, None), (0, "failed"), (1, "failed")])
def test_a_forgotten_job_without_a_model_is_lost_when_its_ttl_is_over(
    beyond_s: float, status: str | None
) -> None:
    old = version("training", submission(ago=TTL + timedelta(seconds=beyond_s)))
    changes = verdict(old, JobNotFound(), Absent()).changes
    assert (changes.get("status"), changes.get("failureReason")) == (
        status,
        FailureReason.LOST if status else None,
    )


@pytest.mark.parametrize(("beyond_s", "status"), [(-1, None), (0, "failed"), (1, "failed")])
def test_a_forgotten_job_without_a_model_is_lost_when_it_cannot_run_any_more(
    beyond_s: float, status: str | None
) -> None:
    started_ago = 2 * TIMEOUT + timedelta(minutes=45, seconds=beyond_s)
    old = version("training", submission(ago=started_ago), startedAt=to_iso(NOW - started_ago))
    assert becomes(old, JobNotFound(), Absent()) == status


@pytest.mark.parametrize(
    ("ago", "model"),
    [(timedelta(hours=1), Absent()), (timedelta(hours=1), NotAsked()), (TTL * 2, NotAsked())],
)
def test_a_forgotten_job_otherwise_stays_but_looks_ended_and_not_like_training(
    ago: timedelta, model: ModelEvidence
) -> None:
    found = verdict(version("training", submission(ago=ago)), JobNotFound(), model)
    assert (found.changes, found.outlook) == ({}, Outlook.ENDED_UNKNOWN)


@pytest.mark.parametrize("model", [Absent(), NotAsked()])
@pytest.mark.parametrize("ago", [timedelta(minutes=1), TTL * 5])
def test_what_could_not_be_asked_stays_and_says_why(model: ModelEvidence, ago: timedelta) -> None:
    found = verdict(version("training", submission(ago=ago)), AWAY, model)
    assert (found.changes, found.outlook, found.sentence) == ({}, Outlook.NOT_ASKED, AWAY.why)


def test_what_could_not_be_asked_but_left_its_model_stays_and_says_that_it_is_there() -> None:
    found = verdict(pending(), AWAY, MODEL)
    assert (found.changes, found.outlook) == ({}, Outlook.MODEL_ALREADY_THERE)
    assert found.sentence.endswith("Its model is already there.")


NOT_FINAL = (Job("IN_QUEUE"), Job("IN_PROGRESS"), Job("RUNNING"), Job("ODD"), JobNotFound(), AWAY, NoJobId())


@pytest.mark.parametrize("evidence", NOT_FINAL)
@pytest.mark.parametrize(
    "final", [version("completed", submission(), loraUrl=URL), failed("trainer"), failed("cancelled")]
)
def test_what_is_final_never_turns_back(final: Version, evidence: Evidence) -> None:
    assert verdict(final, evidence, Absent()).changes == {}


# -- the rules below the table


@pytest.mark.parametrize("reason", [*FailureReason, None])
@pytest.mark.parametrize(
    ("evidence", "model"),
    [
        (Job("COMPLETED", SUCCESS), NotAsked()),
        (JobNotFound(), MODEL),
        (Job("FAILED"), MODEL),
        (NoJobId(), MODEL),
    ],
)
def test_failed_rises_to_completed_and_its_failure_is_taken_away(
    reason: str | None, evidence: Evidence, model: ModelEvidence
) -> None:
    changes = verdict(failed(reason), evidence, model).changes
    assert changes["status"] == "completed"
    assert [changes[name] for name in ("failureReason", "error", "failedAt")] == [None, None, None]


def test_failed_does_not_rise_because_the_bucket_could_not_be_read() -> None:
    assert verdict(failed("trainer"), Job("COMPLETED"), NotAsked()).changes == {}


@pytest.mark.parametrize(("word", "status"), [("IN_QUEUE", "pending"), ("IN_PROGRESS", "training")])
def test_lost_also_rises_to_pending_and_training_when_runpod_knows_the_job_again(
    word: str, status: str
) -> None:
    changes = verdict(failed("lost"), Job(word)).changes
    assert (changes["status"], changes["failureReason"], changes["error"]) == (status, None, None)


@pytest.mark.parametrize("reason", ["trainer", "cancelled", "timed_out", "worker_lost", "given_up", None])
def test_only_lost_returns_to_what_runs(reason: str | None) -> None:
    assert verdict(failed(reason), Job("IN_PROGRESS")).changes == {}


def test_lost_learns_its_true_reason_but_a_known_reason_is_kept() -> None:
    late = Job("FAILED", error="CUDA out of memory")
    assert verdict(failed("lost"), late).changes["failureReason"] is FailureReason.TRAINER
    assert verdict(failed("cancelled"), late).changes == {}


def test_completed_gains_an_address_that_it_had_not() -> None:
    bare = version("completed", submission())
    assert verdict(bare, Job("COMPLETED", SUCCESS)).changes == {"loraUrl": URL}


@pytest.mark.parametrize(("has", "offered", "keeps"), [(URL, FAST_URL, FAST_URL), (FAST_URL, URL, FAST_URL)])
def test_completed_gains_a_faster_address_and_never_a_slower(has: str, offered: str, keeps: str) -> None:
    done = version("completed", submission(), loraUrl=has)
    changes = verdict(done, Job("COMPLETED", {"loraUrl": offered})).changes
    assert {"loraUrl": has, **changes}["loraUrl"] == keeps


@pytest.mark.parametrize(
    "evidence", [Job(word) for word in ENDINGS] + [Job("COMPLETED", {"status": "failed"})]
)
def test_completed_stays_completed_whatever_is_said_later(evidence: Job) -> None:
    assert verdict(version("completed", submission(), loraUrl=URL), evidence, Absent()).changes == {}


@pytest.mark.parametrize("years_ms", [10**15, 10**19])
def test_a_time_beyond_all_calendars_is_no_deadline_that_has_passed(years_ms: int) -> None:
    old = version("training", submission(ttl=years_ms, executionTimeout=years_ms), startedAt=to_iso(NOW))
    assert verdict(old, JobNotFound(), Absent()).outlook is Outlook.ENDED_UNKNOWN
    assert becomes(old, Job("IN_PROGRESS", delay_ms=years_ms)) == "training"
    assert becomes(old, Job("COMPLETED", SUCCESS, delay_ms=years_ms, execution_ms=years_ms)) == "completed"


def test_what_has_a_job_was_sent_whatever_its_submission_says() -> None:
    odd = version("pending", submission("preparing"))
    assert becomes(odd, Job("IN_PROGRESS")) == "training"
    assert verdict(odd, AWAY).changes == {}


def test_an_old_record_without_an_endpoint_is_never_lost() -> None:
    old = version("pending", None, id="a0e9d299-e1", timestamp="2025-10-12T07:27:21.532Z")
    found = verdict(old, JobNotFound(), Absent())
    assert found.changes == {}
    assert "mark it as failed" in found.sentence


# -- total


SIGHTS: tuple[Evidence, ...] = (
    *(Job(word, output) for word in (*JobStatus, "ODD") for output in (None, SUCCESS, {"error": "x"})),
    JobNotFound(),
    AWAY,
    NoJobId(),
)
AGES = [timedelta(seconds=s) for s in (-60, 0, 119, 120, 149, 150, 900)] + [TTL - timedelta(1), TTL, TTL * 2]


def every_record() -> Iterator[Version]:
    for ago in AGES:
        seen_at = {"completedSeenAt": to_iso(NOW - ago)}
        for sent in (None, *(submission(state, ago=ago, **seen_at) for state in STATES)):
            for status in (*map(str, VersionStatus), "odd"):
                for reason in (*map(str, FailureReason), None) if status == "failed" else (None,):
                    yield version(status, sent, failureReason=reason, startedAt=to_iso(NOW - ago))


@pytest.mark.parametrize("model", [MODEL, Absent(), NotAsked()])
def test_every_combination_has_a_verdict_that_changes_nothing_the_second_time(model: ModelEvidence) -> None:
    for record in every_record():
        for evidence in SIGHTS:
            first = decide(record, evidence, model, NOW)
            if first.changes:
                after = applied(record, first.changes)
                second = decide(after, evidence, model, NOW)
                assert applied(after, second.changes).raw == after.raw, (record.raw, evidence, model)


MOMENTS = st.one_of(
    st.none(),
    st.integers(-100_000, 3_000_000).map(lambda s: to_iso(NOW - timedelta(seconds=s))),
    st.sampled_from(["", "soon", 5, "0001-01-01T00:00:00+14:00"]),
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.sampled_from([URL, FAST_URL, "failed", "success"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "status",
                    "error",
                    "loraUrl",
                    "s3_url",
                    "model_info",
                    "download_url",
                    "message",
                    "error_message",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
STATES = ("preparing", "sending", "sent", "unknown", "refused")
SENT = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["sent", *STATES]),
        "at": MOMENTS,
        "submittedAt": MOMENTS,
        "endpointId": st.just("e"),
        "ttl": st.sampled_from([86_400_000, 0, -1, "x", 10**15, 10**19]),
    },
    optional={
        "attempt": st.just("a"),
        "baseUrl": st.sampled_from(["local", "https://api.runpod.ai/v2", 3]),
        "executionTimeout": st.sampled_from([21_600_000, 0, -1, "3600000", 10**15, 10**19]),
        "completedSeenAt": MOMENTS,
    },
)
SUBMISSIONS = SENT | SENT | st.none() | JSON_VALUES
RECORDS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["pending", "training", "failed", "completed", "draft", "odd", 3, None]),
        "submission": SUBMISSIONS,
    },
    optional={
        "id": st.sampled_from(["16_1", "job-1-u1", "style_16_vV7", 4]),
        "key": st.just("k"),
        "requestId": st.just("16_1"),
        "failureReason": st.sampled_from([*map(str, FailureReason), "odd", None]),
        "cancelRequestedAt": MOMENTS,
        "startedAt": MOMENTS,
        "loraUrl": st.sampled_from([URL, FAST_URL, "", None, 3]),
        "error": st.text(max_size=3),
        "modelName": st.just("style_16_vV1"),
    },
)
EVIDENCE = st.one_of(
    st.just(JobNotFound()),
    st.just(AWAY),
    st.just(NoJobId()),
    st.builds(
        Job,
        st.sampled_from([*map(str, JobStatus), "ODD", ""]),
        JSON_VALUES,
        st.none() | st.text(max_size=20) | st.just("job timed out after 1 retries"),
        st.none() | st.integers(0, 10**15 - 1),
        st.none() | st.integers(0, 10**15 - 1),
        st.integers(0, 3),
    ),
)
MODELS = st.sampled_from([MODEL, Absent(), NotAsked(), Present(FAST_URL, 1, NOW)])
NOWS = st.integers(-200_000, 2_000_000).map(lambda s: NOW + timedelta(seconds=s))


@given(raw=RECORDS, evidence=EVIDENCE, model=MODELS, now=NOWS)
@settings(max_examples=300, deadline=None)
def test_decide_is_total_and_a_verdict_applied_twice_changes_nothing_the_second_time(
    raw: dict[str, Any], evidence: Evidence, model: ModelEvidence, now: datetime
) -> None:
    record = Version("16", json.loads(json.dumps(raw)))
    first = decide(record, evidence, model, now)
    json.dumps(dict(first.changes), allow_nan=False)
    after = applied(record, first.changes)
    second = decide(after, evidence, model, now)
    assert applied(after, second.changes).raw == after.raw, (first, second)


@given(raw=RECORDS, evidence=EVIDENCE, model=MODELS, now=NOWS)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_completed_stays_completed_and_a_draft_a_draft(
    raw: dict[str, Any], evidence: Evidence, model: ModelEvidence, now: datetime
) -> None:
    record = Version("16", json.loads(json.dumps(raw)))
    becomes = applied(record, decide(record, evidence, model, now).changes).status
    if record.status in (VersionStatus.COMPLETED, VersionStatus.DRAFT):
        assert becomes is record.status
    if record.status is VersionStatus.FAILED and record.failure_reason is not FailureReason.LOST:
        assert becomes in (VersionStatus.FAILED, VersionStatus.COMPLETED)
