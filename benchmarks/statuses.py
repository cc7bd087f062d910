"""200 statuses asked together and one after another, of an endpoint that takes 100 ms for each answer."""

import logging
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from benchmarks.measures import Pairs, say, timed_ms
from local_endpoint import Address, Call, Fault, LocalEndpoint, ScriptedTrainer
from lora_core import Job, RunpodClient
from lora_core.runpod_answers import Accepted

JOBS: Final = 200
ANSWER_S: Final = 0.1
_PAIRS: Final = 3


def statuses(folder: Path) -> Pairs:
    """`RunpodClient.statuses` beside `RunpodClient.status` in a loop."""
    logging.getLogger("uvicorn").addHandler(
        logging.NullHandler()
    )  # it tells that nothing had to be cancelled
    say(f"{JOBS} statuses of an endpoint that takes {ANSWER_S * 1000:.0f} ms for each ...")
    endpoint = LocalEndpoint(folder, trainer=ScriptedTrainer(), faults=_slow, max_workers=0)
    with endpoint.serving() as address, _client(address) as client:
        ids = [_submitted(client) for _ in range(JOBS)]
        together, one_by_one = [], []
        for _ in range(_PAIRS):
            together.append(timed_ms(lambda: _checked(list(client.statuses(ids).values()))))
            one_by_one.append(timed_ms(lambda: _checked([client.status(one) for one in ids])))
    return Pairs(f"{JOBS} statuses, together / one after another", JOBS, together, one_by_one)


def _slow(call: Call) -> Fault | None:
    return Fault.delay(ANSWER_S) if call.verb == "status" else None


def _client(address: Address) -> RunpodClient:
    return RunpodClient(address.base_url, address.endpoint_id, SecretStr(address.api_key))


def _submitted(client: RunpodClient) -> str:
    outcome = client.submit({"input": {"benchmark": True}})
    if not isinstance(outcome, Accepted):
        raise RuntimeError(f"the endpoint did not take a job: {outcome}")
    return outcome.job_id


def _checked(answers: list[object]) -> None:
    if len(answers) != JOBS or not all(isinstance(answer, Job) for answer in answers):
        raise RuntimeError("an answer is missing or is none")
