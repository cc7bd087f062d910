"""What becomes of a webhook: the version that it speaks of is found, given its job, and looked at."""

from contextlib import suppress

from lora_core.endpoints import Endpoints
from lora_core.errors import StoreError
from lora_core.evidence import CouldNotAsk, Job, JobNotFound
from lora_core.reconciliation import Reconciliation, StatusCheck, Tracked
from lora_core.records import Records
from lora_core.stops import Stops
from lora_core.styles import Styles
from lora_core.versions import Version
from lora_core.webhooks import Delivery, delivery


class Deliveries:
    """Takes what RunPod posts; see TrainingLab.receive_webhook."""

    def __init__(
        self,
        styles: Styles,
        records: Records,
        reconciliation: Reconciliation,
        endpoints: Endpoints,
        stops: Stops,
    ) -> None:
        self._styles = styles
        self._records = records
        self._reconciliation = reconciliation
        self._endpoints = endpoints
        self._stops = stops

    def receive(self, body: bytes, request_id: str | None) -> StatusCheck | None:
        """Looks at the version now; None when the body speaks of no version of ours."""
        delivered = delivery(body, request_id)
        tracked = delivered and self._spoken_of(delivered.request_id, delivered.job_id)
        if not delivered or not tracked:
            return None
        style, version = tracked.style, tracked.version
        if self._is_job_of(version, delivered):
            version = self._reconciliation.attach(style, version, delivered.job_id)
        if version.job_id is None or not version.answers_to(delivered.job_id):
            return None
        one = Tracked(style, version)
        evidence = self._reconciliation.ask([one])[0]
        return self._reconciliation.check_with(
            one, delivered.job if isinstance(evidence, JobNotFound) else evidence
        )

    def _is_job_of(self, version: Version, delivered: Delivery) -> bool:
        """Whether the job is the version's: one that has none yet must not take another's, and miss its own."""
        if version.job_id is not None:
            return version.answers_to(delivered.job_id)
        if self._stops.owner(delivered.job_id) is not None:
            return False
        if delivered.is_echoed:
            return True
        endpoint = self._endpoints.of(version.submission)
        if isinstance(endpoint, CouldNotAsk):
            return False
        return isinstance(endpoint.client.status(delivered.job_id), Job)

    def _spoken_of(self, request_id: str | None, job_id: str) -> Tracked | None:
        """By its request id, or among what is in flight by its job."""
        style_id = (request_id or "").rpartition("_")[0]
        for style in self._styles.all():
            with suppress(StoreError):
                candidates = self._records.in_flight(style)
                if style.id == style_id:
                    candidates = [*self._records.live(style), *self._records.trash(style)]
                for version in candidates:
                    if version.request_id == request_id if request_id else version.answers_to(job_id):
                        return Tracked(style, version)
        return None
