"""What a logistic regression has learned, by class."""

import numpy as np
from sklearn.linear_model import LogisticRegression

UNSEEN = -10.0  # bias of a class that had no row, under the lowest of the others


def by_class(model: LogisticRegression, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (num_classes, num_features) and bias (num_classes,).

    Of two classes scikit-learn keeps one row that tells of both, and of a class without a row
    none; here each has its own.

    Args:
        model: Fitted to class ids from 0.
        num_classes: Classes that there are.
    """
    weights, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    if len(model.classes_) == num_classes:
        return weights, bias
    all_weights = np.zeros((num_classes, weights.shape[1]), weights.dtype)
    all_bias = np.full(num_classes, bias.min() + UNSEEN, bias.dtype)
    all_weights[model.classes_], all_bias[model.classes_] = weights, bias
    return all_weights, all_bias
