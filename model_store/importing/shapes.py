"""What goes from step to step of a network; refuses steps that do not fit together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model_store.importing.network import (
    GATES,
    Activate,
    Embed,
    Join,
    Linear,
    MaskRows,
    Network,
    Normalize,
    Pool,
    Recurrent,
    Scale,
    Step,
)
from model_store.importing.refused import Refused

SAVE_AGAIN = "Save the model again with the program that made it"


@dataclass(frozen=True, slots=True)
class Shape:
    """A value between two steps.

    Args:
        width: Numbers in a vector; 0 for token ids.
        is_sequence: Whether there is a vector for each step of the input.
        mask: Place of the step whose mask it carries; None where all steps count.
    """

    width: int
    is_sequence: bool
    mask: int | None = None


def shapes_of(network: Network) -> list[Shape]:
    """Return the shape of what each step gives.

    Raises:
        Refused: If a step cannot take what it is given, named by its layer.
    """
    first = Shape(network.num_features, network.inputs != "vector")
    shapes: list[Shape] = []
    for place, step in enumerate(network.steps):
        given = [first if one < 0 else shapes[one] for one in step.inputs]
        shapes.append(_shape(step, given, place))
    last = shapes[-1]
    if last.is_sequence:
        raise Refused(
            f"layer {network.steps[-1].layer!r}",
            "the network gives an answer for each step, not one for the whole input",
            "Models that label each word are not imported; end with return_sequences=False or a "
            "pooling layer",
        )
    return shapes


def _shape(step: Step, given: Sequence[Shape], place: int) -> Shape:
    operation, shape = step.operation, given[0]
    if isinstance(operation, Embed):
        _check(step, shape.is_sequence and shape.width == 0, "it reads what are no token ids")
        return Shape(operation.table.shape[1], True, place if operation.mask_zero else None)
    if isinstance(operation, MaskRows):
        _check(step, shape.is_sequence, "there are no steps to mask")
        return replace(shape, mask=place)
    if isinstance(operation, Recurrent):
        return _recurrent(step, operation, shape)
    if isinstance(operation, Pool):
        _check(step, shape.is_sequence, "there are no steps to pool")
        return Shape(shape.width, False)
    if isinstance(operation, Linear):
        _check_width(step, operation.weight.shape[1], shape)
        return replace(shape, width=operation.weight.shape[0])
    if isinstance(operation, Scale | Normalize):
        _check_width(step, len(operation.scale), shape)
        return shape
    if isinstance(operation, Join):
        return _joined(step, operation, given)
    assert isinstance(operation, Activate)
    return shape


def _recurrent(step: Step, operation: Recurrent, shape: Shape) -> Shape:
    _check(step, shape.is_sequence, "there are no steps to read; the layer below gives one vector")
    for one in operation.directions:
        _check_width(step, one.weight_ih.shape[1], shape)
        rows = GATES[operation.cell] * one.hidden_size
        fits = all(
            len(array) == rows for array in (one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh)
        )
        _check(step, fits, f"its weights are not those of a {operation.cell.upper()}")
    if operation.return_sequences and operation.go_backwards and shape.mask is not None:
        raise Refused(
            f"layer {step.layer!r}",
            "go_backwards with return_sequences below a mask: Keras reverses the outputs and not "
            "the mask, so that the layers above read padding",
            "Use a Bidirectional layer, or no mask",
        )
    if operation.return_sequences:
        return replace(shape, width=operation.width)
    return Shape(operation.width, False)


def _joined(step: Step, operation: Join, given: Sequence[Shape]) -> Shape:
    first, widths = given[0], [one.width for one in given]
    same_kind = all(one.is_sequence == first.is_sequence for one in given)
    _check(step, same_kind, "it joins sequences with single vectors")
    _check(step, all(one.mask == first.mask for one in given), "it joins masked with other steps")
    if operation.kind == "concat":
        return replace(first, width=sum(widths))
    _check(step, len(set(widths)) == 1, f"it joins vectors of different widths {widths}")
    return first


def _check_width(step: Step, wanted: int, shape: Shape) -> None:
    reason = f"its weights are for {wanted} inputs, but the layer below gives {shape.width}"
    _check(step, wanted == shape.width, reason)


def _check(step: Step, is_right: bool, reason: str) -> None:
    if not is_right:
        raise Refused(f"layer {step.layer!r}", reason, SAVE_AGAIN)


def is_free_of_padding(network: Network) -> bool:
    """Tell whether no answer depends on masked steps, so that they need not be there at all.

    So it is where every step that counts steps knows of the mask; only a maximum does not, which
    Keras takes over masked steps as well.
    """
    shapes = shapes_of(network)
    masked = {place for place, shape in enumerate(shapes) if shape.mask is not None}
    return (
        bool(masked)
        and not any(
            isinstance(step.operation, Pool)
            and step.operation.kind != "mean"
            and masked.intersection(step.inputs)
            for step in network.steps
        )
        and all(shape.mask is not None for shape in shapes if shape.is_sequence)
    )
