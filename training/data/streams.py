"""Documents as one stream of token ids, each after a token that tells where one begins."""

from collections.abc import Sequence

import numpy as np

from model_store import Tokenizer
from training.data.corpus import CorpusData
from training.data.vocab import encode_corpus


def is_running(data: CorpusData) -> bool:
    """Return whether the corpus is one long text rather than many documents."""
    return len(data.train) == 1


def boundary_id(tokenizer: Tokenizer, data: CorpusData) -> int:
    """Return the token that stands before every text: a line end, or the end of a document."""
    if is_running(data) and (newline := tokenizer.encode_ids("\n")):
        return newline[0]
    assert tokenizer.eos_id is not None, "trained vocabularies have <eos>"
    return tokenizer.eos_id


def as_stream(documents: Sequence[str], tokenizer: Tokenizer, boundary: int) -> np.ndarray:
    """Return documents as one stream of token ids, each after the boundary token.

    Of several, the last is followed by one as well: each has an end to learn.
    """
    stream: list[int] = []
    for ids in encode_corpus(tokenizer, documents):
        stream += [boundary, *ids]
    if len(documents) > 1:
        stream.append(boundary)
    return np.asarray(stream, np.int32)
