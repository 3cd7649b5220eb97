"""Model cards: what a stored version was made of and how good it is, whether it is served or not.

Read from the store at each request, each file checked against its manifest. Nothing that a caller
sends becomes a path before the store has found it in its own lists.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from model_store import FileInfo, Manifest, StoreError, StoreReader, StoreUnavailable
from service.engine.registry import Aside
from service.engine.types import Card, Picture
from service.errors import ModelNotFound, NotReady, PictureNotFound

CARD = "README.md"
GOLDEN = "golden.json"
MAX_EXAMPLE_CHARS = 1000
PICTURE_SUFFIX = ".png"
MAX_CARD_BYTES = 1_000_000
MAX_PICTURE_BYTES = 4_000_000
MAX_VERSIONS = 50
"""The newest so many versions are told beside a card: under 1 ms of processor time each."""


class Cards:
    """The cards of a store.

    Args:
        store: Where they are.
        aside: Does the reading.
    """

    def __init__(self, store: StoreReader, aside: Aside) -> None:
        self._store = store
        self._aside = aside

    def card(self, name: str, version: int | None) -> Card:
        """Return the card of a version, or of the newest one if None.

        Raises:
            ModelNotFound: If there is no such version, or its manifest or card is damaged.
            NotReady: If the store cannot be read now.
        """
        with _told():
            return self._aside(partial(self._read_card, name, version))

    def picture(self, name: str, version: int | None, filename: str) -> Picture:
        """Return a picture of that card.

        Raises:
            ModelNotFound: If there is no such version, or a file is damaged.
            PictureNotFound: If the version has no such picture.
            NotReady: If the store cannot be read now.
        """
        with _told():
            return self._aside(partial(self._read_picture, name, version, filename))

    def _read_card(self, name: str, version: int | None) -> Card:
        manifest = self._manifest(name, version)
        info = manifest.files.get(CARD)
        text = None
        if info is not None and info.bytes <= MAX_CARD_BYTES:
            text = self._store.read(manifest, CARD).decode(errors="replace")
        versions, unreadable = self._newest(name)
        pictures, example = pictures_of(manifest), self._example(manifest)
        return Card(manifest, text, pictures, versions, unreadable, example)

    def _example(self, manifest: Manifest) -> str | None:
        """Return the first text that the version was proved with, the one of its example call."""
        try:
            golden = json.loads(self._store.read(manifest, GOLDEN))
            text = golden["cases"][0].get("text")
        except StoreUnavailable:
            raise
        except (StoreError, ValueError, LookupError, TypeError, AttributeError):
            return None  # the card of a damaged version tells of it all the same
        return text[:MAX_EXAMPLE_CHARS] if isinstance(text, str) else None

    def _read_picture(self, name: str, version: int | None, filename: str) -> Picture:
        manifest = self._manifest(name, version)
        pictures = pictures_of(manifest)
        if filename not in pictures:
            raise PictureNotFound(
                f"{manifest.name}:{manifest.version} has no picture {filename[:80]!r}; there are "
                f"{', '.join(pictures) or 'none'}",
                param="picture",
            )
        return Picture(self._store.read(manifest, filename), pictures[filename].sha256)

    def _manifest(self, name: str, version: int | None) -> Manifest:
        if version is None:
            version = self._store.versions(name)[-1]
        return self._store.manifest(name, version)

    def _newest(self, name: str) -> tuple[tuple[Manifest, ...], Mapping[int, str]]:
        """Read the manifests of the newest versions; say of the others why they cannot be read."""
        found: list[Manifest] = []
        unreadable: dict[int, str] = {}
        for version in self._store.versions(name)[-MAX_VERSIONS:]:
            try:
                found.append(self._store.manifest(name, version))
            except StoreUnavailable:
                raise
            except StoreError as exc:
                unreadable[version] = str(exc)
        return tuple(found), unreadable


def pictures_of(manifest: Manifest) -> dict[str, FileInfo]:
    """Return the pictures that a manifest lists, by name."""
    return {
        name: info
        for name, info in sorted(manifest.files.items())
        if name.endswith(PICTURE_SUFFIX) and info.bytes <= MAX_PICTURE_BYTES
    }


@contextmanager
def _told() -> Iterator[None]:
    """Turn the store's errors into ours; where the store is, is for the log alone."""
    try:
        yield
    except StoreUnavailable as exc:
        raise NotReady("the model store cannot be read now: try again", retry_after_s=1) from exc
    except StoreError as exc:
        raise ModelNotFound(str(exc), param="model") from exc
