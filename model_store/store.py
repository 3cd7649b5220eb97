"""Changes the store: publishes versions, says which are served, deletes old ones.

What is visible is always whole: a version is renamed into place, serving.json is replaced in one
step, and of two programs that change the same model one waits for the other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from model_store.disk import hidden_path, locked, remove, replace_file
from model_store.errors import (
    NoFormerDefault,
    WorseVersion,
    WriteFailed,
)
from model_store.manifest import About
from model_store.names import check_model_name
from model_store.publish import publish
from model_store.reader import SERVING, StoreReader, listed
from model_store.serving import ServingPlan
from model_store.version import StoredVersion


class Store(StoreReader):
    """Versions of models under one directory, to read and to change.

    Args:
        root: The directory; it need not exist yet.
    """

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
            if not force and (finding := self.worse(name, version, than=plan.default)):
                raise WorseVersion(f"{finding}: promote it all the same with force (--force)")
            return self._write_plan(name, plan.promoted(version))

    def worse(self, name: str, version: int, *, than: int) -> str | None:
        """Say by how much a version measured worse than another; None if it did not.

        Both must have been measured by the same figure, and the other must be fit to be served.
        """
        if self.verify(name, than):
            return None
        old, new = self.manifest(name, than), self.manifest(name, version)
        metric = new.primary_metric
        if metric is None or metric.name not in old.metrics:
            return None
        got, had = new.metrics[metric.name], old.metrics[metric.name]
        if not metric.is_worse(got, had):
            return None
        return f"{name}:{version} has {metric.name} {got:g}, {name}:{than} has {had:g}"

    def rollback(self, name: str) -> ServingPlan:
        """Make the previous default the default again and return the new plan.

        Former defaults that are no longer sound are passed over. Where none is on record, as
        before the first promotion, it is the highest sound version below the default.

        Raises:
            NoFormerDefault: If there is none.
            WriteFailed: If the disk refused the change.
        """
        with self._changing(name):
            now = self.serving(name)
            sound = [v for v in self.versions(name) if v == now.default or not self.verify(name, v)]
            plan = now.rolled_back(sound)
            lower = [v for v in sound if v < now.default]
            if plan is None and not now.history and lower:
                plan = now.model_copy(update={"default": lower[-1]})
            if plan is None:
                raise NoFormerDefault(
                    f"{name}: no former default is on record; promote a version by its number, "
                    f"there are {listed(self.versions(name))}"
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
        self.check_plan(name, plan)
        replace_file(self.root / name / SERVING, plan.to_bytes())
        return plan


def _delete(directory: Path) -> None:
    """Take a version out of sight in one step, then delete its files."""
    hidden = hidden_path(directory.parent)
    directory.rename(hidden)
    remove(hidden)
