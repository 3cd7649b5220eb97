"""One layer of a Keras file: its configuration, its weights, and how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_store.importing.keras.files import Weights
from model_store.importing.network import Array
from model_store.importing.refused import Refused

OWN_MODULES = ("keras", "tensorflow.keras", "tf_keras")
NUM_AXES = {"embeddings": (2,), "kernel": (2,), "recurrent_kernel": (2,), "bias": (1, 2)}
"""Axes of weights by their name, 1 for others; a GRU with reset_after has two rows of biases."""
FLOAT32 = ("float32", None)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer.

    Args:
        entry: Its entry in the model's configuration.
        weights: Finds its weights.
        major: Major version of the Keras that wrote the file.
        rank: Axes of its input, the batch included; None if that is not known.
        outer: The entry whose weights hold this layer's, and where in it, for one inside another.
    """

    entry: Mapping[str, Any]
    weights: Weights
    major: int
    rank: int | None = None
    outer: tuple[Mapping[str, Any], str] | None = None

    @property
    def kind(self) -> str:
        """Its class, such as "LSTM"."""
        return str(self.entry["class_name"])

    @property
    def config(self) -> Mapping[str, Any]:
        """Its own settings."""
        config: Mapping[str, Any] = self.entry["config"]
        return config

    @property
    def name(self) -> str:
        """What the model's author called it."""
        return str(self.config.get("name", self.kind))

    def inner(self, key: str) -> "Layer":
        """Return a layer that its configuration holds, whose weights lie in its own."""
        entry = self.config.get(key)
        if not isinstance(entry, Mapping) or "config" not in entry:
            raise self.refused(f"its {key} is missing", "Save the model again")
        return Layer(entry, self.weights, self.major, self.rank, (self.entry, key))

    def arrays(self, *names: str, part: str = "") -> list[Array]:
        """Return its weights, as many as are named.

        Raises:
            Refused: If there are others.
        """
        if self.outer is None:
            found = self.weights.of(self.entry, part)
        else:
            found = self.weights.of(self.outer[0], self.outer[1])
        if len(found) != len(names):
            raise self.refused(
                f"it has {len(found)} arrays of weights, not {', '.join(names)}",
                "Save the whole model again, after it was built and trained",
            )
        for name, array in zip(names, found, strict=True):
            if array.ndim not in NUM_AXES.get(name, (1,)):
                raise self.refused(f"its {name} has shape {array.shape}", "Save the model again")
        return found

    def refused(self, reason: str, way_out: str) -> Refused:
        """Return the error that names this layer."""
        return Refused(f"layer {self.name!r} ({self.kind})", reason, way_out)

    def check_is_keras(self, known: set[str]) -> None:
        """Refuse what is no layer of Keras itself, or none that can be imported."""
        module = str(self.entry.get("module") or "keras.layers")
        registered = self.entry.get("registered_name")
        is_own = module.split(".")[0] in OWN_MODULES or module.startswith(OWN_MODULES)
        if not is_own or (registered and ">" in str(registered)):
            raise self.refused(
                "it is a class of your own, and importing runs no code of a file",
                "Replace it by layers of Keras and save the model again",
            )
        if self.kind in ("Sequential", "Functional", "Model"):
            raise self.refused(
                "it is a model inside of the model", "Call its layers one by one instead"
            )
        if self.kind not in known:
            raise self.refused(
                "layers of this class are not imported",
                f"These are: {', '.join(sorted(known - {'Lambda', 'Flatten'}))}",
            )

    def check_precision(self) -> None:
        """Refuse a layer that computes in anything but float32."""
        policy = self.config.get("dtype")
        if isinstance(policy, Mapping):
            policy = (policy.get("config") or {}).get("name")
        if self.kind != "InputLayer" and policy not in FLOAT32:
            raise self.refused(
                f"it computes in {policy}",
                "Save it with the float32 policy: keras.config.set_dtype_policy('float32')",
            )
        if self.config.get("quantization_config"):
            raise self.refused("its weights are quantized", "Save the model before quantize()")

    def check_axis(self) -> None:
        """Refuse an axis other than the last."""
        axis = self.config.get("axis", -1)
        axes = axis if isinstance(axis, list) else [axis]
        last = -1 if self.rank is None else self.rank - 1
        if len(axes) != 1 or axes[0] not in (-1, last):
            raise self.refused(f"axis={axis}", "Only the last axis, -1, is imported")
