"""Texts read in parts against the same texts read at once: `resume.onnx` and `model.onnx`."""

from collections.abc import Mapping

import numpy as np
import torch

from model_store.onnx_runtime import ort
from training.data.batches import pad
from training.export.graph import LOWEST
from training.export.parity import check_equal, random_batches
from training.export.sessions import Feeds, feeds, open_session, zero_state
from training.nets.classifier import TextClassifier
from training.tasks.text_classification.ngram_graph import NO_TOKEN
from training.tasks.text_classification.resume_graph import RESUME

MAX_LEN = 30  # tokens of the longest row, which is read twice


class Resumed:
    """Reads batches of rows part by part, each time going on from where the rows stood."""

    def __init__(self, net: TextClassifier, session: ort.InferenceSession, num_rows: int) -> None:
        """Stand before the first token of each row."""
        stack = net.config.stack
        self._session = session
        shape = (stack.num_layers, num_rows, stack.hidden_size)
        self._arrays: Feeds = zero_state(stack.cell, shape)
        if net.config.pooling == "concat":
            zeros = np.zeros(shape[1:], np.float32)
            self._arrays |= {"total": zeros, "highest": zeros + LOWEST}
        self._read: list[list[int]] = [[] for _ in range(num_rows)]
        self._num_last = 0
        if net.ngrams is not None:
            self._num_last = net.ngrams.max_order - 1
            width = net.ngrams.table.shape[1]
            self._arrays["ngram_sums"] = np.zeros((num_rows, width), np.float32)

    def read(self, batch: Feeds) -> np.ndarray:
        """Read the next part of each row; return probabilities (rows, num_classes)."""
        names = list(self._arrays)
        more = {"count": np.array([len(row) for row in self._read], np.int32)}
        if self._num_last:
            more["ngram_ids"] = np.array([self._last(row) for row in self._read], np.int32)
        outputs = ["probs", *(f"{name}_out" for name in names)]
        probs, *after = self._session.run(outputs, batch | self._arrays | more)
        self._arrays = dict(zip(names, after, strict=True))
        for row, ids, length in zip(
            self._read, batch["token_ids"].tolist(), batch["lengths"].tolist(), strict=True
        ):
            row += ids[:length]
        return np.asarray(probs)

    def _last(self, row: list[int]) -> list[int]:
        return [*[NO_TOKEN] * self._num_last, *row][-self._num_last :]


def check_resumed(net: TextClassifier, graphs: Mapping[str, bytes], weights: bytes) -> None:
    """Compare random rows read twice, one time after the other, with the doubled rows read at once.

    Raises:
        ParityError: A probability differs by more than 1e-5.
    """
    model, resume = (open_session(graphs[name], weights) for name in ("model.onnx", RESUME))
    for token_ids, lengths in random_batches(net.config.stack.vocab_size, max_len=MAX_LEN):
        rows = [row[:end].tolist() for row, end in zip(token_ids, lengths, strict=True)]
        whole = model.run(["probs"], feeds(*pad([row + row for row in rows])))[0]
        resumed = Resumed(net, resume, len(rows))
        resumed.read(feeds(token_ids, lengths))
        got = resumed.read(feeds(token_ids, lengths))
        check_equal("probabilities of texts read in parts", torch.from_numpy(whole), got)
