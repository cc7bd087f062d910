"""The lab: everything that can be done with styles and their versions, for pages, scripts and notebooks."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lora_core.bucket_pictures import BucketPictures
from lora_core.bulk_moves import BulkMove, BulkMoves
from lora_core.caption_changes import CaptionChanges
from lora_core.caption_edits import CaptionEdit, CaptionPlan
from lora_core.checkpoints import Checkpoint
from lora_core.datasets import Dataset
from lora_core.deliveries import Deliveries
from lora_core.endings import Endings
from lora_core.endpoints import Endpoints
from lora_core.errors import StoreError
from lora_core.file_hashes import FileHashes
from lora_core.forecast import FinishedJobs, Review, Values, remaining, spent_usd
from lora_core.frozen_datasets import FrozenDataset, FrozenDatasets
from lora_core.histories import Damage, Histories
from lora_core.import_report import ImportReport
from lora_core.imports import Imports
from lora_core.intake import Incoming, IntakeResult, OnConflict
from lora_core.model_adoption import ModelSyncPlan, applied, planned
from lora_core.model_files import ModelFile
from lora_core.model_places import ModelPlaces
from lora_core.monitor import Monitor
from lora_core.naming import suggested_name
from lora_core.outbox import Outbox
from lora_core.parameters import TrainingParameters
from lora_core.payload import caption_name
from lora_core.picture_sizes import PictureSizes
from lora_core.pictures import Picture, Pictures
from lora_core.reconciliation import Reconciliation, StatusCheck, Tracked
from lora_core.records import Records
from lora_core.repair import Repaired, RepairPlan, Repairs
from lora_core.runpod import Transport
from lora_core.sample_style import (
    SAMPLE_SETS,
    SAMPLE_STYLE_NAME,
    draw_sample_pictures,
)
from lora_core.selection_sets import SelectionSets
from lora_core.sets_document import SelectionSet
from lora_core.settings import Settings, read_settings
from lora_core.sightings import LossCurve, Sighting, Sightings
from lora_core.starts import Starts, wait_for
from lora_core.stops import Stops
from lora_core.stores import LocalStore
from lora_core.styles import Style, StyleId, Styles
from lora_core.submissions import Submissions
from lora_core.thumbnail_files import GRID_EDGE, ThumbnailFiles, is_plain
from lora_core.thumbnails import Thumbnail, thumbnails
from lora_core.times import Clock, utc_now
from lora_core.training_data import bucket_url
from lora_core.uploads import Upload, Uploads
from lora_core.versions import Version
from lora_core.webhooks import webhook_url


class TrainingLab:
    """Styles, their versions, and the trainings behind them.

    A style is named by its id or its folder; a version by its name, its key, its request id or its job's id
    (with or without its suffix). Everything raises subclasses of LoraCoreError, whose texts are sentences
    for the user: NotFoundError for what is not there, StoreError for a disk that does not take or give.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        transport: Transport | None = None,
        places: ModelPlaces | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._places = places or ModelPlaces(settings)
        self._histories = Histories(LocalStore(settings.root), wait=wait)
        self._styles = Styles(self._histories.store, self._histories)
        self._sets = SelectionSets(self._histories, wait=wait)
        self._caption_changes = CaptionChanges(self._styles)
        self._imports = Imports(self._styles, self._histories, self._sets, wait=wait)
        self._hashes = FileHashes(settings.lora_lab_state_dir / "file_hashes")
        self._frozen = FrozenDatasets(self._styles, self._sets, self._hashes)
        self._pictures = Pictures(self._styles, PictureSizes(settings.lora_lab_state_dir / "picture_sizes"))
        self._thumbnails = ThumbnailFiles(settings.lora_lab_state_dir / "thumbnails")
        self._bucket_pictures = BucketPictures(settings)
        self._uploads = Uploads(self._styles, self._thumbnails, clock)
        self._records = Records(self._histories, model_labels=self._places.labels, clock=clock)
        self._bulk = BulkMoves(self._histories)
        self._repairs = Repairs(self._histories)
        self._endings = Endings(self._histories)
        self._endpoints = Endpoints(settings, transport=transport)
        self._sightings = Sightings(settings.lora_lab_state_dir / "curves")
        self._submissions = Submissions(
            self._records,
            self._styles,
            self._endpoints,
            self._places,
            Outbox(settings.lora_lab_state_dir / "outbox"),
            clock=clock,
            wait=wait,
            webhook_url=lambda request_id: webhook_url(settings, request_id),
            hashes=self._hashes,
        )
        self._reconciliation = Reconciliation(
            self._records, self._endpoints, self._places, self._sightings, clock=clock
        )
        finished = FinishedJobs(self._histories, self._records)
        self._starts = Starts(
            self._styles,
            self._sets,
            self._records,
            self._submissions,
            self._endpoints,
            finished,
            self._bucket_pictures.of,
        )
        self._stops = Stops(self._records, self._styles, self._reconciliation, self._endpoints, clock=clock)
        self._deliveries = Deliveries(
            self._styles, self._records, self._reconciliation, self._endpoints, self._stops
        )
        self.monitor = Monitor(
            self._styles, self._histories, self._records, self._reconciliation, self._submissions, clock=clock
        )

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """The lab as configured by the environment and `.env`, or by `settings`. Starts no thread."""
        return cls(settings or read_settings())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops the monitor and waits for what is being sent. Trainings go on; an upload ends with its present file."""
        self.monitor.stop()
        self._uploads.close()
        self._submissions.close()
        self._endpoints.close()

    # Styles

    def styles(self) -> list[Style]:
        """All styles, by number."""
        return self._styles.all()

    def style(self, style_id: StyleId) -> Style:
        """One of them."""
        return self._styles.find(style_id)

    def create_style(
        self, name: str, style_id: StyleId | None = None, trigger_token: str | None = None
    ) -> Style:
        """A new, empty style; the id is the next free number unless given. Raises InvalidNameError."""
        return self._styles.create(name, style_id=style_id, trigger_token=trigger_token)

    def rename_style(self, style_id: StyleId, name: str) -> Style:
        """Another name for a style; its folder stays. Raises InvalidNameError."""
        return self._styles.rename(self._styles.named(style_id), name)

    def change_trigger_token(self, style_id: StyleId, token: str) -> Style:
        """Another trigger token, for what is trained from now on; captions stay. Raises InvalidNameError."""
        return self._styles.change_trigger_token(self._styles.named(style_id), token)

    def import_folder(self, path: str | Path, *, dry_run: bool = False) -> ImportReport:
        """Brings in the styles of a folder of the old system or of another lab, or of a ZIP of it.

        What is here stays as it is; repeating it changes nothing. With `dry_run` it only says what would come.
        Raises NotFoundError, NotAllowedError.
        """
        return self._imports.run(Path(path), is_dry_run=dry_run)

    def create_sample_style(self) -> Style:
        """A style of twelve drawn pictures with captions and two selection sets, to try the lab with."""
        style = self._styles.create(SAMPLE_STYLE_NAME)
        draw_sample_pictures(self.settings.root / style.folder)
        sets = [SelectionSet(set_id, names) for set_id, names in SAMPLE_SETS.items()]
        self._sets.save_first(style, sets)
        return style

    def selection_sets(self, style_id: StyleId) -> list[SelectionSet]:
        """The style's selection sets by number; none while their file cannot be read: see `sets_problem`."""
        return self._sets.all(self.style(style_id))

    def sets_problem(self, style_id: StyleId) -> str | None:
        """A sentence when the style's selection sets cannot be read."""
        return self._sets.problem(self.style(style_id))

    def save_selection_set(
        self, style_id: StyleId, filenames: Iterable[str], *, name: str = "", note: str = ""
    ) -> SelectionSet:
        """A new set of pictures with the next number, which no version was trained with. Raises InvalidNameError."""
        return self._sets.save(self._styles.named(style_id), filenames, name=name, note=note)

    def update_selection_set(
        self,
        style_id: StyleId,
        set_id: int,
        *,
        filenames: Iterable[str] | None = None,
        name: str | None = None,
        note: str | None = None,
    ) -> SelectionSet:
        """Other pictures, another name or note for a set; an empty text takes it away."""
        style = self._styles.named(style_id)
        return self._sets.update(style, set_id, filenames=filenames, name=name, note=note)

    def delete_selection_set(self, style_id: StyleId, set_id: int) -> SelectionSet:
        """Takes a set out; answers it, so that it can be restored. Versions keep the list that they froze."""
        return self._sets.delete(self._styles.named(style_id), set_id)

    def restore_selection_set(self, style_id: StyleId, selection_set: SelectionSet) -> SelectionSet:
        """Puts a deleted set back. Raises NameTakenError when another one has its number by now."""
        return self._sets.restore(self._styles.named(style_id), selection_set)

    def images(self, style_id: StyleId) -> list[Picture]:
        """The style's pictures in natural order, with size, caption and what is wrong with it."""
        return self._pictures.all(self.style(style_id))

    def add_images(
        self, style_id: StyleId, incoming: Sequence[Incoming], *, on_conflict: OnConflict = OnConflict.ASK
    ) -> list[IntakeResult]:
        """Takes pictures, captions, and ZIPs of both into a style, and says of each file what became of it.

        `incoming_from` makes the list for a folder. Raises NotAllowedError.
        """
        return self._uploads.take(self._styles.named(style_id), incoming, OnConflict(on_conflict))

    def begin_upload(
        self, style_id: StyleId, incoming: Sequence[Incoming], *, on_conflict: OnConflict = OnConflict.ASK
    ) -> Upload:
        """The same in the background; answers at once with what shows its progress. Raises NotAllowedError."""
        return self._uploads.begin(self._styles.named(style_id), incoming, OnConflict(on_conflict))

    def uploads(self, style_id: StyleId) -> list[Upload]:
        """A style's uploads that run, or ended not long ago and were not dismissed; those of this process."""
        return self._uploads.of(self.style(style_id))

    def bucket_pictures(self, style_id: StyleId) -> frozenset[str] | None:
        """Names of the files that lie in the bucket for a style, as of the last minute.

        None without a bucket, or while it cannot be read.
        """
        return self._bucket_pictures.of(self.style(style_id))

    def thumbnail(self, style_id: StyleId, filename: str, *, edge: int = GRID_EDGE) -> bytes | None:
        """A small JPEG of a whole picture, no larger than `edge` pixels either way; None where none can be made."""
        if not is_plain(filename):
            return None
        return self._thumbnails.of(self.settings.root / self.style(style_id).folder / filename, edge)

    def thumbnails(self, style: Style, filenames: Sequence[str], *, limit: int) -> list[Thumbnail]:
        """Small pictures of the first `limit`, and a tile for the rest; nothing where none is at hand."""
        return thumbnails(self.settings.root / style.folder, filenames, limit=limit)

    def dataset(self, style_id: StyleId, selection_set_id: int | None) -> Dataset | None:
        """The pictures of a selection set as they are now: which are missing, which have no caption."""
        return self._starts.dataset(self.style(style_id), selection_set_id)

    def dataset_of(self, style_id: StyleId, version: Version | str) -> FrozenDataset | None:
        """What a version was trained on, and for each picture whether it still is as it was then."""
        style = self.style(style_id)
        one = self._records.find(style, version) if isinstance(version, str) else version
        return self._frozen.of(style, one)

    def caption(self, style_id: StyleId, filename: str, text: str) -> CaptionPlan:
        """Writes a picture's caption, as one line; answers the plan that undoes it. Raises NotFoundError."""
        return self._caption_changes.write(self._styles.named(style_id), filename, text)

    def plan_caption_edit(
        self, style_id: StyleId, filenames: Iterable[str], edit: CaptionEdit
    ) -> CaptionPlan:
        """What an edit would make of the captions of these pictures; does nothing yet."""
        return self._caption_changes.plan(self._styles.named(style_id), filenames, edit)

    def apply_captions(self, plan: CaptionPlan) -> CaptionPlan:
        """Carries a plan out where the captions are still as planned; answers the plan that undoes it."""
        return self._caption_changes.apply(plan)

    def bucket_urls(self, style_id: StyleId, selection_set_id: int) -> list[str]:
        """Where the pictures and captions of a set must lie in the bucket before RunPod can train on them."""
        style = self.style(style_id)
        names = self._sets.find(style, selection_set_id).filenames
        return [
            bucket_url(self.settings, style.id, one) for name in names for one in (name, caption_name(name))
        ]

    # Versions

    def versions(self, style_id: StyleId) -> list[Version]:
        """The style's versions, newest first."""
        return self._records.live(self.style(style_id))

    def version(self, style_id: StyleId, reference: str) -> Version:
        """One of them, from the trash if need be."""
        return self._records.find(self.style(style_id), reference)

    def has_version(self, style_id: StyleId, key: str) -> bool:
        """Whether a version with this key was made already, be it in the trash by now."""
        folder = self.style(style_id).folder
        documents = (self._histories.live(folder), self._histories.trash(folder))
        return any(document.record(key) is not None for document in documents)

    def etag(self, style: StyleId | Style) -> str:
        """Changes whenever a record of the style does; reads no record."""
        folder = style.folder if isinstance(style, Style) else self.style(style).folder
        return "/".join(str(part) for part in self._histories.etag(folder))

    def next_name(self, style_id: StyleId, based_on: str | None = None) -> str:
        """The name a new version gets: the next V-number, or the next of the series it is based on."""
        style = self.style(style_id)
        base = self._records.find(style, based_on).name if based_on else None
        return suggested_name(self._records.taken_names(style), base)

    def review(self, style_id: StyleId, parameters: Values, selection_set_id: int | None) -> Review:
        """What can be said of a configuration before it starts: findings, derived numbers, time and cost."""
        style = self.style(style_id)
        return self._starts.review(style, parameters, self._starts.dataset(style, selection_set_id))

    def save_draft(
        self,
        style_id: StyleId,
        *,
        parameters: Values,
        selection_set_id: int | None = None,
        description: str = "",
        name: str | None = None,
        based_on: str | None = None,
        key: str | None = None,
    ) -> Version:
        """Keeps a configuration without starting it, findings or not.

        `key` is one uuid per intended version, drawn when its form is; a key that is already there is
        answered with its record. Raises InvalidNameError, NameTakenError.
        """
        style = self.style(style_id)
        return self._starts.save_draft(style, parameters, selection_set_id, description, name, based_on, key)

    def revise_draft(
        self,
        style_id: StyleId,
        reference: str,
        *,
        parameters: Values,
        selection_set_id: int | None = None,
        description: str = "",
    ) -> Version:
        """Replaces what a draft holds. Raises NotAllowedError for anything but a draft."""
        style = self.style(style_id)
        return self._starts.revise_draft(style, reference, parameters, selection_set_id, description)

    def start(
        self,
        style_id: StyleId,
        *,
        parameters: TrainingParameters,
        selection_set_id: int | None = None,
        description: str = "",
        name: str | None = None,
        based_on: str | None = None,
        key: str | None = None,
        wait_s: float | None = None,
    ) -> Version:
        """Makes a new version and sends it to the endpoint, once.

        Answers when the endpoint has answered, or after `wait_s` seconds with what is known by then; the
        sending goes on in the background. `key` as in `save_draft`. Raises IncompleteDatasetError (it names
        the files that are missing), TrainingBlockedError, ConfigurationError, NotAllowedError,
        InvalidNameError, NameTakenError; then nothing was made.
        """
        style = self.style(style_id)
        version, sending = self._starts.start(
            style, parameters, selection_set_id, description, name, based_on, key
        )
        wait_for(sending, wait_s)
        self.monitor.nudge()
        return self._records.find(style, version.key)

    def start_draft(
        self,
        style_id: StyleId,
        reference: str,
        *,
        revision: Mapping[str, Any] | None = None,
        wait_s: float | None = None,
    ) -> Version:
        """Sends a draft, as saved or with a last `revision` (parameters, selection_set_id, description).

        Of two that start one draft the second is answered with what the first started. Raises as `start`.
        """
        style = self.style(style_id)
        version, sending = self._starts.start_draft(style, reference, revision)
        wait_for(sending, wait_s)
        self.monitor.nudge()
        return self._records.find(style, version.key)

    def rename(self, style_id: StyleId, reference: str, name: str) -> Version:
        """Another name for a version; its model file keeps its own."""
        style = self.style(style_id)
        return self._records.rename(style, self._records.find(style, reference).key, name)

    def describe(self, style_id: StyleId, reference: str, text: str) -> Version:
        """Replaces the version's note; an empty text takes it away."""
        return self._patched(style_id, reference, {"description": text.strip() or None})

    def mark_good(self, style_id: StyleId, reference: str, is_good: bool) -> Version:
        """Marks a version as one that worked, or takes the mark away."""
        return self._patched(style_id, reference, {"isGood": is_good})

    def delete(self, style_id: StyleId, reference: str) -> Version:
        """Moves a version to the trash; what is not final is cancelled first and followed there to its end."""
        style = self.style(style_id)
        self._submissions.deliver()
        version = self._records.find(style, reference)
        if version.is_in_flight() and not version.is_in_trash:
            self._stops.cancel(style, version)
        deleted = self._records.delete(style, version.key)
        if deleted.is_in_flight() and not deleted.is_stopping:  # somebody else has just started it
            self._stops.cancel(style, deleted)
        self.monitor.nudge()
        return self._records.find(style, deleted.key)

    def trash(self, style_id: StyleId) -> list[Version]:
        """Deleted versions, newest first."""
        return self._records.trash(self.style(style_id))

    def restore(self, style_id: StyleId, key: str) -> Version:
        """Brings a version back. Raises NameTakenError when another one has its name by now."""
        style = self.style(style_id)
        restored = self._records.restore(style, self._records.find(style, key).key)
        self.monitor.nudge()
        return restored

    def delete_many(self, style_id: StyleId, keys: Collection[str]) -> BulkMove:
        """Moves versions of a style to the trash, by key, in one write; what still runs is cancelled first.

        Keys that are gone by now are passed over, and those that cannot be moved stay: `problems` says why.
        """
        style = self.style(style_id)
        self._submissions.deliver()
        for version in self._records.in_flight(style):
            if version.key in keys and not version.is_in_trash:
                self._stops.cancel(style, version)
        done = self._bulk.delete(style.folder, keys)
        for version in self._records.in_flight(style):  # somebody else has just started it
            if version.key in done.moved and version.is_in_trash and not version.is_stopping:
                self._stops.cancel(style, version)
        self.monitor.nudge()
        return done

    def restore_many(self, style_id: StyleId, keys: Collection[str]) -> BulkMove:
        """Brings versions back in one write, except those whose name was taken meanwhile: `problems` says so."""
        restored = self._bulk.restore(self.style(style_id).folder, keys)
        self.monitor.nudge()
        return restored

    # Trainings

    def check_status(self, style_id: StyleId, reference: str) -> StatusCheck:
        """Asks the endpoint for one version now; says in a sentence what was found."""
        style = self.style(style_id)
        self._submissions.deliver()
        version = self._records.find(style, reference)
        return self._reconciliation.check([Tracked(style, version)])[0]

    def refresh(self) -> list[StatusCheck]:
        """Asks the endpoints for everything in flight, together."""
        return self.monitor.check_all()

    def cancel(self, style_id: StyleId, reference: str) -> StatusCheck:
        """Asks to stop a training; /cancel is repeated until the endpoint confirms the end."""
        style = self.style(style_id)
        self._submissions.deliver()
        check = self._stops.cancel(style, self._records.find(style, reference))
        self.monitor.nudge()
        return check

    def attach_job(self, style_id: StyleId, reference: str, job_id: str) -> StatusCheck:
        """Gives a version whose submission got no reply the job that RunPod's console shows for it."""
        style = self.style(style_id)
        check = self._stops.attach(style, self._records.find(style, reference), job_id)
        self.monitor.nudge()
        return check

    def give_up(self, style_id: StyleId, reference: str) -> Version:
        """Marks as failed what nobody can know any more. Raises NotAllowedError for what still runs."""
        style = self.style(style_id)
        self._submissions.deliver()
        return self._stops.give_up(style, self._records.find(style, reference))

    def running(self) -> list[Tracked]:
        """What is in flight in all styles, in the trash too, with its records as they are now."""
        found: list[Tracked] = []
        for style in self._styles.all():
            try:
                found += [Tracked(style, one) for one in self._records.in_flight(style)]
            except StoreError:  # its own page tells; what ran there when it could be read last still does
                found += [one for one in self.monitor.in_flight() if one.style.folder == style.folder]
        return found

    def ended_since(self, moment: datetime) -> list[Tracked]:
        """What was completed or failed after `moment`, in all styles, the latest first; nothing from the trash."""
        return self._endings.since(self._styles.all(), moment)

    def sighting(self, version: Version) -> Sighting | None:
        """What was last seen of its job: progress, loss, and what the endpoint said."""
        return self._sightings.get(version)

    def loss_curve(self, version: Version) -> LossCurve:
        """(step, loss) pairs, as far as the trainer told them."""
        return self._sightings.curve(version)

    def final_loss(self, version: Version) -> float | None:
        """Where its smoothed loss curve ends; reads no more of a long curve than its end."""
        return self._sightings.final_loss(version)

    def seconds_left(self, version: Version) -> float | None:
        """Seconds until a running training should end; None when that cannot be said."""
        expected = self._starts.expected(version)
        return remaining(version, self.sighting(version), expected, self._clock())

    def receive_webhook(self, body: bytes, request_id: str | None = None) -> StatusCheck | None:
        """Takes what RunPod posted; None when it speaks of no version of ours. Idempotent.

        The body is unsigned: it brings the id of a job whose submission got no reply, and says "look now".
        Only for a job that RunPod knows no more does its own word count.
        """
        return self._deliveries.receive(body, request_id)

    def spent_usd(self, version: Version) -> float | None:
        """What a finished training's worker time cost, in USD; None without a price or a measured time."""
        return spent_usd(version, self.settings)

    # Models

    def model_file(self, version: Version) -> ModelFile | None:
        """The version's model where it is at hand in the local folder."""
        return self._places.file(version)

    def checkpoints(self, version: Version) -> list[Checkpoint]:
        """What its trainer saved on the way and is at hand in the local folder, by step."""
        return self._places.checkpoints(version)

    def misplaced_model(self, version: Version) -> str | None:
        """A sentence when its trainer put the model elsewhere than where the lab is told to look."""
        return self._places.misplaced(version)

    def plan_model_sync(self, style_id: StyleId) -> ModelSyncPlan:
        """What adopting the model files of a style would do; does nothing yet."""
        style = self.style(style_id)
        files = [
            file for place in (self._places.local, self._places.bucket) if place for file in place.files()
        ]
        return planned(style, files, self._records.live(style), self._records.trash(style))

    def apply(self, plan: ModelSyncPlan) -> list[Version]:
        """Carries a plan out; planning again then gives an empty plan."""
        return applied(plan, self._records)

    # Two records of one training

    def plan_repair(self, style_id: StyleId) -> RepairPlan:
        """Which records of a style are one training or share one id, and what helps; does nothing yet."""
        return self._repairs.plan(self.style(style_id))

    def apply_repair(self, plan: RepairPlan) -> Repaired:
        """Repairs the style as it is now and keeps its files as they were; planning again then finds nothing."""
        return self._repairs.apply(plan)

    # Damaged files

    def damage(self, style_id: StyleId) -> Damage | None:
        """What is wrong with a style's history that cannot be read, and what could be saved of it."""
        return self._histories.damage(self.style(style_id).folder)

    def accept_salvage(self, damage: Damage) -> None:
        """Keeps the damaged file aside and writes what could be saved of it."""
        self._histories.accept(damage)

    def endpoint_sentence(self) -> str:
        """Which endpoint trains, for every page to say."""
        if self.settings.is_embedded:
            return "Trainings run on the local endpoint of this machine: for trying the lab, not for real models."
        if self.settings.missing:
            return f"RunPod is configured by half: {', '.join(self.settings.missing)} missing. Nothing can be started."
        return f"Trainings run on RunPod endpoint {self.settings.runpod_endpoint_id}."

    def _patched(self, style_id: StyleId, reference: str, changes: Mapping[str, Any]) -> Version:
        style = self.style(style_id)
        return self._records.patch(style, self._records.find(style, reference).key, lambda _: changes)
