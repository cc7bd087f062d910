"""Copies of what cannot be read, kept before anything is done about it."""

import hashlib

from lora_core.stores import DocumentStore


def put_aside(store: DocumentStore, name: str, data: bytes) -> str:
    """Keeps a copy of a document's bytes, the same bytes once; answers where: a name in the store."""
    aside = place(name, data)
    kept = store.read(aside)
    if kept is None or kept.data != data:
        store.write(aside, data, if_match=kept and kept.etag)
    return aside


def place(name: str, data: bytes) -> str:
    """Where such a copy is kept."""
    return f".lora_lab/damaged/{name.replace('/', '__')}.{hashlib.sha256(data).hexdigest()[:12]}"
