"""The public API, verb by verb, as a script or a notebook uses it."""

import json
import uuid

import pytest

from local_endpoint import Fault
from lora_core import (
    FailureReason,
    InvalidNameError,
    JobNotFound,
    NameTakenError,
    NotAllowedError,
    NotFoundError,
    Outlook,
    RunpodUnreachableError,
    Style,
    TrainingLab,
    TrainingParameters,
    Version,
    VersionStatus,
)
from tests.lora_core.bench import PARAMETERS, SET, STYLE, Bench, started


def completed(bench: Bench, lab: TrainingLab, *, minutes: float = 10, **arguments: object) -> Version:
    version = started(lab, **arguments)
    bench.clock.advance(minutes=minutes)
    bench.runpod.trainer.complete(bench.runpod.job_of(version))
    return lab.check_status(STYLE, version.key).version


# -- the product's promise


def test_three_trainings_in_a_row_run_in_parallel_and_are_remembered_in_the_old_format(
    bench: Bench, lab: TrainingLab
) -> None:
    versions = [started(lab, description=f"try {number}") for number in (1, 2, 3)]
    lab.refresh()
    words = [lab.version(STYLE, version.key).status for version in versions]
    assert words == [VersionStatus.TRAINING, VersionStatus.TRAINING, VersionStatus.PENDING]
    assert [one.version.name for one in lab.running()] == ["V3", "V2", "V1"]
    for version in versions:
        bench.runpod.trainer.complete(bench.runpod.job_of(version))
    lab.refresh()
    document = json.loads(bench.history_file.read_bytes())
    assert [record["name"] for record in document["versions"]] == ["V3", "V2", "V1"]
    for record in document["versions"]:
        assert record["id"] in bench.runpod.job_ids()
        assert record["status"] == "completed"
        assert record["imageCount"] == 12
        assert record["selectionSetId"] == SET
        assert record["loraUrl"] == f"https://models.example/style_1_v{record['name']}.safetensors"
        assert record["timestamp"].endswith("Z")
        assert record["completedAt"].endswith("Z")
        assert set(record["parameters"]) == set(TrainingParameters.model_fields)
    assert len({record["id"] for record in document["versions"]}) == 3


# -- styles, sets, drafts


def test_styles_and_their_selection_sets_are_listed(lab: TrainingLab, style: Style) -> None:
    assert [(one.id, one.name) for one in lab.styles()] == [("1", "Flat Landscapes")]
    assert lab.style(1) == lab.style("1") == lab.style(style.folder) == style
    assert [(one.id, len(one.filenames)) for one in lab.selection_sets(1)] == [(1, 12), (2, 8)]
    assert len(lab.images(1)) == 12


def test_a_new_style_gets_the_next_number_and_its_own_trigger(lab: TrainingLab) -> None:
    second = lab.create_style("Ink & Wash")
    third = lab.create_style("Other", style_id=16, trigger_token="my_token")
    assert (second.id, second.trigger_token, lab.versions(2)) == ("2", "SBai_style_2", [])
    assert (third.id, third.trigger_token) == ("16", "my_token")
    for name, style_id in (("", None), ("x", 16), ("x", "one")):
        with pytest.raises(InvalidNameError):
            lab.create_style(name, style_id=style_id)


def test_what_is_not_there_is_said_in_a_sentence(lab: TrainingLab) -> None:
    with pytest.raises(NotFoundError, match=r"There is no style 99\."):
        lab.versions(99)
    with pytest.raises(NotFoundError, match="has no version V9"):
        lab.version(STYLE, "V9")
    with pytest.raises(NotFoundError, match="has no selection set 9"):
        started(lab, selection_set_id=9)


def test_a_draft_is_kept_revised_and_started(bench: Bench, lab: TrainingLab) -> None:
    key = str(uuid.uuid4())
    draft = lab.save_draft(STYLE, parameters={"network_dim": 8}, description=" first ", key=key)
    again = lab.save_draft(STYLE, parameters={"network_dim": 9}, key=key)
    assert (draft.key, again.key, again.parameters.network_dim) == (key, key, 8)
    assert (draft.status, draft.name, draft.description) == (VersionStatus.DRAFT, "V1", "first")
    with pytest.raises(NotAllowedError, match="V1 lacks network_alpha"):
        lab.start_draft(STYLE, "V1")
    lab.revise_draft(STYLE, "V1", parameters=PARAMETERS, selection_set_id=2)
    version = lab.start_draft(STYLE, "V1")
    assert (version.status, version.image_count, version.key) == (VersionStatus.PENDING, 8, key)
    with pytest.raises(NotAllowedError, match="no draft any more"):
        lab.revise_draft(STYLE, "V1", parameters=PARAMETERS)
    assert bench.runpod.count("run") == 1


def test_a_draft_may_be_revised_in_the_moment_of_its_start(lab: TrainingLab) -> None:
    lab.save_draft(STYLE, parameters=PARAMETERS)
    parameters = TrainingParameters(max_train_steps=321)
    revision = {"parameters": parameters, "selection_set_id": SET, "description": "now"}
    version = lab.start_draft(STYLE, "V1", revision=revision)
    assert (version.parameters.max_train_steps, version.description) == (321, "now")


def test_names_go_on_where_they_stopped_and_are_given_once(bench: Bench, lab: TrainingLab) -> None:
    first = started(lab, name="Portrait 01")
    second = started(lab, based_on=first.key)
    assert (second.name, second.based_on) == ("Portrait 02", first.key)
    assert lab.next_name(STYLE) == "V1"
    with pytest.raises(NameTakenError):
        started(lab, name="portrait 01")
    with pytest.raises(InvalidNameError):
        started(lab, name="a\nb")
    assert bench.runpod.count("run") == 2


def test_a_version_answers_to_name_key_request_id_and_job_id_with_and_without_suffix(
    lab: TrainingLab,
) -> None:
    version = started(lab)
    bare = (version.job_id or "").removesuffix("-u1")
    for reference in ("V1", "v1", version.key, version.request_id, version.job_id, bare, f"{bare}-e2"):
        assert lab.version(STYLE, reference or "").key == version.key


def test_describe_rename_and_mark_good_change_only_that(lab: TrainingLab) -> None:
    version = started(lab)
    lab.describe(STYLE, "V1", "  softer  ")
    lab.rename(STYLE, "V1", "Softer")
    marked = lab.mark_good(STYLE, "Softer", True)
    assert (marked.description, marked.name, marked.is_good) == ("softer", "Softer", True)
    assert (marked.model_name, marked.job_id) == (version.model_name, version.job_id)
    assert lab.describe(STYLE, "Softer", " ").description == ""
    assert not lab.mark_good(STYLE, "Softer", False).is_good


def test_a_finished_version_can_be_deleted_and_restored(bench: Bench, lab: TrainingLab) -> None:
    version = completed(bench, lab)
    lab.delete(STYLE, "V1")
    assert lab.versions(STYLE) == []
    assert [one.key for one in lab.trash(STYLE)] == [version.key]
    assert bench.runpod.count("cancel") == 0
    with pytest.raises(NameTakenError):
        started(lab, name="V1")
    restored = lab.restore(STYLE, version.key)
    assert (restored.status, restored.is_in_trash) == (VersionStatus.COMPLETED, False)
    assert lab.trash(STYLE) == []


# -- status, cancel, attach, give up


def test_deleting_what_runs_cancels_it_first(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    lab.delete(STYLE, "V1")
    assert bench.runpod.count("cancel") == 1
    assert bench.runpod.endpoint.jobs()[0].status == "CANCELLED"
    assert lab.trash(STYLE)[0].failure_reason is FailureReason.CANCELLED
    assert lab.version(STYLE, version.key).is_in_trash


def test_cancelling_stops_the_paid_job_and_not_only_the_screen(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    check = lab.cancel(STYLE, "V1")
    assert bench.runpod.endpoint.jobs()[0].status == "CANCELLED"
    assert (check.version.status, check.version.failure_reason) == (
        VersionStatus.FAILED,
        FailureReason.CANCELLED,
    )
    assert lab.cancel(STYLE, version.key).version.status is VersionStatus.FAILED
    assert bench.runpod.count("cancel") == 1


def test_a_draft_cannot_be_cancelled_or_given_up(lab: TrainingLab) -> None:
    lab.save_draft(STYLE, parameters=PARAMETERS)
    with pytest.raises(NotAllowedError, match="nothing of it runs"):
        lab.cancel(STYLE, "V1")
    with pytest.raises(NotAllowedError, match="nothing to give up"):
        lab.give_up(STYLE, "V1")


def test_check_status_says_in_words_what_was_found(bench: Bench, lab: TrainingLab) -> None:
    bench.runpod.endpoint.set_max_workers(0)
    version = started(lab)
    job_id = bench.runpod.job_ids()[0]

    def sentence() -> str:
        return lab.check_status(STYLE, version.key).sentence

    assert sentence() == "It waits in the queue for a worker."
    bench.runpod.endpoint.set_max_workers(1)
    assert sentence() == "It is training."
    bench.runpod.next_answers("status", Fault.reply(503, b""))
    assert "a problem of its own" in sentence()
    bench.runpod.next_answers("status", Fault.reply(401, {"detail": "invalid api key"}))
    assert "check RUNPOD_API_KEY" in sentence()
    bench.runpod.next_answers("status", Fault.reply(200, {"id": job_id, "status": "NAPPING"}))
    assert "NAPPING, which the lab does not know" in sentence()
    bench.runpod.trainer.fail(job_id, '{"error_type": "E", "error_message": "no VRAM"}')
    assert sentence() == "It has failed: E: no VRAM"
    assert sentence() == "It has failed: E: no VRAM"


def test_a_job_that_runpod_does_not_show_yet_and_one_that_it_forgot_look_different(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.endpoint.forget(bench.runpod.job_of(version))
    young = lab.check_status(STYLE, "V1")
    bench.clock.advance(seconds=150)
    old = lab.check_status(STYLE, "V1")
    assert (young.outlook, old.outlook) == (Outlook.NOT_VISIBLE_YET, Outlook.ENDED_UNKNOWN)
    assert (young.evidence, old.version.status) == (JobNotFound(), VersionStatus.PENDING)
    assert "keeps results for 30 minutes" in old.sentence


def test_a_completed_job_that_says_nothing_waits_for_its_model_and_then_fails(
    bench: Bench, lab: TrainingLab
) -> None:
    version = started(lab)
    bench.runpod.trainer.complete_silently(bench.runpod.job_of(version))
    assert lab.check_status(STYLE, "V1").outlook is Outlook.MODEL_AWAITED
    bench.clock.advance(minutes=10)
    failed = lab.check_status(STYLE, "V1").version
    assert (failed.status, failed.failure_reason) == (VersionStatus.FAILED, FailureReason.TRAINER)
    bench.bucket.is_readable = False
    assert lab.check_status(STYLE, "V1").version.status is VersionStatus.FAILED
    bench.bucket.is_readable = True
    bench.leave_model(version)
    assert lab.check_status(STYLE, "V1").version.status is VersionStatus.COMPLETED


def test_attach_job_takes_only_a_job_that_the_endpoint_knows(bench: Bench, lab: TrainingLab) -> None:
    other = started(lab)
    bench.runpod.next_answers("run", Fault.lost_reply())
    version = started(lab)
    with pytest.raises(NotFoundError, match="knows no job nonsense"):
        lab.attach_job(STYLE, version.key, "nonsense")
    with pytest.raises(NotAllowedError, match="belongs to V1 of Flat Landscapes already"):
        lab.attach_job(STYLE, version.key, (other.job_id or "").removesuffix("-u1"))
    bench.runpod.next_answers("status", Fault.refuse())
    with pytest.raises(RunpodUnreachableError, match="Try again later"):
        lab.attach_job(STYLE, version.key, "x")
    check = lab.attach_job(STYLE, version.key, f" {bench.runpod.job_of(version)} ")
    assert check.version.status is VersionStatus.TRAINING
    with pytest.raises(NotAllowedError, match="needs no job"):
        lab.attach_job(STYLE, version.key, "x")


def test_give_up_ends_what_nobody_can_know_and_never_what_runs(bench: Bench, lab: TrainingLab) -> None:
    running = started(lab)
    with pytest.raises(NotAllowedError, match="cancel it instead"):
        lab.give_up(STYLE, running.key)
    bench.runpod.next_answers("run", Fault.lost_reply())
    unknown = started(lab)
    given_up = lab.give_up(STYLE, unknown.key)
    assert (given_up.status, given_up.failure_reason) == (VersionStatus.FAILED, FailureReason.GIVEN_UP)
    bench.leave_model(given_up)
    assert lab.check_status(STYLE, unknown.key).version.status is VersionStatus.COMPLETED


def test_an_old_systems_version_is_checked_on_request_and_can_be_given_up(
    bench: Bench, lab: TrainingLab
) -> None:
    old = {
        "id": "a0e9d299-9849-4986-bd76-8294f2f92f5f-e1",
        "name": "V1",
        "status": "pending",
        "parameters": {},
    }
    bench.history_file.write_text(json.dumps({"versions": [old]}))
    assert "mark it as failed" in lab.check_status(STYLE, "V1").sentence
    assert lab.give_up(STYLE, "V1").failure_reason is FailureReason.GIVEN_UP


# -- estimates, models, words


def test_estimates_are_made_from_finished_jobs_of_this_endpoint(bench: Bench) -> None:
    lab = bench.open_lab(runpod_gpu="L40S")
    before = lab.review(STYLE, PARAMETERS, SET).expected
    completed(bench, lab, minutes=5, parameters=TrainingParameters(max_train_steps=1000))
    after = lab.review(STYLE, TrainingParameters(max_train_steps=2000), SET).expected
    assert before and after
    assert before.seconds == pytest.approx(100 * 0.678, rel=0.01)
    assert after.seconds == pytest.approx(600)
    assert after.cost_usd == pytest.approx(600 * 0.00053)


def test_the_time_left_comes_from_the_steps_that_were_seen(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    job_id = bench.runpod.job_of(version)
    for step in (10, 30):
        bench.runpod.trainer.progress(job_id, step=step, total_steps=100)
        lab.refresh()
        bench.clock.advance(seconds=20)
    assert lab.seconds_left(lab.version(STYLE, "V1")) == pytest.approx(70)


def test_a_review_tells_findings_and_derived_numbers_of_a_form_however_empty(lab: TrainingLab) -> None:
    review = lab.review(STYLE, TrainingParameters(network_dim=8, network_alpha=4), SET)
    assert (review.effective_scale, review.image_count, review.blocks) == (0.5, 12, ())
    assert lab.review(STYLE, {}, None).blocks


def test_model_files_are_adopted_once(bench: Bench, lab: TrainingLab) -> None:
    version = completed(bench, lab)
    bench.leave_model(version)
    bench.bucket.folder.joinpath("style_1_vOld.safetensors").write_bytes(b"x")
    adopted = lab.apply(lab.plan_model_sync(STYLE))
    assert "Old" in {one.name for one in adopted}
    assert lab.plan_model_sync(STYLE).is_empty
    assert {one.name for one in lab.versions(STYLE)} == {"V1", "Old"}


def test_every_page_can_say_which_endpoint_is_in_use(bench: Bench, lab: TrainingLab) -> None:
    assert lab.endpoint_sentence() == f"Trainings run on RunPod endpoint {bench.runpod.address.endpoint_id}."
    half = bench.open_lab(runpod_api_key=None)
    assert "RUNPOD_API_KEY missing" in half.endpoint_sentence()
    local = bench.open_lab(runpod_api_key=None, runpod_endpoint_id=None)
    assert "local endpoint" in local.endpoint_sentence()


def test_a_version_is_asked_for_at_the_endpoint_that_it_was_sent_to(bench: Bench, lab: TrainingLab) -> None:
    version = started(lab)
    moved = bench.open_lab(runpod_endpoint_id="another")
    assert moved.check_status(STYLE, version.key).version.status is VersionStatus.TRAINING
    elsewhere = bench.open_lab(runpod_base_url="http://127.0.0.1:9/v2")
    before = bench.runpod.count()
    check = elsewhere.check_status(STYLE, version.key)
    assert "no API key is configured" in check.sentence
    assert bench.runpod.count() == before


def test_the_bucket_addresses_of_a_set_are_told(lab: TrainingLab) -> None:
    urls = lab.bucket_urls(STYLE, 2)
    assert len(urls) == 16
    assert all(url.startswith("s3://bucket/styles/1/") for url in urls)


def test_nothing_is_written_for_a_style_that_is_only_looked_at(bench: Bench, lab: TrainingLab) -> None:
    before = sorted(path for path in (bench.folder / "styles").rglob("*"))
    lab.styles(), lab.versions(STYLE), lab.trash(STYLE), lab.etag(STYLE), lab.damage(STYLE)
    lab.review(STYLE, PARAMETERS, SET), lab.refresh(), lab.monitor.turn(), lab.plan_model_sync(STYLE)
    assert sorted(path for path in (bench.folder / "styles").rglob("*")) == before


@pytest.mark.parametrize(
    ("url", "is_misplaced"),
    [
        (
            "https://bucket.s3.eu-west-1.amazonaws.com/user/custom-styles-models/style_1_vV1.safetensors",
            False,
        ),
        (
            "https://s3-accelerate.amazonaws.com/bucket/user/custom-styles-models/style_1_vV1.safetensors",
            False,
        ),
        ("https://bucket.s3.amazonaws.com/somebody/custom-styles-models/style_1_vV1.safetensors", True),
        ("https://another.s3.amazonaws.com/user/custom-styles-models/style_1_vV1.safetensors", True),
    ],
)
def test_a_model_that_lies_where_the_lab_does_not_look_is_told(
    bench: Bench, lab: TrainingLab, url: str, is_misplaced: bool
) -> None:
    version = started(lab)
    bench.runpod.trainer.complete(version.id, {"status": "success", "loraUrl": url})
    lab.refresh()
    told = lab.misplaced_model(lab.version(STYLE, version.key))
    assert (told is not None) == is_misplaced
    assert told is None or "TRAINER_USER_ID" in told
