"""`python -m local_endpoint --state-dir DIR --models-dir DIR`: serve RunPod's job API on 127.0.0.1."""

from __future__ import annotations

import argparse
from pathlib import Path

from local_endpoint.process import EndpointOptions, serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="local_endpoint", description=__doc__)
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="where jobs, key, lock and log are kept"
    )
    parser.add_argument("--models-dir", type=Path, required=True, help="where model files go")
    parser.add_argument("--workers", type=int, default=2, help="jobs at a time (default: 2)")
    parser.add_argument(
        "--idle-s", type=float, default=60.0, help="end after so long without job and request"
    )
    parser.add_argument("--retention-s", type=float, default=1800.0, help="how long a result is kept")
    given = parser.parse_args()
    serve(EndpointOptions(given.state_dir, given.models_dir, given.workers, given.idle_s, given.retention_s))


if __name__ == "__main__":
    main()
