"""LoRA Lab without its screens: start, follow and remember trainings from a script or a notebook.

lab = TrainingLab.open()
version = lab.start(16, parameters=TrainingParameters(learning_rate=2e-4), selection_set_id=2)
print(lab.check_status(16, version.name).sentence)
"""

from lora_core.bulk_moves import BulkMove
from lora_core.caption_edits import (
    CaptionChange,
    CaptionEdit,
    CaptionPlan,
    FillEmpty,
    RemoveWord,
    Replace,
    TriggerAtEnd,
    TriggerAtFront,
    Write,
)
from lora_core.checkpoints import Checkpoint
from lora_core.comparison import Difference, changed_from, compare, side_by_side
from lora_core.datasets import Dataset
from lora_core.decide import decide
from lora_core.duplicates import LeftAlone, Merging, TellingApart
from lora_core.errors import (
    ConfigurationError,
    DamagedDocumentError,
    IncompleteDatasetError,
    InvalidNameError,
    LoraCoreError,
    NameTakenError,
    NotAllowedError,
    NotFoundError,
    RunpodError,
    RunpodUnreachableError,
    StoreConflictError,
    StoreError,
    StoreUnavailableError,
    TrainingBlockedError,
    UnreadableDocumentError,
)
from lora_core.estimates import Estimate
from lora_core.evidence import Absent, CouldNotAsk, Job, JobNotFound, JobStatus, NoJobId, NotAsked, Present
from lora_core.findings import Finding, Severity, TrainingFacts, blocking, findings
from lora_core.forecast import Review
from lora_core.frozen_datasets import FileState, FrozenDataset, FrozenPicture
from lora_core.histories import Damage
from lora_core.import_report import ImportedKind, ImportReport, StyleImport
from lora_core.intake import Incoming, IntakeResult, OnConflict, Outcome
from lora_core.lab import TrainingLab
from lora_core.model_adoption import ModelSyncPlan
from lora_core.model_files import ModelFile
from lora_core.parameters import (
    GRADIENT_DTYPES,
    OPTIMIZERS,
    PARAMETER_NAMES,
    PRODIGY_LIKE,
    SCHEDULE_FREE,
    SCHEDULERS,
    RecordedParameters,
    TrainingParameters,
    recommended,
)
from lora_core.pictures import CaptionProblem, Picture
from lora_core.progress import Progress
from lora_core.reconciliation import StatusCheck, Tracked
from lora_core.repair import Repaired, RepairPlan
from lora_core.runpod import RunpodClient
from lora_core.schedules import RatePoint, rate_curve
from lora_core.sets_document import SelectionSet
from lora_core.settings import Settings
from lora_core.sightings import Sighting
from lora_core.styles import Style
from lora_core.thumbnails import Thumbnail
from lora_core.upload_pieces import incoming_from
from lora_core.uploads import Upload
from lora_core.verdict import Outlook, Verdict
from lora_core.version_filter import Condition, Query, Searchable, VersionFilter, read_query, searchable
from lora_core.versions import FailureReason, SubmissionState, Version, VersionStatus

__all__ = [
    "GRADIENT_DTYPES",
    "OPTIMIZERS",
    "PARAMETER_NAMES",
    "PRODIGY_LIKE",
    "SCHEDULERS",
    "SCHEDULE_FREE",
    "Absent",
    "BulkMove",
    "CaptionChange",
    "CaptionEdit",
    "CaptionPlan",
    "CaptionProblem",
    "Checkpoint",
    "Condition",
    "ConfigurationError",
    "CouldNotAsk",
    "Damage",
    "DamagedDocumentError",
    "Dataset",
    "Difference",
    "Estimate",
    "FailureReason",
    "FileState",
    "FillEmpty",
    "Finding",
    "FrozenDataset",
    "FrozenPicture",
    "ImportReport",
    "ImportedKind",
    "Incoming",
    "IncompleteDatasetError",
    "IntakeResult",
    "InvalidNameError",
    "Job",
    "JobNotFound",
    "JobStatus",
    "LeftAlone",
    "LoraCoreError",
    "Merging",
    "ModelFile",
    "ModelSyncPlan",
    "NameTakenError",
    "NoJobId",
    "NotAllowedError",
    "NotAsked",
    "NotFoundError",
    "OnConflict",
    "Outcome",
    "Outlook",
    "Picture",
    "Present",
    "Progress",
    "Query",
    "RatePoint",
    "RecordedParameters",
    "RemoveWord",
    "RepairPlan",
    "Repaired",
    "Replace",
    "Review",
    "RunpodClient",
    "RunpodError",
    "RunpodUnreachableError",
    "Searchable",
    "SelectionSet",
    "Settings",
    "Severity",
    "Sighting",
    "StatusCheck",
    "StoreConflictError",
    "StoreError",
    "StoreUnavailableError",
    "Style",
    "StyleImport",
    "SubmissionState",
    "TellingApart",
    "Thumbnail",
    "Tracked",
    "TrainingBlockedError",
    "TrainingFacts",
    "TrainingLab",
    "TrainingParameters",
    "TriggerAtEnd",
    "TriggerAtFront",
    "UnreadableDocumentError",
    "Upload",
    "Verdict",
    "Version",
    "VersionFilter",
    "VersionStatus",
    "Write",
    "blocking",
    "changed_from",
    "compare",
    "decide",
    "findings",
    "incoming_from",
    "rate_curve",
    "read_query",
    "recommended",
    "searchable",
    "side_by_side",
]
