"""Sums in one thread, as in the worker: set before numpy is loaded, and kinder to tests side by side."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
