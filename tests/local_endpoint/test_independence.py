"""The endpoint is a judge of the lab and no mirror: it knows nothing of it."""

import ast
import sys
from pathlib import Path

ALLOWED = {"local_endpoint", "numpy", "PIL", "starlette", "uvicorn", "httpx"}
PACKAGE = Path(__file__).resolve().parents[2] / "local_endpoint"


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def test_it_imports_only_itself_the_standard_library_and_five_packages() -> None:
    imported = set().union(*(imported_by(path) for path in PACKAGE.rglob("*.py")))
    assert imported - set(sys.stdlib_module_names) <= ALLOWED


def test_it_works_without_numpy_until_a_job_trains() -> None:
    # The server starts in a fraction of a second because only the worker loads numpy.
    served = set(PACKAGE.glob("*.py")) - {PACKAGE / "worker.py"}
    assert not any({"numpy", "PIL"} & imported_by(path) for path in served)
