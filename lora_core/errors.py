"""What can go wrong, one class per reaction.

    LoraCoreError
    |- ConfigurationError            a setting is missing or contradicts another; nothing was tried
    |- NotFoundError                 no such style, version, selection set or draft
    |- NameTakenError                the name belongs to another version, live, in the trash, or to a model file
    |- InvalidNameError              the text cannot be a name
    |- NotAllowedError               the version's state does not allow this verb (e.g. starting what runs)
    |- TrainingBlockedError          the configuration has findings that forbid a start
    |  `- IncompleteDatasetError     pictures or captions of the set are not there; it names all of them
    |- StoreError
    |  |- StoreConflictError         somebody else wrote the document since we read it; read again, decide again
    |  |- StoreUnavailableError      the disk or bucket did not take or give the document; says what was changed
    |  |- UnreadableDocumentError    style.json or the selection sets are no such file; it is kept
    |  `- DamagedDocumentError       the document is no history, or hides something; the original is kept
    `- RunpodError
       `- RunpodUnreachableError     nothing reached RunPod; safe to try again

A submission of unknown outcome is no error, either: it is a state of its version, for it must be kept.

Every message is a sentence for the user and says what to do next. A training that failed is no error of
the lab: it is a status of its version.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lora_core.findings import Finding


class LoraCoreError(Exception):
    """Base of everything the lab raises on purpose; its text may be shown to the user."""


class ConfigurationError(LoraCoreError):
    """A setting is missing or contradicts another."""


class NotFoundError(LoraCoreError):
    """There is no such style, version or selection set."""


class NameTakenError(LoraCoreError):
    """Another version of the style, or a model file, has this name already."""


class InvalidNameError(LoraCoreError):
    """The text cannot be a version's name."""


class NotAllowedError(LoraCoreError):
    """The version's state does not allow what was asked."""


class TrainingBlockedError(LoraCoreError):
    """The configuration cannot be started; `findings` say why, each naming its field."""

    def __init__(self, findings: "tuple[Finding, ...]") -> None:
        self.findings = findings
        super().__init__(" ".join(finding.sentence for finding in findings))


class IncompleteDatasetError(TrainingBlockedError):
    """Pictures or captions of the selection set are not there; add them, or start with a set without them."""

    def __init__(
        self, findings: "tuple[Finding, ...]", missing: tuple[str, ...], uncaptioned: tuple[str, ...]
    ) -> None:
        self.missing = missing
        """Pictures that are not there, all of them."""
        self.uncaptioned = uncaptioned
        """Pictures that are there, but whose caption is not, or is empty."""
        super().__init__(findings)


class StoreError(LoraCoreError):
    """A document could not be read or written."""


class StoreConflictError(StoreError):
    """The document is not the one that was read; nothing was written."""


class StoreUnavailableError(StoreError):
    """The disk or bucket refused. Nothing was changed, unless the text says so; see `disk_faults`."""


class UnreadableDocumentError(StoreError):
    """A style's own file or its selection sets are not what they should be; they are kept as they are."""

    def __init__(self, document: str, why: str, remedy: str) -> None:
        self.document = document
        self.why = why
        super().__init__(
            f"{document} cannot be read ({why}). It was left as it is. {remedy}; then try again."
        )


class DamagedDocumentError(StoreError):
    """The document is no valid history. It is kept as it is; `document` is its name in the store."""

    def __init__(self, document: str, why: str) -> None:
        self.document = document
        self.why = why
        super().__init__(
            f"{document} cannot be read ({why}). It was left as it is; look at the proposed repair before "
            "anything is written."
        )


class RunpodError(LoraCoreError):
    """RunPod could not be asked, or said no."""


class RunpodUnreachableError(RunpodError):
    """Nothing reached RunPod; it is safe to try again."""
