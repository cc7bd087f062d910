"""Sending a training: no job is lost, and none is paid for twice."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from local_endpoint import Call, Fault
from lora_core import (
    ConfigurationError,
    NotAllowedError,
    NotFoundError,
    Style,
    SubmissionState,
    TrainingBlockedError,
    TrainingLab,
    TrainingParameters,
    Version,
    VersionStatus,
)
from lora_core.versions import FailureReason
from tests.local_endpoint.waiting import until
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, FakeRunpod, started

REFUSAL = Fault.reply(400, {"status": 400, "title": "Bad Request", "detail": "the quota is used up"})


def on_disk(bench: Bench) -> list[dict[str, Any]]:
    return list(json.loads(bench.history_file.read_bytes())["versions"])


@pytest.fixture(autouse=True)
def _no_version_has_two_jobs(runpod: FakeRunpod) -> Iterator[None]:
    """Whatever a test does."""
    yield
    ran = [job.id for job in runpod.endpoint.jobs() if job.started_at is not None]
    requests = [runpod.trainer.input_of(job_id)["training_config"]["request_id"] for job_id in ran]
    assert len(requests) == len(set(requests))


@pytest.fixture
def draft(lab: TrainingLab) -> Version:
    return lab.save_draft(STYLE, parameters=PARAMETERS, selection_set_id=SET, description="a draft")


def left_in(bench: Bench, lab: TrainingLab, state: str, **submission: object) -> Version:
    """A version as a process leaves it that is killed in this state."""
    seen: list[bytes] = []

    def killed(call: Call) -> Fault | None:
        if call.verb == "run":
            seen.append(bench.history_file.read_bytes())
        return Fault.refuse() if state == "preparing" else Fault.lost_reply()

    bench.runpod.hook = killed
    version = started(lab)
    bench.runpod.hook = None
    document = json.loads(seen[0])
    document["versions"][0]["submission"] |= {"state": state, **submission}
    bench.forget_own_writes()  # else the lab would see that it had got further
    bench.history_file.write_text(json.dumps(document, indent=2))
    return lab.version(STYLE, version.key)


# -- the states on disk


def test_the_record_says_sending_while_the_request_is_under_way(bench: Bench, lab: TrainingLab) -> None:
    during: list[dict[str, Any]] = []
    bench.runpod.hook = lambda _: during.extend(on_disk(bench))
    version = started(lab)
    sending = during[0]
    assert (sending["status"], sending["submission"]["state"]) == ("pending", "sending")
    address = bench.runpod.address
    assert (
        sending["submission"]
        | {
            "baseUrl": address.base_url,
            "endpointId": address.endpoint_id,
            "executionTimeout": 6 * 3_600_000,
            "ttl": 24 * 3_600_000,
        }
        == sending["submission"]
    )
    assert (sending["modelName"], sending["id"]) == ("style_1_vV1", sending["requestId"])
    assert version.submission and version.submission.state is SubmissionState.SENT
    assert version.job_id == bench.runpod.job_ids()[0]
    assert version.submission.at == bench.clock.now


def test_what_lay_under_the_models_name_is_noted_before_anything_is_sent(
    bench: Bench, lab: TrainingLab
) -> None:
    first = started(lab)
    bench.leave_model(first)
    second = started(lab)
    assert second.model_name == "style_1_vV2"
    bench.bucket.folder.joinpath("style_1_vV3.safetensors").write_bytes(b"somebody else's")
    third = started(lab)
    assert third.model_name == "style_1_vV3-2"
    assert third.submission and third.submission.model_before is None


def test_the_request_names_the_version_and_limits_its_time(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab, parameters=TrainingParameters(max_train_steps=2000, learning_rate=3e-4))
    call = next(call for call in bench.runpod.endpoint.requests if call.verb == "run")
    config = call.body["input"]["training_config"]
    assert (config["request_id"], config["model_name"]) == (version.request_id, version.model_name)
    assert call.body["input"]["parameters"]["max_train_steps"] == 2000
    assert call.body["policy"] == {"executionTimeout": 6 * 3_600_000, "ttl": 24 * 3_600_000}
    urls = call.body["input"]["training_data"]["s3_urls"]
    assert len(urls) == 24
    assert all(url.startswith("s3://bucket/styles/1/") for url in urls)


# -- answers


def test_a_refused_training_is_a_draft_again_with_runpods_sentence(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", REFUSAL)
    version = started(lab)
    assert version.status is VersionStatus.DRAFT
    assert version.error and "the quota is used up" in version.error
    assert version.submission and version.submission.state is SubmissionState.REFUSED
    assert bench.waits == []


def test_a_refused_draft_can_be_started_again_and_its_error_is_gone(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", REFUSAL)
    again = lab.start_draft(STYLE, started(lab).key)
    assert (again.status, again.error) == (VersionStatus.PENDING, None)
    assert again.job_id in bench.runpod.job_ids()


def test_429_is_tried_again_after_the_time_it_names_and_then_taken(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", Fault.reply(429, b"", headers={"retry-after": "4"}), Fault.reply(429))
    version = started(lab)
    assert version.job_id in bench.runpod.job_ids()
    assert bench.waits == [4, 2]


def test_429_to_the_end_makes_it_a_draft_with_the_reason(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", *[Fault.reply(429, b"", headers={"retry-after": "7"})] * 5)
    version = started(lab)
    assert version.status is VersionStatus.DRAFT
    assert version.error and "429" in version.error
    assert bench.runpod.count("run") == 3
    assert bench.waits == [7, 7]


def test_429_for_an_hour_is_not_tried_again_before_the_hour_is_over(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", *[Fault.reply(429, b"", headers={"retry-after": "3600"})] * 5)
    assert started(lab).status is VersionStatus.DRAFT
    assert bench.runpod.count("run") == 1
    assert bench.waits == []


def test_a_refused_connection_is_tried_again_and_then_a_draft(bench: Bench) -> None:
    lab = bench.open_lab(runpod_base_url="http://127.0.0.1:9/v2")
    version = started(lab)
    assert version.status is VersionStatus.DRAFT
    assert version.error and "could not be reached" in version.error
    assert len(bench.waits) == 2


@pytest.mark.parametrize(
    "loss",
    [
        Fault.lost_reply(),
        Fault.cut_body(),
        Fault.reply(502, "<html>", handled=True),
        Fault.reply(200, b"", handled=True),
    ],
)
def test_a_lost_reply_is_unknown_kept_and_never_sent_again(
    bench: Bench, lab: TrainingLab, loss: Fault
) -> None:
    bench.runpod.next_answers("run", loss)
    version = started(lab)
    assert version.submission and version.submission.state is SubmissionState.UNKNOWN
    assert (version.status, version.job_id) == (VersionStatus.PENDING, None)
    assert lab.start_draft(STYLE, version.key).key == version.key
    for _ in range(3):
        bench.clock.advance(minutes=30)
        lab.refresh()
        lab.monitor.turn()
    bench.open_lab().refresh()
    assert bench.runpod.count("run") == 1
    assert "a job may be running" in lab.check_status(STYLE, version.key).sentence


def test_an_unknown_submission_is_resolved_by_its_fresh_model_file(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    bench.clock.advance(minutes=40)
    bench.leave_model(version)
    lab.refresh()
    done = lab.version(STYLE, version.key)
    assert done.status is VersionStatus.COMPLETED
    assert done.note and "reply to its submission was lost" in done.note


def test_a_model_that_lay_there_before_is_none_of_the_unknown_training(
    bench: Bench, lab: TrainingLab
) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    path = bench.leave_model(version)
    bench.clock.advance(minutes=10)
    stale = lab.version(STYLE, version.key)
    path.unlink()
    assert stale.status is VersionStatus.PENDING
    lab.refresh()
    assert lab.version(STYLE, version.key).status is VersionStatus.PENDING


def test_an_unknown_submission_whose_time_is_over_and_that_left_no_model_is_lost(
    bench: Bench, lab: TrainingLab
) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    bench.clock.advance(hours=24, minutes=10)
    bench.bucket.is_readable = False
    lab.refresh()
    assert lab.version(STYLE, version.key).status is VersionStatus.PENDING
    bench.bucket.is_readable = True
    lab.refresh()
    lost = lab.version(STYLE, version.key)
    assert (lost.status, lost.failure_reason) == (VersionStatus.FAILED, FailureReason.LOST)


# -- a store that fails


def test_an_answer_that_the_store_does_not_take_waits_in_the_outbox_and_is_delivered_later(
    bench: Bench, lab: TrainingLab
) -> None:
    with ExitStack() as broken:

        def break_disk(call: Call) -> None:
            if call.verb == "run":
                broken.enter_context(bench.broken_disk())

        bench.runpod.hook = break_disk
        version = started(lab)
        assert version.job_id is None
        assert len(list((bench.folder / "state/outbox").glob("*.json"))) == 1
        lab.monitor.turn()
    bench.runpod.hook = None
    another = bench.open_lab()  # the process that sent it may be gone
    another.monitor.turn()
    assert another.version(STYLE, version.key).job_id == bench.runpod.job_ids()[0]
    assert list((bench.folder / "state/outbox").glob("*.json")) == []
    assert bench.runpod.count("run") == 1


def test_an_answer_that_no_disk_takes_is_kept_in_memory(bench: Bench, lab: TrainingLab) -> None:
    outbox = bench.folder / "state/outbox"
    outbox.parent.mkdir(parents=True)
    outbox.write_text("in the way")
    with ExitStack() as broken:
        bench.runpod.hook = lambda _: broken.enter_context(bench.broken_disk())
        version = started(lab)
        assert version.job_id is None
    bench.runpod.hook = None
    lab.monitor.turn()
    assert lab.version(STYLE, version.key).job_id == bench.runpod.job_ids()[0]


def test_an_answer_whose_style_was_taken_away_is_kept_and_stops_nothing(
    bench: Bench, lab: TrainingLab
) -> None:
    folder = next((bench.folder / "styles").glob("1_*"))

    def take_away(call: Call) -> None:
        if call.verb == "run":
            folder.rename(bench.folder / "aside")

    bench.runpod.hook = take_away
    with pytest.raises(NotFoundError, match="has no version"):
        started(lab)
    bench.runpod.hook = None
    lab.monitor.turn()
    kept = [json.loads(path.read_bytes()) for path in (bench.folder / "state/outbox").glob("*.json")]
    assert [answer["text"] for answer in kept] == bench.runpod.job_ids()
    (bench.folder / "aside").rename(folder)
    lab.monitor.turn()
    assert [one.job_id for one in lab.versions(STYLE)] == bench.runpod.job_ids()


def test_an_outbox_file_that_is_no_answer_harms_nobody(bench: Bench, lab: TrainingLab) -> None:
    outbox = bench.folder / "state/outbox"
    outbox.mkdir(parents=True)
    for name, content in (("a", b"{"), ("b", b'{"folder": "x"}'), ("c", b"[]"), ("d", b"\xff")):
        (outbox / f"{name}.json").write_bytes(content)
    version = started(lab)
    lab.monitor.turn()
    assert lab.version(STYLE, version.key).job_id == bench.runpod.job_ids()[0]


def test_a_store_that_fails_before_the_request_sends_nothing(
    bench: Bench, lab: TrainingLab, draft: Version
) -> None:
    def break_before_sending() -> None:
        with bench.broken_disk():
            lab.start_draft(STYLE, draft.key)

    with pytest.raises(Exception, match="could not be read or written"):
        break_before_sending()
    assert bench.runpod.count("run") == 0
    assert lab.version(STYLE, draft.key).status is VersionStatus.DRAFT


# -- two at once


def together(count: int, act: Callable[[int], Version]) -> list[Version]:
    ready = threading.Barrier(count)

    def one(number: int) -> Version:
        ready.wait(10)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_two_that_start_one_draft_one_sends(bench: Bench, lab: TrainingLab, draft: Version) -> None:
    labs = [lab, bench.open_lab()]
    together(2, lambda number: labs[number].start_draft(STYLE, draft.key))
    assert bench.runpod.count("run") == 1
    assert lab.version(STYLE, draft.key).job_id == bench.runpod.job_ids()[0]
    assert len(lab.versions(STYLE)) == 1


def test_one_key_started_ten_times_at_once_is_one_version_and_one_job(bench: Bench, lab: TrainingLab) -> None:
    labs = [lab, bench.open_lab()]
    versions = together(10, lambda number: started(labs[number % 2], key="the-key"))
    assert {version.key for version in versions} == {"the-key"}
    assert bench.runpod.count("run") == 1
    assert len(lab.versions(STYLE)) == 1


def test_ten_different_starts_at_once_are_ten_jobs_with_ten_names(bench: Bench, lab: TrainingLab) -> None:
    labs = [lab, bench.open_lab()]
    together(10, lambda number: started(labs[number % 2]))
    versions = lab.versions(STYLE)
    assert {version.name for version in versions} == {f"V{number}" for number in range(1, 11)}
    assert {version.job_id for version in versions} == set(bench.runpod.job_ids())
    assert len({version.model_name for version in versions}) == 10
    assert len({version.request_id for version in versions}) == 10


def test_an_attempt_that_is_not_the_records_any_more_never_sends(bench: Bench, lab: TrainingLab) -> None:
    original = bench.bucket.files

    def overtaken() -> list[Any]:
        # The bucket is asked while it is preparing; meanwhile the record is started anew by somebody else.
        document = json.loads(bench.history_file.read_bytes())
        document["versions"][0]["submission"]["attempt"] = "another"
        bench.history_file.write_text(json.dumps(document))
        return original()

    bench.bucket.files = overtaken  # type: ignore[method-assign]
    version = started(lab)
    assert bench.runpod.count("run") == 0
    assert version.submission and version.submission.state is SubmissionState.PREPARING


# -- a process that is killed


@pytest.mark.parametrize(("age_s", "status"), [(119, VersionStatus.PENDING), (120, VersionStatus.DRAFT)])
def test_a_preparation_that_was_killed_is_a_draft_again_after_120_s(
    bench: Bench, lab: TrainingLab, age_s: float, status: VersionStatus
) -> None:
    version = left_in(bench, lab, "preparing")
    bench.clock.advance(seconds=age_s)
    other = bench.open_lab()
    other.monitor.turn()
    found = other.version(STYLE, version.key)
    assert found.status is status
    if status is VersionStatus.DRAFT:
        assert found.submission is None
        assert other.start_draft(STYLE, version.key).job_id is not None


@pytest.mark.parametrize(("age_s", "words"), [(119, "It is being sent"), (120, "a job may be running")])
def test_a_sending_that_was_killed_reads_as_unknown_after_120_s(
    bench: Bench, lab: TrainingLab, age_s: float, words: str
) -> None:
    version = left_in(bench, lab, "sending")
    bench.clock.advance(seconds=age_s)
    other = bench.open_lab()
    assert words in other.check_status(STYLE, version.key).sentence
    other.refresh()
    assert bench.runpod.count("run") == 1
    assert other.version(STYLE, version.key).status is VersionStatus.PENDING


# -- cancelling what is not sent yet


def test_a_stop_while_it_is_prepared_sends_nothing_and_leaves_a_draft(bench: Bench, lab: TrainingLab) -> None:
    original = bench.bucket.files

    def stopped_meanwhile() -> list[Any]:
        lab.cancel(STYLE, "V1")
        return original()

    bench.bucket.files = stopped_meanwhile  # type: ignore[method-assign]
    version = started(lab)
    assert (version.status, version.cancel_requested_at) == (VersionStatus.DRAFT, None)
    assert bench.runpod.count("run") == 0


def test_a_stop_while_it_is_sent_is_carried_out_once_the_job_has_its_id(
    bench: Bench, lab: TrainingLab
) -> None:
    def stop(call: Call) -> None:
        if call.verb == "run":
            assert lab.cancel(STYLE, "V1").version.is_stopping

    bench.runpod.hook = stop
    version = started(lab)
    assert version.is_stopping
    assert version.job_id is not None
    lab.monitor.turn()
    lab.monitor.turn()
    assert bench.runpod.count("cancel") >= 1
    ended = lab.check_status(STYLE, version.key).version
    assert (ended.status, ended.failure_reason) == (VersionStatus.FAILED, FailureReason.CANCELLED)


def test_a_stop_between_two_tries_ends_the_trying(bench: Bench, lab: TrainingLab) -> None:
    def stop(call: Call) -> Fault | None:
        if call.verb != "run":
            return None
        lab.cancel(STYLE, "V1")
        return Fault.reply(429)

    bench.runpod.hook = stop
    version = started(lab)
    assert version.status is VersionStatus.DRAFT
    assert bench.runpod.count("run") == 1


def test_a_stop_of_an_unknown_submission_is_carried_out_when_its_job_is_attached(
    bench: Bench, lab: TrainingLab
) -> None:
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    assert lab.cancel(STYLE, version.key).version.is_stopping
    assert bench.runpod.count("cancel") == 0
    attached = lab.attach_job(STYLE, version.key, bench.runpod.job_ids()[0]).version
    assert attached.is_stopping
    lab.refresh()
    assert bench.runpod.count("cancel") == 1
    assert lab.version(STYLE, version.key).failure_reason is FailureReason.CANCELLED


@pytest.mark.parametrize("state", ["preparing", "sending"])
def test_what_is_just_being_sent_cannot_be_given_up(bench: Bench, lab: TrainingLab, state: str) -> None:
    version = left_in(bench, lab, state)
    with pytest.raises(NotAllowedError, match="just being sent"):
        lab.give_up(STYLE, version.key)


# -- starts that are not allowed


@pytest.mark.parametrize(
    ("parameters", "set_id"),
    [
        (TrainingParameters(lr_scheduler="linear"), SET),
        (TrainingParameters(optimizer_type="adafactor"), SET),
        (TrainingParameters(lr_scheduler="constant", lr_warmup_steps=10), SET),
        (TrainingParameters(max_train_steps=10_001), SET),
        (PARAMETERS, None),
    ],
)
def test_a_blocked_configuration_makes_no_record_and_sends_nothing(
    bench: Bench, lab: TrainingLab, parameters: TrainingParameters, set_id: int | None
) -> None:
    with pytest.raises(TrainingBlockedError) as blocked:
        started(lab, parameters=parameters, selection_set_id=set_id)
    assert blocked.value.findings
    assert not bench.history_file.exists()
    assert bench.runpod.count() == 0


def test_a_draft_whose_caption_has_gone_is_blocked_and_stays_a_draft(
    bench: Bench, lab: TrainingLab, style: Style, draft: Version
) -> None:
    next((bench.folder / "styles" / style.folder).glob("*.txt")).unlink()
    with pytest.raises(TrainingBlockedError):
        lab.start_draft(STYLE, draft.key)
    assert lab.version(STYLE, draft.key).status is VersionStatus.DRAFT
    assert bench.runpod.count() == 0


@pytest.mark.parametrize(
    "missing", ["runpod_api_key", "runpod_endpoint_id", "s3_bucket", "trainer_user_id", "trainer_tenant_id"]
)
def test_half_a_configuration_says_what_is_missing_and_starts_nothing(bench: Bench, missing: str) -> None:
    lab = bench.open_lab(**{missing: None})
    with pytest.raises(ConfigurationError, match=f"configured by half: {missing.upper()} missing"):
        started(lab)
    assert lab.versions(STYLE) == []
    assert bench.runpod.count() == 0
    assert not (bench.folder / "state" / "endpoint.json").exists()


def test_a_draft_in_the_trash_must_be_restored_first(lab: TrainingLab, draft: Version) -> None:
    lab.delete(STYLE, draft.key)
    with pytest.raises(NotAllowedError, match="in the trash"):
        lab.start_draft(STYLE, draft.key)


def test_a_start_answers_after_wait_s_and_goes_on_by_itself(bench: Bench, lab: TrainingLab) -> None:
    go_on = threading.Event()
    bench.runpod.hook = lambda _: Fault.delay(0) if go_on.wait(10) else None
    version = started(lab, wait_s=0.05)
    assert version.job_id is None
    go_on.set()
    assert until(lambda: lab.version(STYLE, version.key).job_id)
