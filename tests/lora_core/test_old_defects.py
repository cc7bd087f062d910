"""What went wrong in the system that the lab replaces, each once more; by the numbers of its post-mortem."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_endpoint import Fault
from lora_core import (
    FailureReason,
    StoreUnavailableError,
    TrainingBlockedError,
    TrainingLab,
    TrainingParameters,
    VersionStatus,
)
from tests.lora_core.bench import STYLE, Bench, started

SLOW = "https://bucket.s3.eu-west-1.amazonaws.com/user/custom-styles-models/style_1_vV1.safetensors"
FAST = "https://bucket.s3-accelerate.amazonaws.com/user/custom-styles-models/style_1_vV1.safetensors"


def body(job_id: str, **job: Any) -> bytes:
    return json.dumps({"id": job_id, "status": "COMPLETED", **job}).encode()


def test_defect_1_a_page_and_the_webhook_that_write_at_once_lose_nothing(
    bench: Bench, lab: TrainingLab
) -> None:
    versions = [started(lab) for _ in range(2)]
    for version in versions:
        bench.runpod.trainer.complete(bench.runpod.job_of(version))
    page = bench.open_lab()
    with ThreadPoolExecutor(4) as pool:
        notes = [pool.submit(page.describe, STYLE, one.key, f"note {one.name}") for one in versions]
        hooks = [pool.submit(lab.receive_webhook, body(one.job_id or ""), one.request_id) for one in versions]
    assert [done.exception() for done in notes] + [done.exception() for done in hooks] == [None] * 4
    found = lab.versions(STYLE)
    assert {(one.status, one.description) for one in found} == {
        (VersionStatus.COMPLETED, "note V1"),
        (VersionStatus.COMPLETED, "note V2"),
    }


def test_defect_2_a_write_that_fails_leaves_the_whole_file_and_says_so(
    bench: Bench, lab: TrainingLab
) -> None:
    started(lab)
    before = bench.history_file.read_bytes()
    with bench.broken_disk(), pytest.raises(StoreUnavailableError, match="Nothing was changed"):
        lab.describe(STYLE, "V1", "lost?")
    assert bench.history_file.read_bytes() == before


def test_defect_3_the_webhook_and_the_model_sync_make_one_record_of_one_model(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.leave_model(version)
    lab.apply(lab.plan_model_sync(STYLE))
    job_id = bench.runpod.job_of(version)
    bench.runpod.trainer.complete(job_id)
    lab.receive_webhook(body(job_id), version.request_id)
    lab.apply(lab.plan_model_sync(STYLE))
    assert [one.key for one in lab.versions(STYLE)] == [version.key]
    assert lab.plan_model_sync(STYLE).is_empty


@pytest.mark.parametrize("suffix", ["", "-e1", "-e2", "-u1"])
def test_defect_4_a_job_id_matches_with_and_without_its_suffix(
    bench: Bench, lab: TrainingLab, suffix: str
) -> None:
    version = started(lab)
    job_id = bench.runpod.job_of(version)
    bench.runpod.trainer.complete(job_id)
    check = lab.receive_webhook(body(job_id.removesuffix("-u1") + suffix))
    assert check and check.version.key == version.key
    assert check.version.status is VersionStatus.COMPLETED


def test_defect_5_a_fast_address_is_never_replaced_by_a_slow_one(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    job_id = bench.runpod.job_of(version)
    bench.runpod.trainer.complete(job_id, {"status": "success", "loraUrl": FAST})
    lab.refresh()
    later = {"id": job_id, "status": "COMPLETED", "output": {"status": "success", "loraUrl": SLOW}}
    bench.runpod.next_answers("status", Fault.reply(200, later))
    assert lab.check_status(STYLE, "V1").version.lora_url == FAST


def test_defect_6_a_second_training_starts_while_one_is_pending_and_all_are_restored(
    bench: Bench, lab: TrainingLab
) -> None:
    bench.runpod.endpoint.set_max_workers(0)
    keys = {started(lab).key for _ in range(4)}
    assert bench.runpod.count("run") == 4
    lab.close()
    reopened = bench.open_lab()
    reopened.monitor.turn()
    assert {one.version.key for one in reopened.monitor.in_flight()} == keys


def test_defect_7_a_stop_reaches_the_paid_job_also_when_runpod_did_not_hear_it_at_first(
    bench: Bench, lab: TrainingLab
) -> None:
    started(lab)
    bench.runpod.next_answers("cancel", Fault.refuse())
    assert lab.cancel(STYLE, "V1").version.is_stopping
    lab.refresh()
    assert bench.runpod.endpoint.jobs()[0].status == "CANCELLED"


@pytest.mark.parametrize(
    ("word", "reason"), [("CANCELLED", FailureReason.CANCELLED), ("TIMED_OUT", FailureReason.TIMED_OUT)]
)
def test_defect_8_cancelled_and_timed_out_are_stored(
    bench: Bench, lab: TrainingLab, word: str, reason: FailureReason
) -> None:
    version = started(lab)
    bench.runpod.next_answers("status", Fault.reply(200, {"id": version.job_id, "status": word}))
    lab.refresh()
    record = json.loads(bench.history_file.read_bytes())["versions"][0]
    assert (record["status"], record["failureReason"]) == ("failed", reason)
    assert record["failedAt"]


@pytest.mark.parametrize("steps", [1, 500, 1000, 1500, 2000, 3500])
def test_defect_9_the_users_number_is_the_users_number(bench: Bench, lab: TrainingLab, steps: int) -> None:
    version = started(lab, parameters=TrainingParameters(max_train_steps=steps))
    sent = bench.runpod.endpoint.requests[0].body["input"]
    assert version.parameters.max_train_steps == steps
    assert sent["training_config"]["max_train_steps"] == sent["parameters"]["max_train_steps"] == steps


def test_defect_10_a_job_that_left_runpods_memory_is_found_by_its_model(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.clock.advance(minutes=31)
    bench.leave_model(version)
    bench.runpod.endpoint.forget(bench.runpod.job_of(version))
    done = lab.check_status(STYLE, "V1").version
    assert done.status is VersionStatus.COMPLETED
    assert done.lora_url and done.lora_url.endswith("style_1_vV1.safetensors")


@pytest.mark.parametrize(
    "parameters", [TrainingParameters(lr_scheduler="linear"), TrainingParameters(optimizer_type="adafactor")]
)
def test_defect_11_what_the_trainer_rejects_is_refused_before_anything_is_paid(
    bench: Bench, lab: TrainingLab, parameters: TrainingParameters
) -> None:
    with pytest.raises(TrainingBlockedError):
        started(lab, parameters=parameters)
    assert bench.runpod.count() == 0
