"""A generator's state as its caller takes it away and sends it back.

The bytes that are sealed (see `sealing`), numbers in little-endian order:

    pending  4 bytes        the last token drawn, which is not read yet; -1 for none
    rest     1 + 3 bytes    length and bytes of a character that is not whole yet
    seen     vocab_size / 8 bits: the tokens that a penalty for repetition holds for
    state    floats         hidden (and cell) states of all layers
    logits   floats         of the next token, only where none is pending
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from service.engine.answer_stream import Seal
from service.engine.arrays import Floats
from service.engine.running_batch import Context
from service.engine.sealing import Sealer
from service.engine.stepping import Standing, State

HEAD = struct.Struct("<iB3s")
FLOAT = np.dtype("<f4")
NO_TOKEN = -1
NO_LOGITS: Floats = np.zeros((1, 0), np.float32)  # reading the pending token gives them


@dataclass(frozen=True, eq=False, slots=True)
class Carried:
    """What a state holds.

    Args:
        context: Where the network stands.
        pending: Tokens to read before anything else: the last one drawn, or none.
        seen: Tokens of all that was read and drawn, each once.
        rest: Bytes of a character that is not whole yet.
    """

    context: Context
    pending: list[int]
    seen: list[int]
    rest: bytes


class CarriedStates:
    """Seals and opens the states of one version of a generator.

    Args:
        sealer: Signs them.
        start: The state of one row before its first token, for its shapes.
        vocab_size: Number of tokens.
    """

    def __init__(self, sealer: Sealer, start: State, vocab_size: int) -> None:
        """Remember the shapes."""
        self._sealer = sealer
        self._shapes = [part.shape for part in start]
        self._vocab_size = vocab_size

    def seal_after(self, seen: Sequence[int]) -> Seal:
        """Return what seals the states of answers to a prompt of these tokens."""
        return partial(self._seal, seen)

    def _seal(
        self, seen: Sequence[int], standing: Standing, token_ids: Sequence[int], rest: bytes
    ) -> str:
        is_seen = np.zeros(self._vocab_size, np.bool_)
        is_seen[[*seen, *token_ids]] = True
        pending = token_ids[-1] if standing.logits is None else NO_TOKEN
        parts = [*standing.state, *([] if standing.logits is None else [standing.logits])]
        floats = (part.astype(FLOAT).tobytes() for part in parts)
        head = HEAD.pack(pending, len(rest), rest)
        return self._sealer.seal(b"".join((head, np.packbits(is_seen).tobytes(), *floats)))

    def open(self, text: str) -> Carried:
        """Read a state that a caller has sent.

        Raises:
            InvalidInput: If it is not as this service gave it.
            StateMismatch: If it is of another version.
        """
        payload = self._sealer.open(text)
        pending, num_rest, rest = HEAD.unpack_from(payload)
        start = HEAD.size + -(-self._vocab_size // 8)
        bits = np.frombuffer(payload[HEAD.size : start], np.uint8)
        floats = np.frombuffer(payload, FLOAT, offset=start).astype(np.float32)
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        *parts, left = np.split(floats, ends)
        state = tuple(part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True))
        logits = left[None] if pending == NO_TOKEN else NO_LOGITS
        seen = np.flatnonzero(np.unpackbits(bits, count=self._vocab_size)).tolist()
        tokens = [] if pending == NO_TOKEN else [pending]
        return Carried((logits, state), tokens, seen, rest[:num_rest])
