"""What the lab is for, from end to end: trying rates, refining, comparing datasets, coming back later."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.fake_runpod import FakeRunpod
from tests.browser.history_page import HistoryPage
from tests.browser.lab_server import LabServer
from tests.browser.profiles import profile
from tests.browser.recorded import records
from tests.browser.states import report
from tests.browser.training_page import PATIENCE_MS, TrainingPage, until
from tests.lora_core.s3_server import S3Server
from tests.runpod_settings import runpod_settings

pytestmark = [pytest.mark.browser]

_BUCKET = "lora-lab-test"


def by_name(folder: Path) -> dict[str, dict[str, Any]]:
    """The first style's versions, as they stand in its file."""
    return {one["name"]: one for one in records(folder)}


def start_with(training: TrainingPage, **values: str) -> None:
    """From NEW: these fields, then Start."""
    training.new()
    for label, value in values.items():
        training.fill(label.replace("_", " "), value)
    training.start()


def test_three_learning_rates_run_at_once_are_compared_and_the_good_one_is_taken_up_again(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    runpod.endpoint.set_max_workers(3)
    training.open("?style=1")
    for rate in ("1e-4", "3e-4", "9e-4"):
        start_with(training, Learning_rate=rate, Description=f"Rate {rate}")
    until(training.page, lambda: len(runpod.trainer.running) == 3, what="three jobs run at once")
    for job_id in runpod.trainer.running:
        report(runpod, job_id, 0.6)
    expect(training.sidebar.get_by_text("Running now · 3")).to_be_visible(timeout=PATIENCE_MS)
    expect(training.sidebar.get_by_text("60%")).to_have_count(3, timeout=PATIENCE_MS)

    for job_id in runpod.trainer.running:
        runpod.trainer.complete(job_id)
    expect(training.sidebar.get_by_text("Nothing is training.")).to_be_visible(timeout=PATIENCE_MS)
    assert {name: one["status"] for name, one in by_name(two_styles).items()} == dict.fromkeys(
        ("V1", "V2", "V3"), "completed"
    )

    history.come().mark(0, 1, 2)
    assert history.compared("Learning rate") == ["0.0001", "0.0003", "0.0009"]
    assert history.compared("Note") == ["Rate 1e-4", "Rate 3e-4", "Rate 9e-4"]
    assert history.compared("Steps") is None  # only what differs
    expect(history.page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=PATIENCE_MS)

    history.page.get_by_role("button", name="Start from V2").click()
    training.ready().shows_version("V2 · completed")
    training.button("Mark as good").click()
    expect(training.button("No longer good")).to_be_visible(timeout=PATIENCE_MS)
    assert by_name(two_styles)["V2"]["isGood"] is True

    training.new().choose_version("V2")
    expect(training.field("Learning rate")).to_have_value("0.0003")
    assert runpod.posts() == 3


def test_a_good_version_is_refined_and_the_new_one_says_what_it_is_based_on(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    training.open("?style=1")
    training.start()
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="the job runs")
    runpod.trainer.complete(runpod.trainer.running[0])
    training.shows_version("V1 · completed")
    expect(training.form.get_by_text("was ")).to_have_count(0)
    training.fill("Steps", "3000")
    training.fill("Network dim", "32")
    expect(training.form.get_by_role("button", name="was 2000")).to_be_visible(timeout=PATIENCE_MS)
    training.form.get_by_role("button", name="was 16").click()
    expect(training.field("Network dim")).to_have_value("16")
    expect(training.form.get_by_role("button", name="was 16")).to_have_count(0)
    training.fill("Network dim", "24")
    training.start()
    training.shows_version("V2")
    expect(training.details.get_by_role("row", name="Based on V1")).to_be_visible(timeout=PATIENCE_MS)

    made = by_name(two_styles)
    assert made["V2"]["basedOn"] == made["V1"]["key"]
    assert made["V2"]["parameters"] == {
        **made["V1"]["parameters"],
        "max_train_steps": 3000,
        "network_dim": 24,
    }
    history.come().mark(0, 1)
    assert history.compared("Steps") == ["2000", "3000"]
    assert history.compared("Network dim") == ["16", "24"]
    assert history.compared("Learning rate") is None


def test_two_datasets_under_the_same_settings_are_compared(
    training: TrainingPage, history: HistoryPage, runpod: FakeRunpod, two_styles: Path
) -> None:
    training.open("?style=1")
    training.start()
    training.shows_version("V1")
    until(training.page, lambda: len(runpod.trainer.running) == 1, what="the first job runs")
    training.choose("Dataset", "Set 2 · 8 images")
    expect(training.form.get_by_role("button", name="was Set 1")).to_be_visible(timeout=PATIENCE_MS)
    training.start()
    until(training.page, lambda: len(runpod.trainer.running) == 2, what="both jobs run")
    sent = [runpod.trainer.input_of(job_id) for job_id in runpod.trainer.running]
    runpod.trainer.release_all()
    training.shows_version("V2 · completed")

    made = by_name(two_styles)
    assert made["V1"]["parameters"] == made["V2"]["parameters"]
    assert [made[name]["imageCount"] for name in ("V1", "V2")] == [12, 8]
    assert json.dumps(sent[0]).count(".jpg") > json.dumps(sent[1]).count(".jpg")
    history.come().mark(0, 1)
    assert history.compared("Selection set") == ["1", "2"]
    assert history.compared("Images") == ["12", "8"]
    assert history.compared("Learning rate") is None


@dataclass
class Cloud:
    """RunPod, a bucket with a memory, and the lab before them."""

    runpod: FakeRunpod
    bucket: S3Server
    server: LabServer


@pytest.fixture
def cloud(two_styles: Path, runpod: FakeRunpod) -> Iterator[Cloud]:
    bucket = S3Server("test")
    bucket.buckets[_BUCKET] = {}
    with bucket.running():
        settings = runpod_settings(runpod.address, bucket.url)
        with LabServer(two_styles, settings) as server:
            yield Cloud(runpod, bucket, server)


def test_after_a_night_the_lab_knows_what_became_of_every_training(
    browser: Browser, cloud: Cloud, two_styles: Path
) -> None:
    runpod, server = cloud.runpod, cloud.server
    runpod.endpoint.set_max_workers(4)
    with profile(browser) as page:
        training = TrainingPage(page, server.url).open("?style=1")
        for number in range(1, 5):
            start_with(training, Learning_rate=f"{number}e-4")
        until(page, lambda: len(runpod.trainer.running) == 4, what="four jobs run")
        expect(training.sidebar.get_by_text("Running now · 4")).to_be_visible(timeout=PATIENCE_MS)
        training.choose_version("V3")
        training.fill("Steps", "4321")
        training.fill("Description", "half a thought")
        kept = page.context.storage_state()
    server.kill()

    completed, failed, forgotten, running = (
        str(by_name(two_styles)[f"V{number}"]["id"]) for number in range(1, 5)
    )
    runpod.trainer.complete(completed)
    runpod.trainer.fail(failed, "CUDA out of memory")
    model = f"tester/custom-styles-models/{by_name(two_styles)['V3']['modelName']}.safetensors"
    cloud.bucket.put(_BUCKET, model, b"\0" * 2000, datetime.now(UTC))
    runpod.trainer.complete(forgotten)
    runpod.endpoint.forget(forgotten)
    runpod.trainer.step(running, 7)
    server.start()

    with profile(browser, kept=kept) as page:
        training = TrainingPage(page, server.url).open()
        training.shows_version("V3 · completed")
        expect(training.field("Steps")).to_have_value("4321")
        expect(training.field("Description")).to_have_value("half a thought")
        told = page.locator(".st-key-ended_notice, .st-key-just_ended")
        for text in ("V1.* completed", "V2.* failed", "V3.* completed"):
            expect(told.get_by_role("button", name=re.compile(text))).to_be_visible(timeout=PATIENCE_MS)
        expect(training.sidebar.get_by_text("Running now · 1")).to_be_visible(timeout=PATIENCE_MS)
        expect(training.sidebar.get_by_text("70%")).to_be_visible(timeout=PATIENCE_MS)
        assert {name: one["status"] for name, one in by_name(two_styles).items()} == {
            "V1": "completed",
            "V2": "failed",
            "V3": "completed",
            "V4": "training",
        }
        page.reload()
        training.ready()
        expect(told.get_by_role("button", name=re.compile("V2.* failed"))).to_be_visible(timeout=PATIENCE_MS)
        for dismiss in told.get_by_role("button", name="Dismiss").all():
            dismiss.click()
        expect(told.get_by_role("button", name=re.compile("V2.* failed"))).to_have_count(
            0, timeout=PATIENCE_MS
        )
        training.settled()
        page.reload()
        training.ready()
        expect(told.get_by_role("button", name=re.compile("V2.* failed"))).to_have_count(0)
    assert runpod.posts() == 4
