"""The store: a directory of models, each a directory of numbered versions.

    <root>/<name>/<version>/manifest.json ...    immutable once visible
    <root>/<name>/serving.json                   which versions are served, optional

Reading needs no write permission and works on a read-only mount. Nothing is ever unpickled.
"""

import os
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from model_store.disk import hidden_path, locked, read_file, remove, replace_file
from model_store.document import describe
from model_store.errors import (
    CorruptVersion,
    InvalidPlan,
    ModelNotFound,
    NoFormerDefault,
    StoreError,
    UnknownFormat,
    VersionNotFound,
    WorseVersion,
    WriteFailed,
)
from model_store.manifest import MANIFEST, About
from model_store.names import check_model_name, check_version, parse_version
from model_store.publish import publish
from model_store.serving import ServingPlan
from model_store.version import (
    StoredVersion,
    open_version,
    problems,
    read_manifest,
    unavailable,
)

SERVING = "serving.json"
MAX_SERVING_BYTES = 1 << 20


class Store:
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

    def publish(self, name: str, files: Mapping[str, bytes], about: About) -> StoredVersion:
        """Write a new version under the next number and open it again.

        Args:
            name: The model's name.
            files: Content by file name: config.json, tokenizer.json, model.onnx, golden.json and
                what else belongs to it; the store adds manifest.json.
            about: What the exporter says about them.

        Raises:
            InvalidName: If the model's or a file's name is not allowed.
            PublishFailed: If the files do not make a version, or the disk refused them; the store
                is as before.
        """
        return self.open(name, publish(self.root / check_model_name(name), files, about))

    def write_serving(self, name: str, plan: ServingPlan) -> None:
        """Say which versions are served; readers see the old plan or the new one, whole.

        Raises:
            InvalidPlan: If the plan names a version that does not exist.
            WriteFailed: If the disk refused it; the old plan stands.
        """
        with self._changing(name):
            self._write_plan(name, plan)

    def promote(self, name: str, version: int, *, force: bool = False) -> ServingPlan:
        """Make a version the default, after verifying it, and return the new plan.

        Args:
            name: The model's name.
            version: The new default.
            force: Promote it although its primary metric is worse than the current default's.

        Raises:
            CorruptVersion: If it is not sound, whatever `force` says.
            WorseVersion: If it measured worse than the current default.
            WriteFailed: If the disk refused the change.
        """
        for problem in self.verify(name, version):
            raise problem
        with self._changing(name):
            plan = self.serving(name)
            if not force:
                self._refuse_worse(name, version, plan.default)
            return self._write_plan(name, plan.promoted(version))

    def rollback(self, name: str) -> ServingPlan:
        """Make the previous default the default again and return the new plan.

        Raises:
            NoFormerDefault: If there is none that still exists.
            WriteFailed: If the disk refused the change.
        """
        with self._changing(name):
            plan = self.serving(name).rolled_back(self.versions(name))
            if plan is None:
                raise NoFormerDefault(
                    f"{name}: no former default is on record; promote a version by its number, "
                    f"there are {_listed(self.versions(name))}"
                )
            return self._write_plan(name, plan)

    def prune(self, name: str, *, keep: int) -> list[int]:
        """Delete old versions and return their numbers, ascending.

        What serving.json names, and the version that rollback would go back to, stay in any case.

        Args:
            name: The model's name.
            keep: How many of the newest versions to keep, 1 and up.

        Raises:
            ValueError: If `keep` is under 1.
            WriteFailed: If the file system refused; versions deleted by then are gone.
        """
        if keep < 1:
            raise ValueError(f"keep must be 1 or more, got {keep}: the newest version always stays")
        deleted = []
        with self._changing(name):
            versions, plan = self.versions(name), self.serving(name)
            former = plan.rolled_back(versions)
            needed = {*plan.versions, *([former.default] if former else []), *versions[-keep:]}
            for version in versions:
                if version not in needed:
                    _delete(self.root / name / str(version))
                    deleted.append(version)
        return deleted

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
            if not self.root.is_dir():
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
            raise VersionNotFound(f"{name} has no version {version}; there are {_listed(versions)}")
        return self.root / name / str(version)

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """Hold the model's writer lock, and say in our own words when the disk refuses."""
        self.versions(name)
        try:
            with locked(self.root / name):
                yield
        except OSError as exc:
            raise WriteFailed(f"{name}: not changed: {exc.strerror or exc}") from exc

    def _write_plan(self, name: str, plan: ServingPlan) -> ServingPlan:
        versions = self.versions(name)
        if absent := sorted(set(plan.versions) - set(versions)):
            raise InvalidPlan(
                f"{name}: {SERVING}: version {_listed(absent)} does not exist; there are "
                f"{_listed(versions)}"
            )
        replace_file(self.root / name / SERVING, plan.to_bytes())
        return plan

    def _refuse_worse(self, name: str, version: int, current: int) -> None:
        """Raise if both versions were measured by the same figure and the new one is worse."""
        try:
            old = read_manifest(self.root / name / str(current))
        except StoreError:
            return  # the current default cannot be served either, so nothing is lost
        new = read_manifest(self.root / name / str(version))
        metric = new.primary_metric
        if metric is None or metric.name not in old.metrics:
            return
        got, had = new.metrics[metric.name], old.metrics[metric.name]
        if metric.is_worse(got, had):
            raise WorseVersion(
                f"{name}:{version} has {metric.name} {got:g}, the current default "
                f"{name}:{current} has {had:g}: use force to promote it all the same"
            )


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
    with os.scandir(directory) as entries:
        stats = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    return tuple(sorted((name, s.st_ino, s.st_size, s.st_mtime_ns) for name, s in stats))


def _delete(directory: Path) -> None:
    """Take a version out of sight in one step, then delete its files."""
    hidden = hidden_path(directory.parent)
    directory.rename(hidden)
    remove(hidden)


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions))
