"""Where documents live: one protocol, a class per kind of place."""

from lora_core.stores.document_store import DocumentStore, Stored, Written
from lora_core.stores.local import LocalStore

__all__ = ["DocumentStore", "LocalStore", "Stored", "Written"]
