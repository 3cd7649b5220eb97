"""What a trained classifier answers to texts: its calibration, its figures on test sets."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from model_store import ClassifierConfig, Tokenizer
from training.data.batches import TextBatches
from training.data.labelled_texts import ClassificationData, Rows
from training.data.vocab import encode_corpus
from training.nets.classifier import FEWEST_TOKENS, TextClassifier
from training.nets.ngrams import NgramPath
from training.reports import metrics
from training.reports.baseline import BASELINES, Baseline
from training.tasks.text_classification.comparison import beaten_by, doubts_about_answers
from training.tasks.text_classification.encoding import EncodedRows
from training.tasks.text_classification.examination import TestResult, examine

log = logging.getLogger(__name__)

MIN_CALIBRATION_ROWS = 30


@torch.inference_mode()
def predict_logits(
    net: TextClassifier, rows: Sequence[Sequence[int]], *, batch_size: int = 64
) -> np.ndarray:
    """Return logits (num_texts, num_classes) in the order of `rows`."""
    net.eval()
    batches = TextBatches(rows, list(range(len(rows))), batch_size=batch_size)
    logits = np.empty((len(rows), net.config.num_classes), np.float32)
    for batch in batches:  # a batch's labels are the places of its texts
        logits[batch.labels.numpy()] = net(batch.token_ids, batch.lengths).float().numpy()
    return logits


def calibrate(net: TextClassifier, held_out: EncodedRows) -> np.ndarray:
    """Fit the net's temperature on validation rows; return their calibrated probabilities.

    Few rows would tell more of themselves than of the net: it then stays as it is.
    """
    logits = predict_logits(net, held_out.rows)
    if len(logits) < MIN_CALIBRATION_ROWS:
        log.info("not calibrated: fewer than %d validation texts", MIN_CALIBRATION_ROWS)
        return metrics.softmax(logits)
    lengths = np.maximum([len(row) for row in held_out.rows], FEWEST_TOKENS)
    temperature, slope = metrics.fit_temperature(logits, held_out.labels, lengths)
    if np.isclose(abs(np.log(temperature)), metrics.LOG_BOUNDS[1], atol=1e-3):
        log.info(
            "not calibrated: no temperature from %.1f to %.1f makes the validation labels likely",
            *np.exp(metrics.LOG_BOUNDS),
        )
        return metrics.softmax(logits)
    net.temperature.fill_(temperature)
    net.temperature_slope.fill_(slope)
    log.info(
        "probabilities calibrated on validation texts (temperature %.3f, times length to the %.3f)",
        temperature,
        slope,
    )
    return metrics.softmax(logits / (temperature * lengths**slope)[:, None])


class Answers(NamedTuple):
    """Probabilities (num_texts, num_classes) of a model, and of each of its paths alone."""

    probs: np.ndarray
    paths: dict[str, np.ndarray]


def answer(
    net: TextClassifier, rows: Rows, tokenizer: Tokenizer, config: ClassifierConfig
) -> Answers:
    """Return what a net says of texts; of those without a token, all labels are as likely."""
    encoded = [config.cut(ids) for ids in encode_corpus(tokenizer, rows.texts)]
    filled = [place for place, ids in enumerate(encoded) if ids]
    kept = [encoded[place] for place in filled]

    def probs(logits: np.ndarray) -> np.ndarray:
        everywhere = np.zeros((len(rows), len(config.labels)), np.float32)
        everywhere[filled] = logits
        return metrics.softmax(everywhere)

    logits = predict_logits(net, kept)
    if net.ngrams is None:
        return Answers(probs(logits), {})
    ngrams = path_logits(net.ngrams, kept)
    return Answers(probs(logits), {"network": probs(logits - ngrams), "ngrams": probs(ngrams)})


def examine_tests(
    data: ClassificationData, answers: Mapping[str, Answers], *, with_baseline: bool
) -> list[TestResult]:
    """Measure each test set, next to bags of words and of characters of the same rows."""
    bags: dict[str, Baseline] = {}
    if with_baseline and data.tests:
        log.info("fitting bags of words and characters to compare with (or: --no-baseline)")
        bags = {name: fit(data.train.texts, data.train.labels) for name, fit in BASELINES.items()}
    found = []
    for name, rows in data.tests.items():
        probs, paths = answers[name]
        compared = {bag: each.probs(rows.texts, num_classes=probs.shape[1])
                    for bag, each in bags.items()}  # fmt: skip
        found.append(examine(name, rows, probs, paths | compared))
        labels = np.asarray(rows.labels)
        for doubt in (
            beaten_by(name, probs, compared, labels),
            *doubts_about_answers(name, probs, labels, data.labels),
        ):
            if doubt:
                log.warning("warning: %s", doubt)
    return found


@torch.inference_mode()
def path_logits(
    path: NgramPath, rows: Sequence[Sequence[int]], *, batch_size: int = 32
) -> np.ndarray:
    """Return the linear path's logits (num_texts, num_classes)."""
    logits = np.empty((len(rows), len(path.bias)), np.float32)
    for batch in TextBatches(rows, list(range(len(rows))), batch_size=batch_size):
        logits[batch.labels.numpy()] = path(batch.token_ids, batch.lengths)[
            torch.arange(len(batch.lengths)), batch.lengths - 1
        ].numpy()
    return logits
