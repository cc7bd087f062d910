"""The rules that look at several fields, or at the dataset. A new rule touches nothing else."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from lora_core.finding import DATASET_FIELD, Finding, TrainingFacts, block, warn
from lora_core.parameters import PRODIGY_LIKE, SCHEDULE_FREE, TrainingParameters

MAX_LOOP_STEPS: Final = 10_000
"""Upper bound of one FluxTrainLoop node; the request's graph has one."""

TIGHT_SHARE: Final = 0.7
"""From this share of executionTimeout on, the expected time gets a warning: estimates are rough."""

Check = Callable[[TrainingParameters, TrainingFacts], Iterator[Finding]]


class Rule(NamedTuple):
    """A check, and the fields without which it cannot speak."""

    needs: tuple[str, ...]
    check: Check


RULES: Final[list[Rule]] = []


def rule(*needs: str) -> Callable[[Check], Check]:
    """Registers a check; `needs` are the fields that must hold usable values for it to run."""

    def register(check: Check) -> Check:
        RULES.append(Rule(needs, check))
        return check

    return register


@rule()
def a_dataset_is_chosen(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if not facts.selected:
        yield block(DATASET_FIELD, "No dataset is chosen: choose a selection set.")
    elif facts.image_count is not None and facts.image_count < 1:
        yield block(DATASET_FIELD, "The selection set holds no image: add some, or choose another set.")


@rule()
def every_image_has_a_caption(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if facts.uncaptioned:
        yield block(
            DATASET_FIELD,
            f"Without a caption: {named(facts.uncaptioned)}. A style learns from captions: write one for each, "
            "or leave the pictures out.",
            filenames=facts.uncaptioned,
        )


@rule()
def the_files_are_here(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if not facts.missing:
        return
    what = f"Not in the style's folder: {named(facts.missing)}."
    if facts.is_embedded:
        yield block(
            DATASET_FIELD,
            f"{what} The endpoint on this machine trains on local files: add them, or leave them out.",
            filenames=facts.missing,
        )
    else:
        yield warn(
            DATASET_FIELD,
            f"{what} RunPod reads them from the bucket: make sure that they lie there, with their captions, "
            "which cannot be checked from here.",
        )


@rule()
def names_survive_an_s3_url(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if not facts.unusable_names:
        return
    what = f"# or ? in a name: {named(facts.unusable_names)}."
    if facts.is_embedded:
        yield warn(
            DATASET_FIELD, f"{what} This works here, but RunPod could not fetch them: better rename them."
        )
    else:
        # The container takes s3:// URLs as they are written, and these characters end the key.
        yield block(
            DATASET_FIELD,
            f"{what} The trainer could not fetch such a file: rename it, or leave it out.",
            filenames=facts.unusable_names,
        )


@rule()
def a_style_needs_no_crowd(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if facts.image_count is not None and facts.image_count > 200:
        yield warn(
            DATASET_FIELD,
            f"{facts.image_count} images are many for a style: a smaller, even set often learns better.",
        )


@rule("network_alpha", "network_dim")
def alpha_is_at_most_dim(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    if parameters.network_alpha > parameters.network_dim:
        yield warn(
            "network_alpha",
            "network_alpha above network_dim multiplies the learning rate: use at most network_dim.",
            parameters.network_dim,
        )


@rule("network_dim")
def dim_is_moderate(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    if parameters.network_dim > 128:
        yield warn("network_dim", "Above 128 the file grows and a style gains nothing: try 16 to 64.", 128)


@rule("learning_rate", "optimizer_type")
def the_rate_suits_the_optimizer(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    rate, optimizer = parameters.learning_rate, parameters.optimizer_type
    if optimizer in PRODIGY_LIKE and rate < 0.1:
        yield warn("learning_rate", f"{optimizer} finds the rate itself and wants 1.0 here.", 1.0)
    elif optimizer not in PRODIGY_LIKE and rate > 1e-3:
        yield warn("learning_rate", f"Above 0.001 {optimizer} easily diverges: try 0.0001 to 0.0005.", 1e-4)


@rule("lr_scheduler", "lr_warmup_steps")
def constant_takes_no_warmup(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    # The trainer refuses this only after it has prepared the dataset, on paid GPU time.
    if parameters.lr_scheduler == "constant" and parameters.lr_warmup_steps:
        yield block(
            "lr_scheduler",
            "constant has no warm-up: choose constant_with_warmup, or set lr_warmup_steps to 0.",
            "constant_with_warmup",
        )


@rule("lr_warmup_steps", "max_train_steps")
def warmup_ends_early(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    warmup, steps = parameters.lr_warmup_steps, parameters.max_train_steps
    if warmup >= steps:
        yield block(
            "lr_warmup_steps", "The warm-up must end before the training: use fewer warm-up steps.", 0
        )
    elif warmup > 0.3 * steps:
        yield warn(
            "lr_warmup_steps",
            "Over 30 % of the steps are warm-up: little is left at the full rate. 5 to 10 % is usual.",
            steps // 10,
        )


@rule("lr_scheduler", "optimizer_type")
def schedule_free_takes_no_schedule(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    optimizer = parameters.optimizer_type
    if optimizer in SCHEDULE_FREE and parameters.lr_scheduler != "constant":
        yield warn(
            "lr_scheduler",
            f"{optimizer} needs no schedule: choose constant with 0 warm-up steps.",
            "constant",
        )


@rule("batch_size", "num_repeats")
def an_epoch_fills_a_batch(parameters: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    views = (facts.image_count or 0) * parameters.num_repeats
    if 0 < views < parameters.batch_size:
        yield warn(
            "batch_size",
            f"An epoch has only {views} image views, less than a batch: use smaller batches or more repeats.",
            views,
        )


_ENDPOINT_HERE: Final = {"network_dim": 1024, "learning_rate": 1000, "batch_size": 256, "num_repeats": 10_000}
_CONTAINER: Final = {"learning_rate": 10}


@rule(*_ENDPOINT_HERE)
def the_endpoint_takes_the_numbers(parameters: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    # ComfyUI refuses a node's input above its maximum, the endpoint on this machine a request: both only
    # after the job has started.
    who = "The endpoint on this machine" if facts.is_embedded else "This container"
    for field, most in (_ENDPOINT_HERE if facts.is_embedded else _CONTAINER).items():
        if getattr(parameters, field) > most:
            yield block(field, f"{who} takes {field} up to {most}: use a smaller number.", most)


@rule("max_train_steps")
def the_loop_takes_ten_thousand_steps(
    parameters: TrainingParameters, facts: TrainingFacts
) -> Iterator[Finding]:
    if parameters.max_train_steps > MAX_LOOP_STEPS and not facts.is_embedded:
        yield block(
            "max_train_steps",
            f"This container trains at most {MAX_LOOP_STEPS} steps at once: use {MAX_LOOP_STEPS} or fewer.",
            MAX_LOOP_STEPS,
        )


@rule("max_train_steps")
def the_job_ends_in_time(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    expected, limit = facts.expected_s, facts.execution_timeout_s
    if expected is None or limit is None:
        return
    what = f"Expected time {expected / 3600:.1f} h, time limit {limit / 3600:.1f} h."
    remedy = "train fewer steps, or raise RUNPOD_EXECUTION_TIMEOUT_HOURS."
    if expected > limit:
        yield block("max_train_steps", f"{what} RunPod would stop the job before its end: {remedy}")
    elif expected > TIGHT_SHARE * limit:
        yield warn("max_train_steps", f"{what} That is tight, as the estimate is rough: {remedy}")


@rule("save_every_n_steps", "max_train_steps")
def checkpoints_come_before_the_end(parameters: TrainingParameters, _: TrainingFacts) -> Iterator[Finding]:
    if parameters.save_every_n_steps > parameters.max_train_steps:
        yield warn(
            "save_every_n_steps",
            "Above max_train_steps only the final file will be kept: use a smaller number for checkpoints.",
        )


@rule("save_every_n_steps")
def this_container_keeps_no_checkpoints(_: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    if not facts.is_embedded:
        yield warn(
            "save_every_n_steps",
            "This container ignores save_every_n_steps and keeps the final file only; the number is recorded "
            "for trainers that use it.",
        )


@rule("class_tokens")
def captions_get_a_trigger(parameters: TrainingParameters, facts: TrainingFacts) -> Iterator[Finding]:
    tokens, first = parameters.class_tokens, facts.captions_with_trigger_first
    if tokens is not None and not tokens.strip():
        if first == 0 or first < (facts.image_count or 0):
            yield warn(
                "class_tokens",
                "No class_tokens: nothing calls the style unless every caption names its trigger token. "
                "Enter `style` and the trigger token.",
                f"style {facts.trigger_token}" if facts.trigger_token else None,
            )
    elif first > 0 and _holds_trigger(tokens, facts.trigger_token):
        yield warn(
            "class_tokens",
            f"{first} captions already begin with the trigger token, and class_tokens put it there again: "
            "remove it from the captions, or empty class_tokens.",
        )


def _holds_trigger(tokens: str | None, trigger_token: str | None) -> bool:
    # None means the style's own tokens, which hold the trigger.
    return tokens is None or not trigger_token or trigger_token.casefold() in tokens.casefold()


def named(names: tuple[str, ...]) -> str:
    """The first three names and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
