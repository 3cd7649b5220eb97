"""How good a classifier is: accuracy, F1, calibration. Plain arrays in, plain numbers out."""

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import f1_score

LOG_BOUNDS = (np.log(0.1), np.log(10.0))  # of temperatures
MIN_SLOPE_ROWS = 500


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities of logits (rows, num_classes)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return probs


def negative_log_likelihood(probs: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean loss in nats of probabilities (rows, num_classes)."""
    chosen = probs[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, 1e-12, None)).mean())


def fit_temperature(
    logits: np.ndarray, labels: np.ndarray, lengths: np.ndarray
) -> tuple[float, float]:
    """Return the temperature, and its slope, that make validation labels most likely.

    Temperature scaling (Guo et al. 2017), but for `temperature * length ** slope`: a net that has
    learned from sentences and whole reviews is too sure of the ones and too unsure of the others.
    The slope is 0 where there are too few rows to tell it.

    Args:
        logits: (rows, num_classes), not scaled yet.
        labels: (rows,) class ids.
        lengths: (rows,) tokens of each text, as the net counts them.
    """
    logs = np.log(lengths)

    def loss(found: np.ndarray) -> float:
        log_t = np.clip(found[0] + (found[1] * logs if len(found) > 1 else 0.0), *LOG_BOUNDS)
        return negative_log_likelihood(softmax(logits / np.exp(log_t).reshape(-1, 1)), labels)

    start = [0.0] if len(labels) < MIN_SLOPE_ROWS or np.ptp(logs) == 0 else [0.0, 0.0]
    found = minimize(loss, start, method="Nelder-Mead").x
    slope = float(found[1]) if len(found) > 1 else 0.0
    return float(np.exp(np.clip(found[0], *LOG_BOUNDS))), slope


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
