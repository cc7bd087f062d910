"""Starts a training, follows it to its end, and says where its model is.

    python examples/start_and_follow.py [steps]

Trains the sample style on what is configured: RunPod, or without settings the endpoint on this machine.
"""
# ruff: noqa: T201

import sys
import time

from lora_core import Style, TrainingLab, TrainingParameters, Version


def sample_style(lab: TrainingLab) -> Style:
    """The lab's first style; in an empty lab the sample style is drawn."""
    styles = lab.styles()
    return styles[0] if styles else lab.create_sample_style()


def followed(lab: TrainingLab, style: Style, version: Version) -> Version:
    """Prints what is new until the training has ended."""
    said = ""
    while not version.is_final:
        check = lab.check_status(style.folder, version.key)
        version, sighting = check.version, lab.sighting(check.version)
        step = f" (step {sighting.progress.step})" if sighting and sighting.progress else ""
        if check.sentence + step != said:
            said = check.sentence + step
            print(f"{version.name}: {said}")
        if not version.is_final:
            time.sleep(0.5)
    return version


def main(steps: int) -> None:
    """One version of the first style, trained."""
    with TrainingLab.open() as lab:
        print(lab.endpoint_sentence())
        style = sample_style(lab)
        parameters = TrainingParameters(max_train_steps=steps, optimizer_type="adamw", num_repeats=1)
        selection_set = lab.selection_sets(style.folder)[0]
        review = lab.review(style.folder, parameters, selection_set.id)
        for finding in review.findings:
            print(f"{finding.severity.value}: {finding.sentence}")
        version = lab.start(
            style.folder,
            parameters=parameters,
            selection_set_id=selection_set.id,
            description="Started from a script",
        )
        version = followed(lab, style, version)
        print(f"{version.name} is {version.status_text}: {version.lora_url or version.error}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
