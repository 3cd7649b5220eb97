"""Joins the two paths of a text classifier: the network's logits and those of n-grams.

How far each is trusted is fitted on validation rows, which neither has seen. Few such rows tell
little: the weights then stay near where they start, which trusts the n-grams more. The n-grams
are fitted once more to all rows afterwards.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from training.fitting.ngrams import fit_ngrams
from training.nets.classifier import FEWEST_TOKENS, TextClassifier
from training.reports.metrics import MIN_SLOPE_ROWS, negative_log_likelihood, softmax
from training.tasks.text_classification.encoding import EncodedRows
from training.tasks.text_classification.measure import path_logits, predict_logits

log = logging.getLogger(__name__)

EXPECTED = np.array([np.log(2.0), 1.0])  # of log temperature and the n-grams' weight
SPREAD = np.array([1.0, 0.5])  # how far from these they are found, a standard deviation
LOG_TEMPERATURES = np.log(0.1), np.log(1e3)  # at 1,000, nothing is left of the network
WEIGHTS = 0.0, 5.0
MIN_CHOICE_ROWS = 100


def join_paths(
    net: TextClassifier,
    train: EncodedRows,
    held_out: EncodedRows,
    *,
    max_order: int,
    pieces: Sequence[str],
) -> np.ndarray:
    """Give a trained net its linear path and calibrate both; return validation probabilities.

    Args:
        net: The network; gets `ngrams`, `temperature` and `temperature_slope`.
        train: The rows that it was trained on; labels are class ids.
        held_out: Validation rows.
        max_order: Tokens of the longest n-gram.
        pieces: What each token stands for, by id.
    """
    config = net.config
    shape: dict[str, Any] = {
        "pieces": pieces,
        "max_order": max_order,
        "vocab_size": config.stack.vocab_size,
        "num_classes": config.num_classes,
    }
    log.info("fitting n-grams to %s texts, in two ways", f"{len(train.rows):,}")
    net_logits = predict_logits(net, held_out.rows)
    is_leaning, ngram_logits = choose_ngrams(train, held_out, **shape)
    lengths = np.maximum([len(row) for row in held_out.rows], FEWEST_TOKENS)
    temperature, slope, weight = fit_trust(net_logits, ngram_logits, held_out.labels, lengths)
    log.info("fitting the better of them to validation texts as well")
    path = fit_ngrams(
        [*train.rows, *held_out.rows],
        np.concatenate([train.labels, held_out.labels]),
        is_leaning=is_leaning,
        **shape,
    )
    path.table[:, :-1] *= weight
    path.bias *= weight
    net.ngrams = path
    net.temperature.fill_(temperature)
    net.temperature_slope.fill_(slope)
    log.info(
        "joined with %s n-grams of up to %d tokens, trust fitted on %s validation texts: network "
        "1/%.3g (times length to the %.3f), n-grams %.3g",
        *(f"{len(path.keys) - 1:,}", path.max_order, f"{len(lengths):,}"),
        *(temperature, slope, weight),
    )
    return softmax(net_logits / (temperature * lengths**slope)[:, None] + weight * ngram_logits)


def choose_ngrams(
    train: EncodedRows, held_out: EncodedRows, **shape: Any
) -> tuple[bool, np.ndarray]:
    """Return whether n-grams are scaled by how they lean, and the logits of validation rows.

    Scaled is the rule; where enough validation rows say otherwise, they are not.
    """
    leaning = fit_ngrams(train.rows, train.labels, is_leaning=True, **shape)
    logits = path_logits(leaning, held_out.rows)
    if len(held_out.rows) < MIN_CHOICE_ROWS:
        return True, logits
    plain = fit_ngrams(train.rows, train.labels, is_leaning=False, **shape)
    plain_logits = path_logits(plain, held_out.rows)
    hits, plain_hits = (
        int((found.argmax(axis=1) == held_out.labels).sum()) for found in (logits, plain_logits)
    )
    return (True, logits) if hits >= plain_hits else (False, plain_logits)


def fit_trust(
    net_logits: np.ndarray, ngram_logits: np.ndarray, labels: np.ndarray, lengths: np.ndarray
) -> tuple[float, float, float]:
    """Return temperature, its slope and the n-grams' weight that make validation labels likely.

    The network's logits are divided by `temperature * length ** slope`, see `fit_temperature`;
    the n-grams' are multiplied by the weight. Both lean to `EXPECTED` as if by a Gaussian prior.

    Args:
        net_logits: (rows, num_classes).
        ngram_logits: (rows, num_classes).
        labels: (rows,) class ids.
        lengths: (rows,) tokens of each text.
    """
    logs = np.log(lengths)

    def unpacked(found: np.ndarray) -> tuple[np.ndarray, float]:
        slope = found[2] if len(found) > 2 else 0.0
        log_temperatures = np.clip(found[0] + slope * logs, *LOG_TEMPERATURES)
        return np.exp(log_temperatures)[:, None], float(np.clip(found[1], *WEIGHTS))

    def loss(found: np.ndarray) -> float:
        temperatures, weight = unpacked(found)
        probs = softmax(net_logits / temperatures + weight * ngram_logits)
        doubt = float((((found[:2] - EXPECTED) / SPREAD) ** 2).sum()) / 2
        return negative_log_likelihood(probs, labels) + doubt / len(labels)

    has_slope = bool(len(labels) >= MIN_SLOPE_ROWS and np.ptp(logs) > 0)
    start = [*EXPECTED, 0.0] if has_slope else [*EXPECTED]
    found = minimize(loss, start, method="Nelder-Mead").x
    temperature = float(np.exp(np.clip(found[0], *LOG_TEMPERATURES)))
    return temperature, float(found[2]) if has_slope else 0.0, float(np.clip(found[1], *WEIGHTS))
