"""The trainer of tests, tested."""

from pathlib import Path

from safetensors import safe_open

from local_endpoint import ScriptedTrainer
from tests.local_endpoint.api_client import ApiClient
from tests.local_endpoint.conftest import Serve

CONFIG = {"training_config": {"model_name": "style_16_vV1", "request_id": "16_1"}}


def test_the_default_output_is_the_containers_success(client: ApiClient, trainer: ScriptedTrainer) -> None:
    job_id = client.run(CONFIG)
    trainer.complete(job_id)
    output = client.status(job_id)["output"]
    assert output["status"] == "success"
    assert output["job_id"] == "16_1"
    assert output["loraName"] == "style_16_vV1.safetensors"
    assert output["loraUrl"] == output["model_info"]["download_url"]


def test_a_model_file_appears_when_a_folder_is_given(serve: Serve, tmp_path: Path) -> None:
    with serve(trainer=ScriptedTrainer(instant=True, models_dir=tmp_path / "models")) as client:
        output = client.status(client.run(CONFIG))["output"]
    path = tmp_path / "models" / "style_16_vV1.safetensors"
    assert output["loraUrl"] == path.as_uri()
    assert output["model_info"]["size_bytes"] == path.stat().st_size
    with safe_open(path, "numpy") as model:
        assert list(model.keys()) == []


def test_an_instant_job_is_complete_when_run_has_answered(serve: Serve) -> None:
    with serve(trainer=ScriptedTrainer(instant=True)) as client:
        assert [client.word(client.run()) for _ in range(3)] == ["COMPLETED"] * 3


def test_steps_are_granted_one_by_one_and_the_last_completes_the_job(serve: Serve) -> None:
    trainer = ScriptedTrainer(auto=True, steps=3)
    with serve(trainer=trainer) as client:
        job_id = client.run()
        assert client.status(job_id)["output"] == {"step": 0, "total_steps": 3}
        trainer.step(job_id, 2)
        assert client.status(job_id)["output"]["step"] == 2
        trainer.step(job_id)
        assert client.word(job_id) == "COMPLETED"


def test_releasing_all_completes_running_waiting_and_later_jobs(serve: Serve) -> None:
    trainer = ScriptedTrainer(auto=True)
    with serve(trainer=trainer) as client:
        jobs = [client.run() for _ in range(5)]
        trainer.release_all()
        jobs.append(client.run())
        assert {client.word(job) for job in jobs} == {"COMPLETED"}


def test_progress_can_be_any_value(client: ApiClient, trainer: ScriptedTrainer) -> None:
    job_id = client.run()
    trainer.progress(job_id, "120/2000")
    assert client.status(job_id)["output"] == "120/2000"


def test_a_job_can_complete_without_output(client: ApiClient, trainer: ScriptedTrainer) -> None:
    job_id = client.run()
    trainer.progress(job_id, step=1)
    trainer.complete_silently(job_id)
    shown = client.status(job_id)
    assert shown["status"] == "COMPLETED"
    assert "output" not in shown
