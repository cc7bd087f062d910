"""Where finished models lie: a folder here, a bucket in `s3_models`, one protocol for both."""

import errno
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from lora_core.errors import StoreUnavailableError
from lora_core.evidence import Absent, ModelEvidence, NotAsked, Present

SUFFIX = ".safetensors"
_CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clock that dates model files may be behind ours."""


@dataclass(frozen=True)
class ModelFile:
    """One model file as it lies in its place."""

    name: str
    """The model's name, without `.safetensors`."""
    url: str
    size_bytes: int
    modified_at: datetime
    etag: str
    path: Path | None = None
    """Where it can be read directly; None in a bucket."""


class ModelFiles(Protocol):
    """A place of model files. Raises StoreUnavailableError when it cannot be read."""

    @property
    def address(self) -> str:
        """Names the place; another folder, bucket or prefix has another one."""

    def find(self, model_name: str) -> ModelFile | None:
        """The file of exactly this name."""

    def files(self) -> Sequence[ModelFile]:
        """All model files there."""


class LocalModelFiles:
    """Model files in a folder; a name has its file directly in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """See ModelFiles."""
        return self.folder.resolve().as_uri()

    def find(self, model_name: str) -> ModelFile | None:
        """See ModelFiles."""
        if "/" in model_name or model_name.startswith("."):
            return None
        return self._model_file(self.folder / f"{model_name}{SUFFIX}")

    def files(self) -> Sequence[ModelFile]:
        """See ModelFiles."""
        try:
            # Not glob: it answers an empty list for a folder that cannot be read.
            paths = sorted(path for path in self.folder.iterdir() if path.name.endswith(SUFFIX))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.folder, error) from error
        return [file for path in paths if not path.name.startswith(".") and (file := self._model_file(path))]

    def _model_file(self, path: Path) -> ModelFile | None:
        try:
            status = path.stat()
        except (FileNotFoundError, ValueError):  # ValueError: a NUL or half a character in the name
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # 80 characters of a name can be 240 bytes
                return None
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            return None
        return ModelFile(
            name=path.name.removesuffix(SUFFIX),
            url=path.resolve().as_uri(),
            size_bytes=status.st_size,
            modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
            etag=f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}",
            path=path,
        )


def model_evidence(
    place: ModelFiles | None, model_name: str | None, *, submitted_at: datetime | None, before: str | None
) -> ModelEvidence:
    """Whether the model of one training is there.

    Only a file of its exact name counts, written after the training was sent (5 minutes of clock difference
    allowed) and not the one that lay there before. A place that cannot be read says nothing.
    """
    if place is None or model_name is None or submitted_at is None:
        return NotAsked()
    try:
        file = place.find(model_name)
    except StoreUnavailableError:
        return NotAsked()
    if file is None or file.etag == before or file.modified_at < submitted_at - _CLOCK_MARGIN:
        return Absent()
    return Present(file.url, file.size_bytes, file.modified_at)


def _unreadable(path: Path, error: OSError) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"{path} could not be read: {error.strerror or error}. Check the folder of models."
    )
