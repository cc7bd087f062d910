"""The arrows between the layers point one way only, and the check of it can tell."""

import pytest

from tests.layers import OWN, PURE, ROOT, public_names, source_files, wrong_arrows

PUBLIC = frozenset({"TrainingLab"})


@pytest.mark.parametrize("part", sorted(OWN))
def test_no_arrow_points_the_wrong_way(part: str) -> None:
    files = [path for path in source_files() if path.relative_to(ROOT).parts[0].removesuffix(".py") == part]

    wrong = [
        sentence
        for path in files
        for sentence in wrong_arrows(path.relative_to(ROOT).as_posix(), path.read_text(), public_names())
    ]

    assert wrong == []


def test_the_check_reads_the_core_and_the_endpoint() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in source_files()}

    assert {"lora_core/runpod.py", "lora_core/stores/local.py", "local_endpoint/server.py"} <= names
    assert all((ROOT / "lora_core" / f"{name}.py").is_file() for name in PURE)
    assert "TrainingLab" in public_names()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app.py", "from lora_core import TrainingLab"),
        ("app.py", "import pages.training"),
        ("pages/training.py", "from lora_core.records import Records"),
        ("pages/training.py", "import lora_core"),
        ("pages/training.py", "from lora_core import Histories"),
        ("pages/training.py", "import pandas as pd"),
        ("pages/training.py", "from pages.history import table"),
        ("ui/process.py", "from pages import training"),
        ("ui/process.py", "import local_endpoint"),
        ("ui/process.py", "import httpx"),
        ("ui/process.py", "def draw():\n    import boto3"),
        ("lora_core/lab.py", "import streamlit as st"),
        ("lora_core/lab.py", "from ui.words import ago"),
        ("lora_core/lab.py", "import httpx"),
        ("lora_core/lab.py", "if TYPE_CHECKING:\n    from httpx import BaseTransport"),
        ("lora_core/endpoints.py", "from local_endpoint import LocalEndpoint"),
        ("lora_core/model_files.py", "from botocore.exceptions import ClientError"),
        ("lora_core/records.py", "from lora_core.lab import TrainingLab"),
        ("lora_core/records.py", "from lora_core import TrainingLab"),
        ("lora_core/stores/local.py", "from ..lab import TrainingLab"),
        ("lora_core/decide.py", "from lora_core.histories import LIVE"),
        ("lora_core/decide.py", "from lora_core import histories"),
        ("lora_core/decide.py", "from lora_core.stores import LocalStore"),
        ("lora_core/decide.py", "from . import records"),
        ("lora_core/decide.py", "import time"),
        ("lora_core/decide.py", "from concurrent.futures import Future"),
        ("lora_core/decide.py", "import numpy"),
        ("local_endpoint/server.py", "from lora_core.times import utc_now"),
        ("local_endpoint/server.py", "import streamlit"),
    ],
)
def test_a_wrong_arrow_is_found(path: str, source: str) -> None:
    assert wrong_arrows(path, source, PUBLIC) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "app.py",
            "import streamlit as st\nfrom starlette.routing import Route\nfrom ui.webhook import webhook_route",
        ),
        (
            "pages/training.py",
            "import streamlit as st\nfrom ui.page import page_setup\nfrom lora_core import TrainingLab",
        ),
        ("ui/process.py", "import threading\nfrom lora_core.times import utc_now\nfrom ui import words"),
        ("lora_core/runpod.py", "import httpx"),
        ("lora_core/s3_models.py", "import boto3\nfrom botocore.config import Config"),
        (
            "lora_core/lab.py",
            "from lora_core.runpod import Transport\nfrom lora_core.stores import LocalStore",
        ),
        ("lora_core/__init__.py", "from lora_core.lab import TrainingLab"),
        ("lora_core/document.py", "from lora_core import json_text\nimport json\nimport orjson"),
        ("lora_core/records.py", "import uuid\nfrom lora_core.histories import LIVE"),
        ("local_endpoint/webhooks.py", "import httpx\nfrom local_endpoint.jobs import Job"),
    ],
)
def test_a_right_arrow_is_left_alone(path: str, source: str) -> None:
    assert wrong_arrows(path, source, PUBLIC) == []
