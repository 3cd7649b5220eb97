"""The table of a network's layers, as Keras' `summary()` prints one."""

from collections.abc import Iterator

from torch import Tensor, nn


def layer_table(net: nn.Module) -> str:
    """Return a line for each layer that learns: its name, its weights' shapes, their numbers.

    Weights that two layers share are counted once, where they come first.
    """
    rows = list(_rows(net))
    total = sum(parameter.numel() for parameter in net.parameters())
    lines = [("layer", "shape", "parameters"), *rows, ("total", "", f"{total:,}")]
    names, shapes, counts = (max(len(line[column]) for line in lines) for column in range(3))
    return "\n".join(
        f"{name:{names}}  {shape:{shapes}}  {count:>{counts}}" for name, shape, count in lines
    )


def _rows(net: nn.Module) -> Iterator[tuple[str, str, str]]:
    counted: set[int] = set()
    for name, layer in net.named_modules():
        own = list(layer.parameters(recurse=False))
        new = [weight for weight in own if id(weight) not in counted]
        counted.update(map(id, own))
        if own:
            kind = str(getattr(layer, "cell", type(layer).__name__.lower()))
            number = f"{sum(weight.numel() for weight in new):,}"
            yield f"{name or 'net'} ({kind})", _shape(own), number


def _shape(weights: list[Tensor]) -> str:
    """Write the shapes of the matrices, or of what there is where there is none."""
    matrices = [weight for weight in weights if weight.dim() > 1] or weights
    return ", ".join("x".join(map(str, weight.shape)) for weight in matrices)
