"""What a look at a job answers in words: what was found, and what follows."""

from datetime import UTC, datetime, timedelta

import pytest

from lora_core import Absent, Job, JobNotFound, NoJobId, Present, Version, decide
from lora_core.evidence import Evidence, ModelEvidence
from lora_core.times import to_iso

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENT = to_iso(NOW - timedelta(hours=2))
IN_BUCKET = Present("https://b.s3.amazonaws.com/m.safetensors", 1, NOW)
IN_FOLDER = Present("file:///models/m.safetensors", 1, NOW)
TRACEBACK = "Traceback (most recent call last):\n  File x, line 1\n    y()\nValueError: no rank 0\n"


def version(base_url: str = "https://api.runpod.ai/v2", state: str = "sent") -> Version:
    submission = {
        "state": state,
        "attempt": "a",
        "at": SENT,
        "submittedAt": SENT,
        "baseUrl": base_url,
        "endpointId": "e",
        "ttl": 86_400_000,
    }
    job_id = "1_1" if state == "unknown" else "job-1"
    raw = {"id": job_id, "requestId": "1_1", "status": "training", "submission": submission}
    return Version("1", raw)


@pytest.mark.parametrize(
    ("of", "evidence", "model", "sentence"),
    [
        (
            version(),
            JobNotFound(),
            IN_BUCKET,
            "RunPod no longer knows this job; its model is in the bucket: completed.",
        ),
        (
            version("local"),
            JobNotFound(),
            IN_FOLDER,
            "The local endpoint no longer knows this job; its model is in the folder of models: completed.",
        ),
        (
            version(),
            Job("FAILED", error="x"),
            IN_BUCKET,
            "RunPod says FAILED, but its model is in the bucket: completed.",
        ),
        (
            version(state="unknown"),
            NoJobId(),
            IN_BUCKET,
            "No answer to its submission arrived, but its model is in the bucket: completed.",
        ),
        (
            version(),
            JobNotFound(),
            Absent(),
            "It has ended; RunPod no longer knows how (it keeps results for 30 minutes), and no model of it was seen "
            "yet. The lab goes on looking for it.",
        ),
        (
            version(),
            Job("COMPLETED"),
            Absent(),
            "RunPod says completed; its model is not there yet. The lab goes on looking for it.",
        ),
        (version("local"), Job("IN_QUEUE"), Absent(), "It waits in the queue for a worker."),
        (version(), Job("FAILED", error=TRACEBACK), Absent(), "It has failed: ValueError: no rank 0"),
        (version(), Job("FAILED", error="E: no\nmore"), Absent(), "It has failed: E: no"),
        (version(), Job("FAILED", error="x" * 301), Absent(), f"It has failed: {'x' * 300} ..."),
    ],
)
def test_a_look_answers_in_a_sentence(
    of: Version, evidence: Evidence, model: ModelEvidence, sentence: str
) -> None:
    assert decide(of, evidence, model, NOW).sentence == sentence
