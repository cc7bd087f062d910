"""A RunPod in miniature: RunPod's job API on 127.0.0.1, with a trainer that runs on the CPU.

The lab starts it as a process (`python -m local_endpoint`); tests serve it inside their own process
with a `ScriptedTrainer`, whose jobs do what the test says, and a hook that breaks the network.
"""

from local_endpoint.faults import Call, Fault, FaultHook
from local_endpoint.jobs import Job, JobStatus
from local_endpoint.scripted_trainer import JobNotRunningError, ScriptedTrainer
from local_endpoint.server import Address, LocalEndpoint
from local_endpoint.subprocess_trainer import SubprocessTrainer
from local_endpoint.trainers import Ending, Trainer

__all__ = [
    "Address",
    "Call",
    "Ending",
    "Fault",
    "FaultHook",
    "Job",
    "JobNotRunningError",
    "JobStatus",
    "LocalEndpoint",
    "ScriptedTrainer",
    "SubprocessTrainer",
    "Trainer",
]
