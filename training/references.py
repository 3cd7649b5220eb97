"""How commands name a model of the store."""

import logging

from model_store import Store, StoredVersion
from model_store.__main__ import DEFAULT_STORE as SHIPPED

log = logging.getLogger(__name__)


def parse_reference(reference: str) -> tuple[str, int | None]:
    """Split what names a model in the store: `NAME` or `NAME:VERSION`.

    Raises:
        ValueError: The version is not a number.
    """
    name, _, number = reference.partition(":")
    if number and not number.isdecimal():
        raise ValueError(f"{reference!r} is not NAME or NAME:VERSION with a number")
    return name, int(number) if number else None


def open_reference(store: Store, reference: str) -> StoredVersion:
    """Open what names a model: of this store, or of the shipped ones if it has none of the name.

    So a training into a new store can begin with, or be taught by, a model that came with the
    program; it is said where that is so.

    Raises:
        ValueError: The version is not a number.
        model_store.StoreError: There is no such version, or it is damaged.
    """
    name, version = parse_reference(reference)
    shipped = Store(SHIPPED)
    is_missing = not store.root.exists() or name not in store.names()
    if is_missing and shipped.root.exists() and name in shipped.names():
        log.info("%s is not in %s: the shipped one is taken", name, store.root)
        return shipped.open(name, version)
    return store.open(name, version)
