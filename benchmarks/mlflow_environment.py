"""MLflow in a virtual environment of its own: its pins must not meet the lab's."""

import subprocess
import sys
from pathlib import Path
from typing import Final

VENV: Final = Path(__file__).parent / ".venv-mlflow"

REQUIREMENTS: Final = ("mlflow-skinny==3.17.*", "sqlalchemy>=2,<3", "alembic>=1.14,<2")
"""mlflow-skinny is MLflow without its server and its models; with SQLAlchemy and Alembic its SQLite tracking
store is the same code as in the whole package, and installs in a quarter of the time."""


def mlflow_python() -> Path:
    """Its interpreter; makes the environment when it is not there, or was made for other requirements."""
    python, stamp = VENV / "bin" / "python", VENV / ".installed"
    wanted = "\n".join((sys.version, *REQUIREMENTS))
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run((*pip, *REQUIREMENTS), check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def mlflow_version(python: Path) -> str:
    """The version that is installed there."""
    code = "from importlib.metadata import version; print(version('mlflow-skinny'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
