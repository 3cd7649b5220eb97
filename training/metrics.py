"""How good a classifier is: accuracy, F1, calibration. Plain arrays in, plain numbers out."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score

from training.batches import TextBatches
from training.nets.classifier import TextClassifier


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


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities of logits (rows, num_classes)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return probs


def negative_log_likelihood(probs: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean loss in nats of probabilities (rows, num_classes)."""
    chosen = probs[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature that makes validation probabilities most likely (Guo et al. 2017)."""
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(softmax(logits / np.exp(log_t)), labels),
        bounds=(np.log(0.1), np.log(10.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def expected_calibration_error(
    probs: np.ndarray, labels: np.ndarray, *, num_bins: int = 15
) -> float:
    """Return how far confidence and accuracy differ on average, 0 to 1 (Guo et al. 2017)."""
    confidence, hits = probs.max(axis=1), probs.argmax(axis=1) == labels
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    error = 0.0
    for place in range(num_bins):
        inside = bins == place
        if inside.any():
            gap = abs(hits[inside].mean() - confidence[inside].mean())
            error += float(gap) * float(inside.mean())
    return error


def classification_metrics(probs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy, macro F1, loss in nats and expected calibration error."""
    predicted = probs.argmax(axis=1)
    return {
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0.0)),
        "loss": negative_log_likelihood(probs, labels),
        "calibration_error": expected_calibration_error(probs, labels),
    }
