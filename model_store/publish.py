"""Writes a new version so that it is there whole or not at all.

    .tmp-<random>/   every file, fsynced; the manifest last
        └── rename ──▶ <version>/

A publisher that is killed leaves only the hidden directory, which later ones clean up.
"""

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path

from model_store.config import parse_config
from model_store.disk import hidden_path, remove, remove_stale, sync_directory, write_new
from model_store.document import describe
from model_store.errors import PublishFailed
from model_store.manifest import MANIFEST, REQUIRED_FILES, About, Manifest, file_info
from model_store.names import check_file_name, parse_version
from model_store.version import parse_golden, parse_tokenizer

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def publish(directory: Path, files: Mapping[str, bytes], about: About) -> int:
    """Write a new version into a model's directory and return its number.

    The number is one more than the highest that stands there; of several publishers at the same
    time each gets its own.

    Args:
        directory: `<root>/<name>`, made if needed.
        files: Content by file name, all but the manifest.
        about: What the exporter says about them.

    Raises:
        InvalidName: If a file's name is not allowed.
        PublishFailed: If the files do not make a version that could be opened again, or the disk
            refused them (then the cause is the `OSError`).
    """
    _check_content(directory.name, files, about)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        sync_directory(directory.parent)
        remove_stale(directory)
        return _write(directory, files, about)
    except OSError as exc:
        raise PublishFailed(f"{directory.name}: not published: {exc.strerror or exc}") from exc


def _check_content(name: str, files: Mapping[str, bytes], about: About) -> None:
    """Refuse what could not be opened again."""
    for filename in files:
        check_file_name(filename)
    if MANIFEST in files:
        raise PublishFailed(f"{name}: {MANIFEST}: the store writes it, leave it out")
    if absent := REQUIRED_FILES - files.keys():
        raise PublishFailed(f"{name}: {', '.join(sorted(absent))}: missing")
    filename = "config.json"
    try:
        config = parse_config(files[filename])
        if config.task != about.task:
            raise ValueError(f"its task is {config.task}, the manifest's is {about.task}")
        if absent := config.needed_files - files.keys():
            raise PublishFailed(f"{name}: {', '.join(sorted(absent))}: missing")
        tokenizer = None
        if "tokenizer.json" in files:
            filename = "tokenizer.json"
            tokenizer = parse_tokenizer(files[filename], config)
        filename = "golden.json"
        parse_golden(files[filename], tokenizer, config)
    except ValueError as exc:
        raise PublishFailed(f"{name}: {filename}: {describe(exc)}") from exc


def _write(directory: Path, files: Mapping[str, bytes], about: About) -> int:
    hidden = hidden_path(directory)
    try:
        hidden.mkdir()
        for filename, data in files.items():
            write_new(hidden / filename, data)
        return _make_visible(hidden, _manifest(directory.name, files, about))
    finally:
        remove(hidden)


def _manifest(name: str, files: Mapping[str, bytes], about: About) -> Manifest:
    return Manifest(
        **dict(about),
        name=name,
        version=1,
        created=int(time.time()),
        files={filename: file_info(files[filename]) for filename in sorted(files)},
    )


def _make_visible(hidden: Path, manifest: Manifest) -> int:
    directory = hidden.parent
    version = _next_version(directory)
    while True:
        numbered = manifest.model_copy(update={"version": version})
        (hidden / MANIFEST).unlink(missing_ok=True)
        write_new(hidden / MANIFEST, numbered.to_bytes())
        sync_directory(hidden)
        try:
            hidden.rename(directory / str(version))
        except OSError as exc:
            if exc.errno not in _TAKEN:
                raise
            version += 1  # another publisher was quicker
            continue
        sync_directory(directory)
        return version


def _next_version(directory: Path) -> int:
    numbers = [parse_version(name) for name in os.listdir(directory)]
    return max((number for number in numbers if number is not None), default=0) + 1
