"""Weights in 8 bits, in the order in which the engine reads them.

`kernels/layout.h` draws the packed form. Every width is padded to `WIDTH` units with zeros, which
stay zeros through every cell, so that nothing after it has to know.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

WIDTH = 16
QUAD = 4
ZERO_POINT = 128
LARGEST = 127

Kind = TypeVar("Kind", bound=np.generic)
Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]
UnsignedBytes = NDArray[np.uint8]


def padded(size: int) -> int:
    """Return a width rounded up to whole vectors."""
    return -(-size // WIDTH) * WIDTH


def pad(array: NDArray[Kind], *, axis: int) -> NDArray[Kind]:
    """Return an array with zeros at the end of an axis, up to whole vectors."""
    missing = padded(array.shape[axis]) - array.shape[axis]
    return np.pad(array, [(0, missing if place == axis else 0) for place in range(array.ndim)])


def quantize_rows(weights: Floats) -> tuple[Bytes, Floats]:
    """Round each row of a matrix to 8 bits by a scale of its own.

    Args:
        weights: (rows, inputs), finite.

    Returns:
        Whole numbers from -127 to 127, and (rows,) what one of them is worth; 1 for a row of zeros,
        or of numbers so small that 32 bits have none for that.
    """
    steps = (np.abs(weights).max(axis=1, initial=0.0) / LARGEST).astype(np.float32)
    scales = np.where(steps > 0, steps, np.float32(1))
    whole = np.rint(weights / scales[:, None]).clip(-LARGEST, LARGEST)
    return whole.astype(np.int8), scales


def as_rounded(states: Floats) -> Floats:
    """Return states, in [-1, 1], as the next product reads them."""
    rounded: Floats = np.rint(states * np.float32(LARGEST)) * (np.float32(1) / np.float32(LARGEST))
    return rounded


def pack(whole: Bytes) -> Bytes:
    """Return a matrix (outputs, inputs), both whole vectors, as (blocks, quads, 16, 4)."""
    outputs, inputs = whole.shape
    blocks = whole.reshape(outputs // WIDTH, WIDTH, inputs // QUAD, QUAD)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3))


def unpack(packed: Bytes) -> Bytes:
    """Return what `pack` was given."""
    blocks, quads, width, quad = packed.shape
    return packed.transpose(0, 2, 1, 3).reshape(blocks * width, quads * quad)


def by_units(rows: NDArray[Kind], num_gates: int) -> NDArray[Kind]:
    """Order a layer's rows (gates * hidden_size, …) so that a unit's gates lie side by side.

    Returns:
        (gates * padded hidden_size, …): blocks of 16 units, in each one block a gate.
    """
    rest = rows.shape[1:]
    gates = pad(rows.reshape(num_gates, -1, *rest), axis=1)
    blocks = gates.reshape(num_gates, -1, WIDTH, *rest).swapaxes(0, 1)
    return np.ascontiguousarray(blocks).reshape(-1, *rest)


def spread(weights: Floats, parts: Sequence[int]) -> Floats:
    """Widen the inputs of a matrix, which are made of parts, by zeros so that each is padded.

    Args:
        weights: (rows, inputs).
        parts: Widths of the parts, which add up to `inputs`.
    """
    ends = np.cumsum(parts)[:-1]
    columns = [pad(part, axis=1) for part in np.split(weights, ends, axis=1)]
    return np.concatenate(columns, axis=1)
