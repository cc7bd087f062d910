"""The docs name what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {
    path.relative_to(ROOT): path.read_text() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
}


@pytest.mark.parametrize("page", sorted(path.stem for path in ROOT.glob("pages/*.py")))
def test_every_page_stands_in_the_readme(page: str) -> None:
    assert (
        f"**{page.title()}**" in TEXTS[Path("README.md")]
        or f"{page.title()} screen" in TEXTS[Path("README.md")]
    )


@pytest.mark.parametrize("text", sorted(TEXTS, key=str), ids=str)
def test_every_link_to_a_file_leads_somewhere(text: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXTS[text])
    missing = [link for link in links if not (ROOT / text.parent / link).exists()]
    assert not missing


def test_every_module_of_the_core_stands_in_the_architecture() -> None:
    told = TEXTS[Path("docs/architecture.md")]
    modules = {path.stem for path in ROOT.glob("lora_core/*.py")} - {"__init__"}
    inner = {"finding", "finding_rules", "field_checks", "sample_drawing"}  # parts of a module that is named
    missing = {name for name in modules - inner if not re.search(rf"`[^`]*\b{name}\b[^`]*`", told)}
    assert not missing


def test_every_make_target_is_told() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    told = TEXTS[Path("README.md")] + TEXTS[Path("CONTRIBUTING.md")]
    assert [name for name in targets[1].split() if f"make {name}" not in told] == []
