"""Sums in one thread, as in the worker: two workers whose sums run in two threads each wait for each other.

Set before numpy is loaded.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
