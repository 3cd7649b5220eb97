"""One stored version: opened only when every file is what its exporter wrote.

Reads bytes once, checks size and SHA-256, and hands out those same bytes. Knows no graph runtime
and does not decide which version is served.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from model_store.config import TaskConfig, VocabularyConfig, parse_config
from model_store.disk import map_file, read_file
from model_store.document import describe
from model_store.errors import CorruptVersion, StoreUnavailable, UnknownFormat
from model_store.golden import Golden, golden_of
from model_store.manifest import MANIFEST, FileInfo, Manifest
from model_store.tokenizer import Tokenizer

MAX_MANIFEST_BYTES = 1 << 20
TOKENIZER = "tokenizer.json"

Content = TypeVar("Content", bytes, memoryview)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version whose files were all verified when it was opened.

    Args:
        name: The model's name.
        version: Its number.
        path: Its directory.
        manifest: Parsed `manifest.json`.
        config: Parsed `config.json`.
    """

    name: str
    version: int
    path: Path
    manifest: Manifest
    config: TaskConfig
    _parsed: list[Tokenizer] = field(default_factory=list, init=False, repr=False, compare=False)

    def read(self, filename: str) -> bytes:
        """Return a file's content, read once and verified.

        Raises:
            CorruptVersion: If the manifest does not list the file, or it is not as listed.
            StoreUnavailable: If the store cannot be read now.
        """
        return read_listed(self.path, self.manifest, filename)

    def map(self, filename: str) -> memoryview:
        """Return a file's content as memory that all processes share; errors as in `read`.

        It is verified now. A version is never written to, so it stays what it is; whoever writes
        into the file all the same changes the model under those who run it.
        """
        return _listed(self.path, self.manifest, filename, lambda path, _: map_file(path))

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer, the same one each time; it is read when it is first asked for.

        Raises:
            CorruptVersion: As in `read`, also if it does not fit the configuration.
            StoreUnavailable: As in `read`.
        """
        if not self._parsed:
            data = self.read(TOKENIZER)
            try:
                self._parsed.append(parse_tokenizer(data, self.config))
            except ValueError as exc:
                raise CorruptVersion(model_id(self.path), TOKENIZER, describe(exc)) from exc
        return self._parsed[0]

    def has_tokenizer(self) -> bool:
        """Tell whether the version has a tokenizer at all."""
        return TOKENIZER in self.manifest.files

    def golden(self) -> Golden:
        """Return the golden cases; errors as in `read`, also if a text has other token ids now."""
        tokenizer = self.tokenizer() if self.has_tokenizer() else None
        data = self.read("golden.json")
        try:
            return parse_golden(data, tokenizer, self.config)
        except ValueError as exc:
            raise CorruptVersion(model_id(self.path), "golden.json", describe(exc)) from exc


def open_version(path: Path) -> StoredVersion:
    """Open the version in the directory `<root>/<name>/<version>`.

    Raises:
        CorruptVersion: At the first file that is not as the manifest says.
        UnknownFormat: If it was written in a format that this program does not know.
        StoreUnavailable: If the store cannot be read now.
    """
    manifest = read_manifest(path)
    for problem in _file_problems(path, manifest):
        raise problem
    return _parsed(path, manifest)


def problems(path: Path) -> list[CorruptVersion | UnknownFormat]:
    """Return all that is wrong with a version, one error a file; empty for a sound one.

    Raises:
        StoreUnavailable: If the store cannot be read now.
    """
    try:
        manifest = read_manifest(path)
        if found := list(_file_problems(path, manifest)):
            return [*found]
        _parsed(path, manifest).golden()
    except (CorruptVersion, UnknownFormat) as exc:
        return [exc]
    return []


def read_manifest(path: Path) -> Manifest:
    """Read a version's manifest alone, without looking at the other files; errors as above."""
    _check_directory(path)
    data = _read(path, MANIFEST, MAX_MANIFEST_BYTES, _read_at_most)
    try:
        manifest = Manifest.from_bytes(data)
    except UnknownFormat as exc:
        raise UnknownFormat(f"{model_id(path)}: {MANIFEST}: {exc}") from exc
    except ValueError as exc:
        raise CorruptVersion(model_id(path), MANIFEST, describe(exc)) from exc
    if (manifest.name, str(manifest.version)) != (path.parent.name, path.name):
        reason = f"it belongs to {manifest.name}:{manifest.version}"
        raise CorruptVersion(model_id(path), MANIFEST, reason)
    return manifest


def parse_tokenizer(data: bytes, config: TaskConfig) -> Tokenizer:
    """Read `tokenizer.json` and check that it belongs to this configuration.

    Raises:
        ValueError: If it is no tokenizer, its vocabulary has another size, or the model has none.
    """
    tokenizer = Tokenizer.from_bytes(data)
    if not isinstance(config, VocabularyConfig):
        raise ValueError(f"a model for {config.task} has no tokens")
    if tokenizer.vocab_size != config.vocab_size:
        raise ValueError(
            f"it has {tokenizer.vocab_size} tokens, config.json says {config.vocab_size}"
        )
    return tokenizer


def parse_golden(data: bytes, tokenizer: Tokenizer | None, config: TaskConfig) -> Golden:
    """Read `golden.json` and check that it belongs to this tokenizer and configuration.

    Raises:
        ValueError: If it breaks the schema, or a case cannot be of this model.
    """
    golden = golden_of(config.golden_case).model_validate_json(data)
    for place, case in enumerate(golden.cases):
        try:
            config.check_case(case, tokenizer)
        except ValueError as exc:
            raise ValueError(f"cases.{place}: {exc}") from exc
    return golden


def model_id(path: Path) -> str:
    """Return `name:version` for a version's directory."""
    return f"{path.parent.name}:{path.name}"


def unavailable(root: Path, exc: OSError) -> StoreUnavailable:
    """Return the error for a store that the system does not let us read."""
    return StoreUnavailable(f"the model store {root} cannot be read now: {exc.strerror}")


def _parsed(path: Path, manifest: Manifest) -> StoredVersion:
    data = read_listed(path, manifest, "config.json")
    try:
        config = parse_config(data)
    except ValueError as exc:
        raise CorruptVersion(model_id(path), "config.json", describe(exc)) from exc
    if config.task != manifest.task:
        reason = f"its task is {config.task}, the manifest says {manifest.task}"
        raise CorruptVersion(model_id(path), "config.json", reason)
    for filename in sorted(config.needed_files - manifest.files.keys()):
        reason = f"missing: a model for {config.task} needs it"
        raise CorruptVersion(model_id(path), filename, reason)
    return StoredVersion(manifest.name, manifest.version, path, manifest, config)


def _check_directory(path: Path) -> None:
    """Refuse a directory that a link puts somewhere else."""
    root = path.parent.parent
    if os.path.realpath(path) != os.path.join(os.path.realpath(root), *path.parts[-2:]):
        raise CorruptVersion(model_id(path), ".", "path escapes: a link stands in its place")


def _file_problems(path: Path, manifest: Manifest) -> Iterator[CorruptVersion]:
    for filename in manifest.files:
        try:
            read_listed(path, manifest, filename)
        except CorruptVersion as problem:
            yield problem
    try:
        present = os.listdir(path)
    except OSError as exc:
        raise unavailable(path.parent.parent, exc) from exc
    for filename in sorted(set(present) - manifest.files.keys() - {MANIFEST}):
        yield CorruptVersion(model_id(path), filename, "unexpected file")


def read_listed(path: Path, manifest: Manifest, filename: str) -> bytes:
    """Read one file of the version in a directory; errors as in `StoredVersion.read`."""
    return _listed(path, manifest, filename, _read_at_most)


def _listed(
    path: Path, manifest: Manifest, filename: str, take: Callable[[Path, int], Content]
) -> Content:
    info = manifest.files.get(filename)
    if info is None:
        raise CorruptVersion(model_id(path), filename, "missing: the manifest does not list it")
    data = _read(path, filename, info.bytes, take)
    if reason := _difference(data, info):
        raise CorruptVersion(model_id(path), filename, reason)
    return data


def _difference(data: bytes | memoryview, info: FileInfo) -> str | None:
    if len(data) < info.bytes:
        return f"truncated: {len(data)} of {info.bytes} bytes"
    if len(data) > info.bytes:
        return f"longer than its {info.bytes} bytes"
    if hashlib.sha256(data).hexdigest() != info.sha256:
        return "sha256 differs"
    return None


def _read_at_most(path: Path, max_bytes: int) -> bytes:
    return read_file(path, max_bytes=max_bytes)


def _read(
    path: Path, filename: str, max_bytes: int, take: Callable[[Path, int], Content]
) -> Content:
    """Return what `take` returns for a file; its errors become the store's."""
    try:
        return take(path / filename, max_bytes)
    except (FileNotFoundError, NotADirectoryError) as exc:
        root = path.parent.parent
        if not os.path.isdir(root):
            raise unavailable(root, exc) from exc
        raise CorruptVersion(model_id(path), filename, "missing") from exc
    except IsADirectoryError as exc:
        raise CorruptVersion(model_id(path), filename, "not a plain file") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            reason = "path escapes: a link stands in its place"
            raise CorruptVersion(model_id(path), filename, reason) from exc
        raise unavailable(path.parent.parent, exc) from exc
