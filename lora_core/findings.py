"""What is wrong, or probably not meant, in a configuration, before it costs GPU time.

First each field by itself, then the rules that look at several. A rule runs when the fields it needs hold
usable values, so a half-filled form still gets every finding that can be had.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lora_core.field_checks import unusable
from lora_core.finding import DATASET_FIELD, Finding, Severity, TrainingFacts
from lora_core.finding_rules import RULES
from lora_core.parameters import PARAMETER_NAMES, TrainingParameters

__all__ = ["DATASET_FIELD", "Finding", "Severity", "TrainingFacts", "blocking", "findings"]

_NOTHING_KNOWN: Final = TrainingFacts()


def findings(
    parameters: TrainingParameters | Mapping[str, object], facts: TrainingFacts = _NOTHING_KNOWN
) -> tuple[Finding, ...]:
    """Everything there is to say, blocks first. Never raises, whatever a mapping holds."""
    given = parameters.model_dump() if isinstance(parameters, TrainingParameters) else parameters
    alone = [finding for name in PARAMETER_NAMES for finding in unusable(name, given.get(name))]
    bad = {finding.field for finding in alone}
    # Bad fields take a default here. No rule sees it: rules that need such a field are skipped.
    usable: dict[str, Any] = {
        name: given[name] for name in PARAMETER_NAMES if name in given and name not in bad
    }
    candidate = TrainingParameters.model_construct(**usable)
    together = [
        finding
        for registered in RULES
        if bad.isdisjoint(registered.needs)
        for finding in registered.check(candidate, facts)
    ]
    return tuple(sorted((*alone, *together), key=lambda finding: finding.severity is not Severity.BLOCK))


def blocking(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that forbid a start."""
    return tuple(finding for finding in found if finding.severity is Severity.BLOCK)
