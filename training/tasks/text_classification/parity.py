"""A text classifier's graphs against torch."""

from collections.abc import Mapping

import torch

from model_store import TOLERANCE
from training.export.parity import PARITY, check_equal, random_batches
from training.export.sessions import feeds, open_session
from training.nets.classifier import FEWEST_TOKENS, TextClassifier

USUAL_REACH = 100.0  # sum of the weights of an output, by size, under which rounding stays small
MAX_LEN = 60  # tokens of the longest row compared


@torch.inference_mode()
def check_classifier(net: TextClassifier, graphs: Mapping[str, bytes], weights: bytes) -> None:
    """Compare the graphs with the net on random padded batches.

    Raises:
        ParityError: A probability differs by more than 1e-5, or by that times `magnified`.
    """
    at_most = min(TOLERANCE, PARITY * magnified(net))
    model = open_session(graphs["model.onnx"], weights)
    for token_ids, lengths in random_batches(net.config.stack.vocab_size, max_len=MAX_LEN):
        expected = torch.softmax(net(token_ids, lengths), dim=1)
        got = model.run(["probs"], feeds(token_ids, lengths))[0]
        check_equal("probabilities", expected, got, at_most=at_most)
    if "head.onnx" in graphs:
        pooled = torch.randn(9, net.config.pooled_dim)
        head = open_session(graphs["head.onnx"], weights)
        logits = net.head(pooled, torch.arange(1, 10))
        seen = {"pooled": pooled.numpy()}
        if net.ngrams is not None:
            added = torch.randn_like(logits)
            logits, seen["ngram_logits"] = logits + added, added.numpy()
        expected = torch.softmax(logits, dim=1)
        check_equal("head probabilities", expected, head.run(None, seen)[0], at_most=at_most)


def magnified(net: TextClassifier) -> float:
    """Return how many times over rounding shows in probabilities, 1 for most nets.

    Large weights of the output magnify that of the states, and a temperature under 1 both.
    """
    ends = torch.tensor([FEWEST_TOKENS, MAX_LEN], dtype=torch.float32)
    lowest = float((net.temperature * ends**net.temperature_slope).min())
    reach = float(net.output.weight.abs().sum(dim=1).max())
    return max(1.0, max(1.0, reach / USUAL_REACH) / lowest)
