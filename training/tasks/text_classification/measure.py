"""What a trained classifier answers to texts: its calibration, its figures on test sets."""

import logging
from collections.abc import Sequence

import numpy as np
import torch

from model_store import ClassifierConfig, Tokenizer
from training.data.batches import TextBatches
from training.data.labelled_texts import ClassificationData
from training.data.vocab import encode_corpus
from training.nets.classifier import FEWEST_TOKENS, TextClassifier
from training.reports import metrics
from training.reports.baseline import Baseline
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
    net.temperature.fill_(temperature)
    net.temperature_slope.fill_(slope)
    log.info(
        "probabilities calibrated on validation texts (temperature %.3f, times length to the %.3f)",
        temperature,
        slope,
    )
    return metrics.softmax(logits / (temperature * lengths**slope)[:, None])


def answer_tests(
    net: TextClassifier, data: ClassificationData, tokenizer: Tokenizer, config: ClassifierConfig
) -> dict[str, np.ndarray]:
    """Return the probabilities of each test set's texts; without a token, all are as likely."""
    answers = {}
    for name, rows in data.tests.items():
        encoded = [config.cut(ids) for ids in encode_corpus(tokenizer, rows.texts)]
        filled = [place for place, ids in enumerate(encoded) if ids]
        logits = np.zeros((len(rows), len(config.labels)), np.float32)
        logits[filled] = predict_logits(net, [encoded[place] for place in filled])
        answers[name] = metrics.softmax(logits)
    return answers


def examine_tests(
    data: ClassificationData, answers: dict[str, np.ndarray], *, with_baseline: bool
) -> list[TestResult]:
    """Measure each test set, next to a bag of words trained on the same rows."""
    baseline = None
    if with_baseline and data.tests:
        log.info("fitting a bag of words to compare with (--no-baseline leaves it out)")
        baseline = Baseline(data.train.texts, data.train.labels)
    return [
        examine(name, rows, answers[name], None if baseline is None else baseline.probs(rows.texts))
        for name, rows in data.tests.items()
    ]
