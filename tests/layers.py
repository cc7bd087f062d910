"""Reads which module imports what, and says where an arrow points the wrong way.

app.py -> pages/ -> ui/ -> lora_core/        local_endpoint/ stands apart
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
OWN = frozenset({"app", "pages", "ui", "lora_core", "local_endpoint"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    "app": frozenset({"ui"}),
    "pages": frozenset({"ui", "lora_core"}),
    "ui": frozenset({"ui", "lora_core"}),
    "lora_core": frozenset({"lora_core"}),
    "local_endpoint": frozenset({"local_endpoint"}),
}
"""Of the project's own parts."""

LIBRARIES_OF_ONE_PLACE = {
    "httpx": ("lora_core/runpod.py", "lora_core/runpod_connection.py", "local_endpoint/"),
    "httpcore": ("lora_core/runpod_connection.py",),
    "boto3": ("lora_core/s3_models.py",),
    "botocore": ("lora_core/s3_models.py",),
    "mypy_boto3_s3": ("lora_core/s3_models.py",),
    "streamlit": ("app.py", "pages/", "ui/"),
    "starlette": ("app.py", "ui/", "local_endpoint/"),
}

PURE = frozenset(
    {
        *("disk_faults", "duplicates", "foreign_saves", "merging", "record_links"),
        *("comparison", "decide", "document", "errors", "estimates", "evidence", "field_checks", "finding"),
        *(
            "finding_rules",
            "findings",
            "job_output",
            "json_text",
            "model_urls",
            "naming",
            "parameters",
            "payload",
            "runpod_answers",
            "verdict",
        ),
        *("progress", "salvage", "times", "versions", "workflow"),
        *("fragments", "oddities", "wreckage"),
        *("loss_curves", "schedules", "version_filter"),
        *("caption_edits", "import_merging", "import_report", "sets_document"),
    }
)
"""Modules of lora_core that decide and do nothing: they import each other only."""

WORLD = frozenset(
    {
        *(
            "os",
            "shutil",
            "subprocess",
            "socket",
            "ssl",
            "threading",
            "multiprocessing",
            "asyncio",
            "concurrent",
        ),
        *("time", "tempfile", "sqlite3", "fcntl", "urllib.request", "io", "glob"),
    }
)
"""What a pure module has no use for."""


class Import(NamedTuple):
    """`from module import name`, or `import module` when there is no name."""

    module: str
    name: str | None
    line: int

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports(source: str, path: str) -> Iterator[Import]:
    """All of them, wherever they stand in the file; relative ones made absolute."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)


def wrong_arrows(path: str, source: str, public: frozenset[str]) -> list[str]:
    """One sentence for each import that a file of the project must not have."""
    return [
        f"{path}:{one.line} imports {one.module}{f' ({one.name})' if one.name else ''}: {why}"
        for one in imports(source, path)
        for why in _problems(path, one, public)
    ]


def _problems(path: str, one: Import, public: frozenset[str]) -> Iterator[str]:
    part = PurePosixPath(path).parts[0].removesuffix(".py")
    if one.top in OWN and one.top not in MAY_IMPORT[part]:
        yield f"{part} knows nothing of {one.top}"
    places = LIBRARIES_OF_ONE_PLACE.get(one.top)
    if places is not None and not path.startswith(places):
        yield f"{one.top} belongs to {', '.join(places)}"
    if part == "pages":
        yield from _page_problems(one, public)
    if part == "lora_core":
        yield from _core_problems(path, one)


def _page_problems(one: Import, public: frozenset[str]) -> Iterator[str]:
    if one.top == "lora_core" and (one.module != "lora_core" or one.name not in public):
        yield "pages use the public names of lora_core"
    if one.top not in {"streamlit", "ui", "lora_core"}:
        yield "a page needs streamlit, ui and lora_core only"


def _core_problems(path: str, one: Import) -> Iterator[str]:
    own = path.removeprefix("lora_core/").removesuffix(".py")
    used = _core_module(one)
    if used == "lab" and own not in {"__init__", "__main__"}:
        yield "the lab stands on top of everything"
    if used == "" and own != "__init__":
        yield "lora_core's own modules name the module"
    if own not in PURE:
        return
    if used is not None and used not in PURE:
        yield f"{own} is pure and {used} is not"
    if one.module in WORLD or one.top in WORLD:
        yield f"{own} is pure: it decides and touches nothing"
    if one.top not in sys.stdlib_module_names | {"lora_core", "pydantic", "orjson"}:
        yield f"{own} is pure"


def _core_module(one: Import) -> str | None:
    """Which module of lora_core is meant; empty for the package's own names; None for another's."""
    if one.top != "lora_core":
        return None
    if one.module != "lora_core":
        return one.module.split(".")[1]
    is_module = one.name is not None and any(
        (ROOT / "lora_core" / form).exists() for form in (f"{one.name}.py", one.name)
    )
    return (one.name or "") if is_module else ""


def public_names() -> frozenset[str]:
    """`__all__` of lora_core."""
    for node in ast.parse((ROOT / "lora_core" / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    raise AssertionError("lora_core has no __all__")


def source_files() -> list[Path]:
    """Every Python file of the layers."""
    return [
        path
        for part in sorted(OWN)
        for path in sorted([*ROOT.glob(f"{part}.py"), *ROOT.glob(f"{part}/**/*.py")])
    ]
