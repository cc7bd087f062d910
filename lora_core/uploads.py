"""Uploads in the background: a click elsewhere, or a closed browser, stops none."""

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from lora_core.archives import Archive
from lora_core.errors import LoraCoreError, NotAllowedError
from lora_core.intake import Incoming, IntakeResult, OnConflict, Outcome
from lora_core.picture_intake import PictureIntake, Taken
from lora_core.picture_names import same
from lora_core.styles import Style, Styles
from lora_core.thumbnail_files import ThumbnailFiles
from lora_core.times import Clock
from lora_core.upload_pieces import Piece, unpacked

_AT_ONCE: Final = 2
_ENDED_KEPT: Final = 20
_log = logging.getLogger(__name__)
Work = Callable[[], None]


class Upload:
    """One upload into one style; what it shows changes while it runs. Safe for many threads."""

    def __init__(
        self, style_folder: str, started_at: datetime, intake: PictureIntake, uploads: "Uploads"
    ) -> None:
        self.id = uuid.uuid4().hex
        self.style_folder = style_folder
        self.started_at = started_at
        self.total = 0
        """Files to take, as far as is known: those of a ZIP count once it is opened. A picture and the caption that
        came with it are one."""
        self.done = 0
        self._intake = intake
        self._uploads = uploads
        self._taken: tuple[Taken, ...] = ()
        self._archives: Sequence[Archive] = ()
        self._jobs = 0
        self._is_stopped = False
        self._lock = threading.Lock()
        """Held for a moment, by whoever changes what is shown."""
        self._working = threading.Lock()
        """Held by whoever takes files: one at a time, as they may lie in one ZIP."""

    @property
    def is_running(self) -> bool:
        """Whether files are being taken or conflicts settled, or are about to be."""
        return self._jobs > 0

    @property
    def results(self) -> tuple[IntakeResult, ...]:
        """Of the files that are done, in order; that of a settled conflict stands in its place."""
        return tuple(one.result for one in self._taken)

    @property
    def conflicts(self) -> tuple[IntakeResult, ...]:
        """Those for which somebody must say what is to be done."""
        return tuple(one.result for one in self._taken if one.piece is not None)

    def settle(self, decisions: Mapping[str, OnConflict]) -> None:
        """Says what is to be done with conflicts, by the results' file names; it is done in the background, too.

        Raises NotAllowedError once the lab is closed.
        """
        decided = {name: how for name, how in decisions.items() if how is not OnConflict.ASK}
        if decided:
            self.work(lambda: self._settle(decided))

    def stop(self) -> None:
        """Takes no more files; those that were taken stay."""
        self._is_stopped = True

    def dismiss(self) -> None:
        """Takes an upload that has ended from the list; conflicts that are still open are skipped."""
        if not self.is_running:
            self._uploads.forget(self)
            self._close()

    def work(self, work: Work, *, is_here: bool = False) -> None:
        """Does a part of it in the background, or here. For `Uploads`."""
        with self._lock:
            self._jobs += 1
        if is_here:
            self._work(work)
            return
        try:
            self._uploads.submit(lambda: self._work(work))
        except BaseException:
            self._end_job()
            raise

    def take(self, incoming: Sequence[Incoming], on_conflict: OnConflict) -> None:
        """Takes all files. For `Uploads`."""
        opened = unpacked(incoming)
        self._archives = opened.archives
        self._taken = tuple(Taken(one) for one in opened.refused)
        self.done = len(opened.refused)
        self.total = self.done + len(opened.pieces)
        pieces = deque(opened.pieces)
        while pieces and not self._is_stopped:
            took = self._took(pieces.popleft(), on_conflict)
            with self._lock:
                self._taken = (*self._taken, *took)
                self.done += 1

    def _settle(self, decisions: Mapping[str, OnConflict]) -> None:
        replaced: set[tuple[str, bool]] = set()
        for one in self._taken:
            how = decisions.get(one.result.filename)
            if one.piece is None or how is None or self._is_stopped:
                continue
            aim = (same(one.result.stored_as or ""), one.piece.is_caption)
            if how is OnConflict.REPLACE and aim in replaced:
                continue  # two cannot take one place: somebody must say again which one is meant
            took = self._took(one.piece, how, is_settled=True)
            if any(new.result.outcome is Outcome.REPLACED for new in took):
                replaced.add(aim)
            with self._lock:
                self._taken = tuple(new for old in self._taken for new in (took if old is one else (old,)))

    def _took(self, piece: Piece, on_conflict: OnConflict, *, is_settled: bool = False) -> list[Taken]:
        try:
            return self._intake.take(piece, on_conflict, is_settled=is_settled)
        except Exception:  # noqa: BLE001 - logged; one file must not keep the others out
            _log.exception("An uploaded file could not be taken: %r", piece.filename)
            told = "It could not be taken, and the lab's log says more. Leave it out, or upload it again."
            return [Taken(IntakeResult(piece.filename, Outcome.REFUSED, told))]

    def _work(self, work: Work) -> None:
        try:
            with self._working, self._swept():
                work()
        finally:
            self._end_job()

    @contextmanager
    def _swept(self) -> Iterator[None]:
        """What a killed upload left is cleared before, what this one has made superfluous after."""
        try:
            self._intake.sweep()
        except LoraCoreError as error:  # each file will tell of it
            _log.warning("What an earlier upload left could not be cleared: %s", error)
        yield
        self._intake.sweep_thumbnails()

    def _end_job(self) -> None:
        with self._lock:
            self._jobs -= 1
            is_over = self._jobs == 0
        if is_over and not self.conflicts:
            self._close()

    def _close(self) -> None:
        for archive in self._archives:
            archive.close()


class Uploads:
    """All uploads of a lab, and the threads that take their files."""

    def __init__(self, styles: Styles, thumbnails: ThumbnailFiles, clock: Clock) -> None:
        self._styles = styles
        self._thumbnails = thumbnails
        self._clock = clock
        self._all: list[Upload] = []
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload")

    def of(self, style: Style) -> list[Upload]:
        """Those of a style that run, or ended not long ago and were not dismissed; oldest first."""
        with self._lock:
            return [one for one in self._all if one.style_folder == style.folder]

    def begin(self, style: Style, incoming: Sequence[Incoming], on_conflict: OnConflict) -> Upload:
        """Starts one in the background. Raises NotAllowedError once the lab is closed."""
        upload = self._new(style)
        upload.total = len(incoming)
        upload.work(lambda: upload.take(incoming, on_conflict))
        with self._lock:
            ended = [one for one in self._all if not one.is_running and not one.conflicts]
            for old in ended[: max(0, len(ended) - _ENDED_KEPT)]:
                self._all.remove(old)
            self._all.append(upload)
        return upload

    def take(self, style: Style, incoming: Sequence[Incoming], on_conflict: OnConflict) -> list[IntakeResult]:
        """Does one here and now."""
        upload = self._new(style)
        upload.work(lambda: upload.take(incoming, on_conflict), is_here=True)
        upload.dismiss()
        return list(upload.results)

    def submit(self, work: Work) -> None:
        """For an `Upload`."""
        try:
            self._workers.submit(work)
        except RuntimeError as error:
            raise NotAllowedError("The lab was closed; open it again, then upload.") from error

    def forget(self, upload: Upload) -> None:
        """For an `Upload`."""
        with self._lock:
            self._all = [one for one in self._all if one is not upload]

    def close(self) -> None:
        """Waits for the files that are just being taken; the others are not."""
        with self._lock:
            running = list(self._all)
        for upload in running:
            upload.stop()
        self._workers.shutdown(wait=True)

    def _new(self, style: Style) -> Upload:
        intake = PictureIntake(self._styles, self._thumbnails, style)
        return Upload(style.folder, self._clock(), intake, self)
