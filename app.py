"""LoRA Lab's launcher: `streamlit run app.py`.

Serves the screens, RunPod's webhook on the same port, and the monitor that follows trainings with or
without a browser. On a host that runs it as a plain script there are the screens and the monitor, and
polling does without the webhook.
"""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.early_hints import EarlyHints
from ui.process import monitor_lifespan
from ui.webhook import webhook_route

app = st.App(
    "ui/frame.py",
    routes=[webhook_route],
    middleware=[Middleware(EarlyHints)],
    lifespan=monitor_lifespan,
)

if get_script_run_ctx(suppress_warning=True) is not None:
    from ui.frame import draw

    draw()
