"""What can go wrong between a model store and whoever writes or reads it.

StoreError
├── InvalidName        a model name, file name or version number breaks the rules
├── ModelNotFound      the store has no complete version under this name
├── VersionNotFound    the model is there, this version is not
├── CorruptVersion     a file is missing, truncated, changed, unexpected or makes no sense
├── UnknownFormat      written by a newer program, in a format this one does not know
├── InvalidPlan        serving.json breaks its schema or names a version that does not exist
├── WorseVersion       promote refused: the new version measured worse than the current one
├── NoFormerDefault    rollback has nowhere to go back to
├── WriteFailed        the disk refused a change; the store is as it was
│   └── PublishFailed  the new version was refused or could not be written
└── StoreUnavailable   the store itself cannot be read now; it may come back
"""


class StoreError(Exception):
    """Base of every error that the store raises on purpose."""


class InvalidName(StoreError):
    """A model name, file name or version number breaks the rules; nothing was looked up."""


class ModelNotFound(StoreError):
    """The store has no complete version under this name."""


class VersionNotFound(StoreError):
    """The model exists, but not in this version."""


class CorruptVersion(StoreError):
    """A version is not what its exporter wrote, and must not be served.

    Args:
        model: `name:version`.
        file: The file at fault.
        reason: What is wrong with it, e.g. "missing", "truncated", "sha256 differs",
            "unexpected file", "path escapes".
    """

    def __init__(self, model: str, file: str, reason: str) -> None:
        """Name the version, the file and the reason in one line."""
        super().__init__(f"{model}: {file}: {reason}")
        self.model = model
        self.file = file
        self.reason = reason


class UnknownFormat(StoreError):
    """The manifest's format version is not one that this program understands."""


class InvalidPlan(StoreError):
    """serving.json breaks its schema or names a version that does not exist."""


class WorseVersion(StoreError):
    """Promote was refused: the version measured worse than the one it would replace."""


class NoFormerDefault(StoreError):
    """Rollback was asked for, but no former default is on record and still there."""


class WriteFailed(StoreError):
    """The disk or the file system refused a change; the store is as it was before."""


class PublishFailed(WriteFailed):
    """A new version was refused or could not be written; the store is as it was before."""


class StoreUnavailable(StoreError):
    """The store cannot be read now (gone, unmounted, no permission); it may come back."""
