"""States on their way out and back in: bytes that their holder can neither read into nor change.

A sealed state is one text (base64url without padding) of:

    format   1 byte     how the rest is laid out
    name     1 + n      length and name of the model
    version  4 bytes    its number
    content  32 bytes   the manifest's checksum, so of the weights and the tokenizer too
    payload             what the task makes of a state
    tag      32 bytes   HMAC-SHA256 (RFC 2104) of all before it

Signed, not encrypted. Knows no task and no array, and nothing is unpickled.
"""

import base64
import hmac
import struct

from model_store import StoredVersion
from service.engine.types import VersionId
from service.errors import InvalidInput, StateMismatch

FORMAT = 1
DIGEST = "sha256"
TAG_BYTES = 32
REMEDY = "send the whole text anew"


class Sealer:
    """Seals the states of one version, and opens those that are its own.

    Args:
        key: What is signed with; everybody who is to open a state has the same one.
        version: Whose states.
        content: The manifest's checksum, in hexadecimal.
    """

    def __init__(self, key: bytes, version: VersionId, content: str) -> None:
        """Remember what is written before every state."""
        self._key = key
        self._version = version
        self._head = _head(version, bytes.fromhex(content))

    @classmethod
    def of(cls, stored: StoredVersion, key: bytes) -> "Sealer":
        """Return the one of a stored version."""
        return cls(key, VersionId(stored.name, stored.version), stored.manifest.checksum)

    def seal(self, payload: bytes) -> str:
        """Return what a caller is given."""
        signed = self._head + payload
        return _to_text(signed + hmac.digest(self._key, signed, DIGEST))

    def open(self, text: str, param: str = "state") -> bytes:
        """Return the payload that `seal` was given.

        Args:
            text: What the caller sent.
            param: The field that it was sent in.

        Raises:
            InvalidInput: If it is not as this service gave it.
            StateMismatch: If it is, but is of another version, or of another release's format.
        """
        data = _from_text(text)
        signed, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
        if not hmac.compare_digest(hmac.digest(self._key, signed, DIGEST), tag):
            raise InvalidInput(
                f"`{param}` is none that this service gave, or was changed since: send it as it "
                f"came, or {REMEDY} (without STATE_KEY states end with the service that gave them)",
                param=param,
            )
        if not signed.startswith(self._head):
            raise StateMismatch(self._mismatch(signed, param), param=param)
        return signed[len(self._head) :]

    def _mismatch(self, signed: bytes, param: str) -> str:
        model, version = self._version
        if signed[0] != FORMAT:
            return f"`{param}` is of another release of this service: {REMEDY}"
        theirs = _version_of(signed)
        if theirs == self._version:
            return f"`{param}` is of another {model}:{version} than the one served here: {REMEDY}"
        named = f"{theirs.model}:{theirs.version}"
        return (
            f"`{param}` is of {named}, but {model}:{version} was asked: name {named} as `model`, "
            f"which works while it is served, or {REMEDY}"
        )


def _head(version: VersionId, content: bytes) -> bytes:
    name = version.model.encode()
    return struct.pack(f">BB{len(name)}sI", FORMAT, len(name), name, version.version) + content


def _version_of(signed: bytes) -> VersionId:
    """Read a signed head, which one of us wrote."""
    end = 2 + signed[1]
    return VersionId(signed[2:end].decode(), *struct.unpack_from(">I", signed, end))


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    """Return the bytes of a text in the one way that they are written; b"" for any other text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
    return data if _to_text(data) == text else b""
