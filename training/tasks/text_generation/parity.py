"""A language model's graph against torch."""

import numpy as np
import torch

from training.export.parity import check_equal, random_batches
from training.export.sessions import feeds, open_session, zero_state
from training.nets.language_model import LanguageModel


@torch.inference_mode()
def check_generator(net: LanguageModel, graph: bytes, weights: bytes) -> None:
    """Compare the graph with the net: prompts of random lengths, then a step of carried state.

    Raises:
        ParityError: A next-token probability differs by more than 1e-5.
    """
    model, stack = open_session(graph, weights), net.config.stack
    for token_ids, lengths in random_batches(stack.vocab_size, max_len=40):
        size = len(lengths)
        state = zero_state(stack.cell, (stack.num_layers, size, stack.hidden_size))
        logits, *after = model.run(None, feeds(token_ids, lengths) | state)
        step = feeds(torch.ones(size, 1), torch.ones(size))
        stepped = model.run(["logits"], step | dict(zip(state, after, strict=True)))[0]
        for row, length in enumerate(lengths.tolist()):
            text = torch.cat([token_ids[row, :length], torch.ones(1, dtype=torch.long)])
            expected = torch.softmax(net(text[None])[0][0, -2:], dim=1)
            got = torch.softmax(torch.from_numpy(np.stack([logits[row], stepped[row]])), dim=1)
            check_equal("next-token probabilities", expected, got.numpy())
