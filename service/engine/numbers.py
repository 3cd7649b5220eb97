"""From the numbers of a request to an array that a model takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.engine.arrays import Floats
from service.errors import InvalidInput

LARGEST = 3.4e38  # what a number may be in 32 bits


def to_array(given: Any, input_shape: Sequence[int], *, max_rows: int, param: str) -> Floats:
    """Return numbers as float32 (rows, num_features); an input of a fixed size is one row.

    Args:
        given: Nested lists of numbers, or an array.
        input_shape: What the model takes: (-1, num_features) or (num_features,).
        max_rows: Rows at most.
        param: The field that they were sent in.

    Raises:
        InvalidInput: They have another shape, or are no numbers that 32 bits can hold.
    """
    try:
        array = np.asarray(given, np.float64)
    except OverflowError as exc:
        raise _too_large(param) from exc
    except (TypeError, ValueError) as exc:
        raise InvalidInput(
            f"`{param}` has rows of different lengths, or what is no number", param=param
        ) from exc
    num_features = input_shape[-1]
    is_fixed = len(input_shape) == 1
    if is_fixed and array.size == num_features:
        array = array.reshape(1, num_features)
    if array.ndim != 2 or array.shape[1] != num_features or not len(array):
        wanted = f"{num_features} numbers" if is_fixed else f"rows of {num_features} numbers"
        raise InvalidInput(
            f"`{param}` has the shape {list(array.shape)}, this model takes {wanted}", param=param
        )
    if len(array) > max_rows:
        raise InvalidInput(
            f"`{param}` has {len(array)} rows, this model takes up to {max_rows}: send fewer",
            param=param,
        )
    if not (np.abs(array) <= LARGEST).all():  # NaN is not
        raise _too_large(param)
    return array.astype(np.float32)


def _too_large(param: str) -> InvalidInput:
    return InvalidInput(
        f"`{param}` has a number that is not finite in 32 bits: leave it out", param=param
    )
