"""Which endpoint a training goes to, and which one knows a training of before."""

import threading
from dataclasses import dataclass

from lora_core.embedded import EMBEDDED_BASE_URL, EmbeddedEndpoint, EndpointAddress
from lora_core.errors import ConfigurationError, RunpodUnreachableError
from lora_core.evidence import CouldNotAsk
from lora_core.runpod import RunpodClient, Transport
from lora_core.settings import Settings
from lora_core.versions import Submission


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as a record names it, with the client that speaks to it."""

    base_url: str
    """`local` for the embedded one."""
    endpoint_id: str
    client: RunpodClient

    @property
    def is_embedded(self) -> bool:
        """Whether it is the lab's own."""
        return self.base_url == EMBEDDED_BASE_URL


class Endpoints:
    """Clients by endpoint; one client for each is kept and shared by all threads."""

    def __init__(self, settings: Settings, *, transport: Transport | None = None) -> None:
        self.settings = settings
        self.embedded = EmbeddedEndpoint(settings.lora_lab_state_dir, settings.lora_lab_models)
        self._transport = transport
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], RunpodClient] = {}

    def current(self) -> Endpoint:
        """Where new trainings go.

        Raises ConfigurationError when a RunPod endpoint is configured by half, RunpodUnreachableError when
        the embedded endpoint cannot be started.
        """
        if self.settings.is_embedded:
            return self._of_address(self.embedded.address())
        if self.settings.missing:
            raise ConfigurationError(configuration_sentence(self.settings))
        return self._configured(self.settings.runpod_endpoint_id or "")

    def of(self, submission: Submission | None) -> Endpoint | CouldNotAsk:
        """The endpoint that a version was sent to; for an old record, which does not tell, the configured one."""
        if submission is None or submission.base_url is None or submission.endpoint_id is None:
            return self._configured_or_why()
        if submission.base_url == EMBEDDED_BASE_URL:
            return self._embedded_or_why(submission.endpoint_id)
        if submission.base_url != self.settings.runpod_base_url or self.settings.runpod_api_key is None:
            # The key belongs to the configured address and is shown to no other.
            return CouldNotAsk(
                f"It was sent to endpoint {submission.endpoint_id} at {submission.base_url}, for which no API key "
                "is configured; set RUNPOD_API_KEY and RUNPOD_BASE_URL."
            )
        return self._configured(submission.endpoint_id)

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _configured_or_why(self) -> Endpoint | CouldNotAsk:
        endpoint_id = self.settings.runpod_endpoint_id
        if endpoint_id is None or self.settings.runpod_api_key is None:
            return CouldNotAsk(
                "The record does not tell which endpoint trained it, and no RunPod endpoint is configured."
            )
        return self._configured(endpoint_id)

    def _embedded_or_why(self, endpoint_id: str) -> Endpoint | CouldNotAsk:
        try:
            endpoint = self._of_address(self.embedded.address())
        except RunpodUnreachableError as error:
            return CouldNotAsk(str(error))
        if endpoint.endpoint_id != endpoint_id:
            return CouldNotAsk(
                f"It was sent to the local endpoint {endpoint_id}, whose state folder is not the one in use; the one "
                f"here is {endpoint.endpoint_id}."
            )
        return endpoint

    def _configured(self, endpoint_id: str) -> Endpoint:
        base_url, api_key = self.settings.runpod_base_url, self.settings.runpod_api_key
        if api_key is None:
            raise ConfigurationError(configuration_sentence(self.settings))
        with self._lock:
            client = self._clients.get((base_url, endpoint_id, ""))
            if client is None:
                client = RunpodClient(base_url, endpoint_id, api_key, transport=self._transport)
                self._clients[base_url, endpoint_id, ""] = client
        return Endpoint(base_url, endpoint_id, client)

    def _of_address(self, address: EndpointAddress) -> Endpoint:
        place = (address.base_url, address.endpoint_id, address.instance_id)
        with self._lock:
            client = self._clients.get(place)
            if client is None:
                client = RunpodClient(
                    address.base_url, address.endpoint_id, address.api_key, instance_id=address.instance_id
                )
                self._clients[place] = client
        return Endpoint(EMBEDDED_BASE_URL, address.endpoint_id, client)


def configuration_sentence(settings: Settings) -> str:
    """What is missing for the configured RunPod endpoint, in a sentence."""
    return (
        f"A RunPod endpoint is configured by half: {', '.join(settings.missing)} missing. Set what is missing, or "
        "take the RUNPOD_ settings away to use the local endpoint. Nothing can be started until then."
    )
