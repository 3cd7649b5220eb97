"""The exported graphs against torch: nothing is published whose answers differ."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from training.data.batches import pad
from training.export.sessions import feeds, open_session, zero_state
from training.nets.classifier import TextClassifier
from training.nets.language_model import LanguageModel

PARITY = 1e-5
BATCH_SIZES = (1, 2, 5, 16)


class ParityError(Exception):
    """The graph's answers differ from torch's by more than 1e-5; nothing was written."""


def _check(what: str, expected: Tensor, got: np.ndarray) -> None:
    difference = float(np.abs(expected.numpy() - got).max())
    if not difference <= PARITY:  # so that NaN differs
        raise ParityError(
            f"{what} of the graph and of torch differ by {difference:.2g} (at most {PARITY:g}); "
            "nothing was written"
        )


def _random_batches(vocab_size: int, *, max_len: int) -> list[tuple[Tensor, Tensor]]:
    """Return padded batches (token_ids, lengths) of many sizes, single rows included."""
    generator = np.random.default_rng(0)
    batches = []
    for size in BATCH_SIZES:
        lengths = generator.integers(1, max_len + 1, size)
        batches.append(pad([generator.integers(0, vocab_size, n).tolist() for n in lengths]))
    return batches


@torch.inference_mode()
def check_classifier(net: TextClassifier, graphs: Mapping[str, bytes], weights: bytes) -> None:
    """Compare the graphs with the net on random padded batches.

    Raises:
        ParityError: A probability differs by more than 1e-5.
    """
    model = open_session(graphs["model.onnx"], weights)
    for token_ids, lengths in _random_batches(net.config.stack.vocab_size, max_len=60):
        expected = torch.softmax(net(token_ids, lengths), dim=1)
        _check("probabilities", expected, model.run(["probs"], feeds(token_ids, lengths))[0])
    if "head.onnx" in graphs:
        pooled = torch.randn(9, net.config.pooled_dim)
        head = open_session(graphs["head.onnx"], weights)
        expected = torch.softmax(net.head(pooled, torch.arange(1, 10)), dim=1)
        _check("head probabilities", expected, head.run(None, {"pooled": pooled.numpy()})[0])


@torch.inference_mode()
def check_generator(net: LanguageModel, graph: bytes, weights: bytes) -> None:
    """Compare the graph with the net: prompts of random lengths, then a step of carried state.

    Raises:
        ParityError: A next-token probability differs by more than 1e-5.
    """
    model, stack = open_session(graph, weights), net.config.stack
    for token_ids, lengths in _random_batches(stack.vocab_size, max_len=40):
        size = len(lengths)
        state = zero_state(stack.cell, (stack.num_layers, size, stack.hidden_size))
        logits, *after = model.run(None, feeds(token_ids, lengths) | state)
        step = feeds(torch.ones(size, 1), torch.ones(size))
        stepped = model.run(["logits"], step | dict(zip(state, after, strict=True)))[0]
        for row, length in enumerate(lengths.tolist()):
            text = torch.cat([token_ids[row, :length], torch.ones(1, dtype=torch.long)])
            expected = torch.softmax(net(text[None])[0][0, -2:], dim=1)
            got = torch.softmax(torch.from_numpy(np.stack([logits[row], stepped[row]])), dim=1)
            _check("next-token probabilities", expected, got.numpy())
