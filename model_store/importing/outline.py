"""The layers of a network as a table, for people."""

from collections.abc import Iterator

from model_store.importing.network import (
    Activate,
    Embed,
    Join,
    Linear,
    MaskRows,
    Network,
    Normalize,
    Operation,
    Pool,
    Recurrent,
    Scale,
    arrays_of,
)
from model_store.importing.shapes import shapes_of
from model_store.tables import table


def layer_table(network: Network) -> str:
    """Return a line for each step: its layer, what it does, what it gives, its weights."""
    rows = []
    for step, shape in zip(network.steps, shapes_of(network), strict=True):
        given = f"(time, {shape.width})" if shape.is_sequence else f"({shape.width})"
        count = sum(array.size for array in arrays_of(step.operation))
        rows.append((step.layer, told(step.operation), given, f"{count:,}"))
    rows.append(("", network.ending, f"({network.num_classes} classes)", ""))
    return table(["layer", "does", "gives", "weights"], rows)


def told(operation: Operation) -> str:
    """Return an operation in a few words."""
    if isinstance(operation, Embed):
        masked = ", token 0 masked" if operation.mask_zero else ""
        return f"embedding of {len(operation.table):,} tokens{masked}"
    if isinstance(operation, Recurrent):
        return " ".join(_recurrent_words(operation))
    if isinstance(operation, Activate):
        return operation.activation.name
    if isinstance(operation, Pool):
        return f"{operation.kind} over time"
    if isinstance(operation, Join):
        return operation.kind
    names = {Linear: "dense", Scale: "batch normalization", Normalize: "layer normalization"}
    return {**names, MaskRows: "masking"}[type(operation)]


def _recurrent_words(operation: Recurrent) -> Iterator[str]:
    yield f"{operation.cell.upper()} {operation.forward.hidden_size}"
    if operation.backward is not None:
        yield f"both ways ({operation.merge})"
    if operation.go_backwards:
        yield "backwards"
    if operation.cell == "gru" and not operation.reset_after:
        yield "reset before"
    usual = {"tanh", "sigmoid"}
    for one in (operation.activation, operation.gate_activation):
        if one.name not in usual:
            yield one.name
