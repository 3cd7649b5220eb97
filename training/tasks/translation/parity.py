"""A translator's graphs against torch."""

from collections.abc import Mapping

import numpy as np
import torch

from training.export.parity import check_equal, random_batches
from training.export.sessions import feeds, open_session
from training.nets.translator import Translator


@torch.inference_mode()
def check_translator(net: Translator, graphs: Mapping[str, bytes], weights: bytes) -> None:
    """Compare the graphs with the net: sources of random lengths, then steps of carried state.

    Raises:
        ParityError: The attention or a next-token probability differs by more than 1e-5.
    """
    encoder = open_session(graphs["model.onnx"], weights)
    decoder = open_session(graphs["decoder.onnx"], weights)
    config, generator = net.config, np.random.default_rng(0)
    stepped = ["logits", "attention", *(f"{kind}_out" for kind in config.state_kinds)]
    for token_ids, lengths in random_batches(config.vocab_size, max_len=config.max_source_tokens):
        source = net.encode(token_ids, lengths)
        names = [*config.state_kinds, "memory", "memory_mask"]
        state = dict(zip(names, encoder.run(names, feeds(token_ids, lengths)), strict=True))
        written = torch.from_numpy(generator.integers(0, config.vocab_size, (len(lengths), 4)))
        decoded = net.decode(written, source)
        probs = torch.softmax(net.logits(decoded.features), dim=2)
        for place in range(written.shape[1]):
            step = {"token_ids": written[:, place : place + 1].numpy().astype(np.int32)}
            logits, attention, *after = decoder.run(stepped, step | state)
            state |= dict(zip(config.state_kinds, after, strict=True))
            got = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
            check_equal("next-token probabilities", probs[:, place], got)
            check_equal("the attention", decoded.attention[:, place], attention)
