"""A classifier's state as its caller takes it away and sends it back.

The bytes that are sealed (see `sealing`), numbers in little-endian order: the number of tokens
(8 bytes), the last token ids (4 bytes each), the graph's arrays in its own order and the
probabilities so far (floats).
"""

import struct

import numpy as np

from service.engine.sealing import Sealer
from service.engine.tasks.text_classification.resume_runtime import TextReader, TextState

COUNT = struct.Struct("<q")
ID = np.dtype("<i4")
FLOAT = np.dtype("<f4")


class TextStates:
    """Seals and opens the states of one version of a classifier.

    Args:
        sealer: Signs them.
        runtime: Reads on from them.
    """

    def __init__(self, sealer: Sealer, runtime: TextReader) -> None:
        """Remember both."""
        self._sealer = sealer
        self.runtime = runtime

    def seal(self, state: TextState) -> str:
        """Return what a caller is given."""
        arrays = [*state.arrays.values(), state.probs]
        ids = np.array(state.last_ids, ID).tobytes()
        floats = (array.astype(FLOAT).tobytes() for array in arrays)
        return self._sealer.seal(b"".join((COUNT.pack(state.num_tokens), ids, *floats)))

    def open(self, text: str, param: str) -> TextState:
        """Read a state that a caller has sent.

        Raises:
            InvalidInput: If it is not as this service gave it.
            StateMismatch: If it is of another version.
        """
        payload, start = self._sealer.open(text, param), self.runtime.start
        (num_tokens,) = COUNT.unpack_from(payload)
        ids = np.frombuffer(payload, ID, count=self.runtime.num_last, offset=COUNT.size)
        floats = np.frombuffer(payload, FLOAT, offset=COUNT.size + ids.nbytes).astype(np.float32)
        *parts, probs = np.split(floats, np.cumsum([one.size for one in start.arrays.values()]))
        arrays = {
            name: part.reshape(one.shape)
            for (name, one), part in zip(start.arrays.items(), parts, strict=True)
        }
        return TextState(num_tokens, tuple(ids.tolist()), arrays, probs)
