"""The job of a version: its id, to copy, and the way to RunPod's console."""

from typing import Final

import streamlit as st

from lora_core import Version
from ui.copyable import copyable

_CONSOLE: Final = "https://console.runpod.io/serverless/user/endpoint/"


def job_box(version: Version) -> None:
    """Drawn once a job is known."""
    if version.job_id is None:
        return
    submission = version.submission
    is_remote = submission is None or (submission.base_url or "").startswith("http")
    with st.container(key="job_box", gap="xsmall"):
        st.caption("RunPod job" if is_remote else "Job of the local endpoint")
        copyable(version.job_id, what="the job's id", key="job_id")
        if submission and submission.endpoint_id and is_remote:
            address = _CONSOLE + submission.endpoint_id
            st.link_button("RunPod console", address, icon=":material/open_in_new:")
