"""Two versions of a style, and only what differs between them.

    python examples/compare_versions.py [style] [version] [version]

Without arguments the two newest of the first style. Asks no endpoint and changes nothing.
"""
# ruff: noqa: T201

import sys

from lora_core import TrainingLab, Version, compare


def chosen(lab: TrainingLab, style_id: str | None, names: list[str]) -> list[Version]:
    """The versions named, or the two newest."""
    styles = lab.styles()
    if not styles:
        return []
    folder = lab.style(style_id).folder if style_id else styles[0].folder
    return [lab.version(folder, name) for name in names] or lab.versions(folder)[:2]


def column(version: Version) -> dict[str, object]:
    """What a version was trained with, and what became of it."""
    return {
        **version.parameters.as_dict(),
        "pictures": version.image_count,
        "status": version.status_text,
        "good": version.is_good,
    }


def main(style_id: str | None, names: list[str]) -> None:
    """Prints a line for each difference."""
    with TrainingLab.open() as lab:
        versions = chosen(lab, style_id, names)
    if len(versions) < 2:
        print("There are no two versions to compare yet; start two trainings first.")
        return
    print("field:", " | ".join(version.name for version in versions))
    for difference in compare([column(version) for version in versions]):
        values = ("not recorded" if value is None else str(value) for value in difference.values)
        print(f"{difference.field}:", " | ".join(values))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None, sys.argv[2:])
