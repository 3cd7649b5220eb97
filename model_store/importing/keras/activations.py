"""Activations as Keras' configurations name them, with the constants of the version that wrote."""

from collections.abc import Mapping
from typing import Any

from model_store.importing.functions import IN_CELLS
from model_store.importing.keras.source import Layer
from model_store.importing.network import Activation
from model_store.importing.reference import FUNCTIONS

OTHER_NAMES = {"swish": "silu", "hard_swish": "hard_silu", None: "linear"}


def activation_of(layer: Layer, key: str, default: str = "linear", *, in_cell: bool = False) -> Any:
    """Return the `Activation` that a layer's configuration names.

    `hard_sigmoid` is 0.2 x + 0.5 in Keras 2 and x / 6 + 0.5 in Keras 3: the file's own version
    counts.

    Args:
        layer: The layer.
        key: Where its configuration names it.
        default: What holds where it does not.
        in_cell: Whether it stands inside of a recurrent layer, where ONNX has fewer.

    Raises:
        Refused: If it is not known, or is code.
    """
    got = layer.config.get(key, default)
    if isinstance(got, Mapping):
        got = _named(layer, key, got)
    name = OTHER_NAMES.get(got, got)
    known = IN_CELLS if in_cell else FUNCTIONS
    if not isinstance(name, str) or name not in known:
        where = "inside of recurrent layers" if in_cell else "here"
        raise layer.refused(
            f"{key} {str(got)!r} is not known {where}", f"These are: {', '.join(sorted(known))}"
        )
    if name == "hard_sigmoid":
        return Activation(name, 0.2 if layer.major < 3 else 1 / 6, 0.5)
    if name == "leaky_relu":
        return Activation(name, 0.2)
    return Activation(name, 1.0 if name == "elu" else 0.0)


def _named(layer: Layer, key: str, entry: Mapping[str, Any]) -> str | None:
    """Return the name in a serialized function, unless it is someone's own."""
    registered = str(entry.get("registered_name") or "")
    module = str(entry.get("module") or "")
    config = entry.get("config")
    is_own = module in ("builtins", "") or module.split(".")[0] in ("keras", "tensorflow")
    is_custom = not is_own or ">" in registered or (registered not in ("function", "", str(config)))
    if is_custom or not isinstance(config, str) or entry.get("class_name") == "__lambda__":
        raise layer.refused(
            f"{key} is a function of your own, and importing runs no code of a file",
            "Use one of Keras' own and save the model again",
        )
    return config
