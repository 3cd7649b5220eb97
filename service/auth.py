"""API keys: a file of names and hashes, followed while the service runs.

    python -m service.auth new NAME      makes a key, and tells the line to add to the file

A line of the file (`API_KEYS_FILE`) is a name and the SHA-256 of its key in hexadecimal; what
follows a `#` is a comment. Keys themselves are in no file. Knows no HTTP.
"""

import argparse
import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

logger = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")
MAX_FILE_BYTES = 16 << 20
KEY_BYTES = 32  # 256 bits of chance: such a key needs no slow hash
PREFIX = "rnn_"  # so that a key is known as one where it is found by mistake
DRAWER_BYTES = 4
MAX_KNOWN = 1024  # keys that are known again without SHA-256

Keys = Mapping[bytes, Sequence[tuple[bytes, str]]]
"""Names with the hashes of their keys, in drawers by the first bytes of the hash."""

Stamp = tuple[int, int, int]
"""What changes when a file does."""


class KeysError(Exception):
    """The file of keys cannot be used; the message says where and why."""


class SharedKeys:
    """The last keys that a worker has read, for the others: hashes, in memory, only for us to read.

    Args:
        path: File in the run folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Stamp | None = None

    def renew(self, read: Callable[[], Keys]) -> Keys:
        """Read keys and share them; one worker at a time, so that what was read last stays.

        Raises:
            KeysError: As `read` does; then nothing changes.
        """
        try:
            lock = self._path.with_suffix(".lock").open("a")
        except OSError as exc:
            logger.error("the API keys cannot be shared with other workers: %s", exc)
            return read()
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = read()
            self._write(keys)
        return keys

    def news(self) -> Keys | None:
        """Return the keys that another worker has read since the last look, if any."""
        try:
            stamp = _stamp(self._path)
            if stamp == self._seen or self._path.stat().st_uid != os.geteuid():
                return None
            keys = read_keys(self._path)
        except (KeysError, OSError):
            return None
        self._seen = stamp
        return keys

    def _write(self, keys: Keys) -> None:
        lines = (f"{name} {digest.hex()}\n" for some in keys.values() for digest, name in some)
        made = self._path.with_suffix(".new")
        try:
            with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.writelines(lines)
            made.replace(self._path)
            self._seen = _stamp(self._path)
        except (KeysError, OSError) as exc:
            logger.error("the API keys cannot be shared with other workers: %s", exc)
            self._path.unlink(missing_ok=True)  # else a revoked key could come back from it


class Keyring:
    """The keys that are let in now: those of the file when it could be used last.

    Nobody is let in before it could be used.

    Args:
        path: The file.
        shared: File in memory through which workers tell each other what they read; None if there
            is one process only.
    """

    def __init__(self, path: Path, shared: Path | None = None) -> None:
        self._path = path
        self._shared = None if shared is None else SharedKeys(shared)
        self._stamp: Stamp | None = None
        self._keys: Keys = {}
        self._known: dict[int, tuple[bytes, str]] = {}
        self.problem: str | None = None
        self.reload()

    def name_of(self, key: str) -> str | None:
        """Return the name that a key was made for, or None if it is not let in.

        A key that was let in before is known again by a secret hash of this process, which costs
        a tenth of SHA-256, and compared in constant time too.
        """
        known = self._known.get(hash(key))
        if known is not None and hmac.compare_digest(key.encode(), known[0]):
            return known[1]
        name = self._look_up(key)
        if name is not None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[hash(key)] = (key.encode(), name)
        return name

    def _look_up(self, key: str) -> str | None:
        """Look for a key's hash in the file's.

        They are compared in constant time. Only those in the drawer that begins with the same
        four bytes are, so that ten thousand keys cost what one does; how a hash begins tells
        nothing of a key.
        """
        digest = hashlib.sha256(key.encode()).digest()
        found = None
        for other, name in self._keys.get(digest[:DRAWER_BYTES], ()):
            if hmac.compare_digest(digest, other):
                found = name
        return found

    def reload(self) -> None:
        """Read the file again if it has changed; never raises.

        While it cannot be used, the keys stay those that any worker read last.
        """
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._take(self._read(), stamp)
        except KeysError as exc:
            self._note(str(exc))
            if self._shared is not None and (keys := self._shared.news()) is not None:
                self._take(keys, None)
        else:
            self._note(None)

    def _read(self) -> Keys:
        read = partial(read_keys, self._path)
        return read() if self._shared is None else self._shared.renew(read)

    def _take(self, keys: Keys, stamp: Stamp | None) -> None:
        """Let in other keys from now on; `stamp` is that of the file if it has them."""
        self._keys, self._stamp = keys, stamp
        self._known.clear()
        if keys:
            logger.info("read %d API keys", sum(map(len, keys.values())))
        else:
            logger.warning(
                "API_KEYS_FILE=%s holds no key: nobody is let in until it has a line that "
                "`python -m service.auth new NAME` prints",
                self._path,
            )

    def _note(self, problem: str | None) -> None:
        """Keep why the file cannot be used now; log it when it is news."""
        if problem is not None and problem != self.problem:
            logger.error("the API keys stay as they were: %s", problem)
        self.problem = problem


def read_keys(path: Path) -> Keys:
    """Read a file of keys.

    Raises:
        KeysError: It cannot be read, or a line is not as it should be.
    """
    keys: dict[bytes, list[tuple[bytes, str]]] = {}
    names: set[str] = set()
    for number, line in enumerate(_lines(path), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        is_sound = len(words) == 2 and NAME.fullmatch(words[0]) and DIGEST.fullmatch(words[1])
        if not is_sound:
            raise KeysError(
                f"{path}, line {number}: it should be a name and 64 hexadecimal digits, as "
                "`python -m service.auth new NAME` writes it"
            )
        name, digest = words[0], bytes.fromhex(words[1])
        if name in names:
            raise KeysError(f"{path}, line {number}: the name {name} is there already")
        names.add(name)
        keys.setdefault(digest[:DRAWER_BYTES], []).append((digest, name))
    return keys


def new_key() -> tuple[str, str]:
    """Make a key; return it and its hash in hexadecimal."""
    key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    return key, hashlib.sha256(key.encode()).hexdigest()


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise KeysError(f"API_KEYS_FILE={path} cannot be read: {exc}") from exc
    if len(data) > MAX_FILE_BYTES:
        raise KeysError(f"API_KEYS_FILE={path} has over {MAX_FILE_BYTES} bytes; it holds no keys")
    return text.splitlines()


def _stamp(path: Path) -> Stamp:
    """Look at a file; raises `KeysError` if that cannot be done."""
    try:
        stat = path.stat()
    except OSError as exc:
        raise KeysError(f"API_KEYS_FILE={path} cannot be read: {exc}") from exc
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m service.auth", description="Make API keys.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser("new", help="make a key")
    new.add_argument("name", metavar="NAME", help="who it is for; logs and limits go by it")
    name = parser.parse_args(argv).name
    if not NAME.fullmatch(name):
        parser.error(f"{name!r} is no name: use up to 64 letters, digits, dots, dashes")
    key, digest = new_key()
    print(f"The key, shown only here: {key}")
    print(f"Add this line to the file that API_KEYS_FILE names:\n{name} {digest}")


if __name__ == "__main__":
    main()
