"""Reads the store: which models and versions there are, and which are served.

    <root>/<name>/<version>/manifest.json ...    immutable once visible
    <root>/<name>/serving.json                   which versions are served, optional

Needs no write permission and works on a read-only mount. Nothing is ever unpickled. Knows no way
to change anything: that is `store`.
"""

import os
from collections.abc import Hashable, Iterable
from pathlib import Path

from model_store.disk import read_file
from model_store.document import describe
from model_store.errors import (
    CorruptVersion,
    InvalidPlan,
    ModelNotFound,
    StoreError,
    UnknownFormat,
    VersionNotFound,
)
from model_store.manifest import MANIFEST, Manifest
from model_store.names import check_model_name, check_version, parse_version
from model_store.serving import ServingPlan
from model_store.version import (
    StoredVersion,
    open_version,
    problems,
    read_listed,
    read_manifest,
    unavailable,
)

SERVING = "serving.json"
MAX_SERVING_BYTES = 1 << 20


class StoreReader:
    """Versions of models under one directory.

    Every reading method raises `StoreUnavailable` while the directory cannot be read, and
    `InvalidName` for a name that no model can have.

    Args:
        root: The directory; it need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        """Remember where the store is; nothing is read yet."""
        self.root = Path(root)

    def names(self) -> list[str]:
        """Return the names of models with at least one complete version, sorted."""
        return [name for name in self._model_names() if self._complete(name)]

    def versions(self, name: str) -> list[int]:
        """Return the complete versions of a model, ascending.

        Raises:
            ModelNotFound: If there is none.
        """
        if versions := self._complete(check_model_name(name)):
            return versions
        if numbers := self._numbers(name):
            raise ModelNotFound(
                f"model {name!r} has no complete version; {listed(numbers)} lacks {MANIFEST}"
            )
        known = ", ".join(self.names()) or "no models at all"
        raise ModelNotFound(f"no model {name!r} in the store; there are: {known}")

    def open(self, name: str, version: int | None = None) -> StoredVersion:
        """Open a version after verifying all its files.

        Args:
            name: The model's name.
            version: Its number; None for the default of `serving`.

        Raises:
            ModelNotFound: If the model has no complete version.
            VersionNotFound: If there is no such version.
            CorruptVersion: If a file is not as its exporter wrote it.
            UnknownFormat: If it was written in a format that this program does not know.
        """
        if version is None:
            version = self.serving(name).default
        return open_version(self._existing(name, version))

    def manifest(self, name: str, version: int) -> Manifest:
        """Return a version's manifest alone, the other files unread; errors as in `open`."""
        return read_manifest(self._existing(name, version))

    def read(self, manifest: Manifest, filename: str) -> bytes:
        """Return one file of the version that a manifest is of, verified; the others are not read.

        Raises:
            CorruptVersion: If the manifest does not list the file, or it is not as listed.
        """
        path = self.root / manifest.name / str(manifest.version)
        return read_listed(path, manifest, filename)

    def verify(self, name: str, version: int) -> list[CorruptVersion | UnknownFormat]:
        """Return all that is wrong with a version, at most one error a file; empty if nothing.

        Raises:
            ModelNotFound: If the model has no complete version.
            VersionNotFound: If there is no such version.
        """
        return problems(self._existing(name, version))

    def incomplete(self, name: str) -> list[int]:
        """Return the numbers whose directory has no manifest (half-copied), ascending."""
        complete = self.versions(name)
        return sorted(set(self._numbers(name)) - set(complete))

    def serving(self, name: str) -> ServingPlan:
        """Return which versions are served; without serving.json the highest complete one.

        Raises:
            ModelNotFound: If the model has no complete version.
            InvalidPlan: If serving.json breaks its schema.
        """
        versions = self.versions(name)
        try:
            data = read_file(self.root / name / SERVING, max_bytes=MAX_SERVING_BYTES)
            return ServingPlan.model_validate_json(data)
        except FileNotFoundError:
            return ServingPlan(default=versions[-1])
        except OSError as exc:
            raise unavailable(self.root, exc) from exc
        except ValueError as exc:
            raise InvalidPlan(f"{name}: {SERVING}: {describe(exc)}") from exc

    def check_plan(self, name: str, plan: ServingPlan) -> None:
        """Refuse a plan that names a version which does not exist.

        Raises:
            ModelNotFound: If the model has no complete version.
            InvalidPlan: If one of the plan's versions is not complete.
        """
        versions = self.versions(name)
        if absent := sorted(set(plan.versions) - set(versions)):
            raise InvalidPlan(
                f"{name}: {SERVING}: version {listed(absent)} does not exist; there are "
                f"{listed(versions)}"
            )

    def fingerprint(self, name: str) -> Hashable:
        """Return a value that changes when the model's files do, without reading any.

        It covers serving.json and the size, time and identity of every file of every complete
        version, so that a copy still under way and its end are both seen. Takes about 5 µs a
        file.

        Raises:
            ModelNotFound: If the model has no complete version.
        """
        directory = self.root / check_model_name(name)
        versions = self.versions(name)
        try:
            serving = tuple(f for f in _stats(directory) if f[0] == SERVING)
            return serving, tuple((v, _stats(directory / str(v))) for v in versions)
        except OSError as exc:
            raise unavailable(self.root, exc) from exc

    def files(self, name: str, version: int) -> Hashable:
        """Return a value that changes when a version's files do; empty if there are none.

        Raises:
            ModelNotFound: If the model has no complete version.
        """
        self.versions(name)
        try:
            return _stats(self.root / name / str(check_version(version)))
        except OSError as exc:
            raise unavailable(self.root, exc) from exc

    def _model_names(self) -> list[str]:
        try:
            with os.scandir(self.root) as entries:
                found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as exc:
            raise unavailable(self.root, exc) from exc
        return sorted(name for name in found if _is_model_name(name))

    def _numbers(self, name: str) -> list[int]:
        """Return every number that stands in a model's directory, complete or not."""
        directory = self.root / name
        try:
            with os.scandir(directory) as entries:
                found = [parse_version(entry.name) for entry in entries]
        except (FileNotFoundError, NotADirectoryError) as exc:
            if not os.path.isdir(self.root):
                raise unavailable(self.root, exc) from exc
            return []
        except OSError as exc:
            raise unavailable(self.root, exc) from exc
        return sorted(number for number in found if number is not None)

    def _complete(self, name: str) -> list[int]:
        directory = self.root / name
        if directory.is_symlink():
            return []
        return [v for v in self._numbers(name) if _has_manifest(directory / str(v))]

    def _existing(self, name: str, version: int) -> Path:
        """Return a version's directory if anything stands there, sound or not."""
        versions = self.versions(name)
        if check_version(version) not in self._numbers(name):
            raise VersionNotFound(f"{name} has no version {version}; there are {listed(versions)}")
        return self.root / name / str(version)


def _is_model_name(name: str) -> bool:
    try:
        check_model_name(name)
    except StoreError:
        return False
    return True


def _has_manifest(directory: Path) -> bool:
    return not directory.is_symlink() and os.path.lexists(directory / MANIFEST)


def _stats(directory: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return (name, inode, bytes, time of change in ns) of the entries, sorted."""
    try:
        with os.scandir(directory) as entries:
            stats = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except FileNotFoundError:  # deleted since it was listed
        return ()
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in stats))


def listed(versions: Iterable[int]) -> str:
    """Return the numbers for a message: `1, 2, 3`."""
    return ", ".join(map(str, versions))
