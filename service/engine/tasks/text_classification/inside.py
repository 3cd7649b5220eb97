"""The inside of a text classifier while it reads, and what its answer owes to each unit."""

from collections.abc import Sequence

import numpy as np

from model_store import ClassifierConfig
from service.engine.arrays import Floats
from service.engine.gates.cells import GiveWay
from service.engine.gates.inside import Inside
from service.engine.gates.network import Network, Tensors, outputs_of, wide
from service.engine.requests.gates import Gates, GatesAsk, ReadToken


class ClassifierInside:
    """Tells the inside of one version of a text classifier.

    Args:
        inside: Its weights.
        config: Its configuration.
    """

    def __init__(self, inside: Inside, config: ClassifierConfig) -> None:
        """Remember what is read."""
        self.inside = inside
        self._config = config

    def tell(
        self,
        ask: GatesAsk,
        tokens: Sequence[ReadToken],
        *,
        label: int,
        give_way: GiveWay,
    ) -> Gates:
        """Read a text and tell what was asked for.

        Args:
            ask: What is to be told.
            tokens: The text as the network reads it.
            label: Place of the label that the text got.
            give_way: See `cells.GiveWay`.
        """
        tensors, shape = self.inside.open(), self.inside.shape
        network = Network(tensors, shape, give_way)
        traces = network.read([token.token_id for token in tokens])
        influences = None
        if ask.units is not None:
            states = outputs_of(traces[-1])
            slopes = score_slopes(tensors, self._config, states, label)
            influences = network.influences(traces, slopes)
        layers = self.inside.layers(ask, traces, influences)
        return Gates(shape.cell, shape.hidden_size, shape.num_layers, tuple(tokens), layers)


def score_slopes(tensors: Tensors, config: ClassifierConfig, states: Floats, label: int) -> Floats:
    """Return the derivative of the network's own score of a label by its hidden states.

    The score is the label's logit minus the log-sum-exp of the others': for two labels how far one
    is before the other. Temperature and n-grams, which are no part of the network, are left out.

    Args:
        tensors: The stored weights.
        config: The model's configuration.
        states: (tokens, directions * hidden_size) of the last layer.
        label: The label's place.
    """
    names = [*(f"dense.{place}" for place in range(len(config.dense_dims))), "output"]
    layers = [(wide(tensors[f"{name}.weight"]), wide(tensors[f"{name}.bias"])) for name in names]
    values, are_on = _pool(states, config), []
    for weight, bias in layers[:-1]:
        sums = weight @ values + bias
        are_on.append(sums > 0)
        values = np.maximum(sums, 0)
    slopes = _logit_slopes(layers[-1], values, label)
    for (weight, _), is_on in zip(reversed(layers[:-1]), reversed(are_on), strict=True):
        slopes = (slopes * is_on) @ weight
    return _unpool(slopes, states, config)


def _logit_slopes(output: tuple[Floats, Floats], values: Floats, label: int) -> Floats:
    """Return the score's derivative by what the output layer reads."""
    weight, bias = output
    if len(weight) == 1:  # one sigmoid unit: the second label's logit, the first one's is zero
        own: Floats = weight[0] if label == 1 else -weight[0]
        return own
    logits = weight @ values + bias
    logits[label] = -np.inf
    shares = np.exp(logits - logits.max())
    slopes = -shares / shares.sum()
    slopes[label] = 1.0
    return np.asarray(slopes @ weight)


def _last(states: Floats, config: ClassifierConfig) -> Floats:
    """Return the last state of each direction: a backward pass ends at the first token."""
    size = config.hidden_size
    return np.concatenate([states[-1, :size], states[0, size:]])


def _pool(states: Floats, config: ClassifierConfig) -> Floats:
    pools = {"last": _last(states, config), "max": states.max(axis=0), "mean": states.mean(axis=0)}
    return np.concatenate([pools[name] for name in _pools(config)])


def _pools(config: ClassifierConfig) -> tuple[str, ...]:
    return ("last", "max", "mean") if config.pooling == "concat" else (config.pooling,)


def _unpool(slopes: Floats, states: Floats, config: ClassifierConfig) -> Floats:
    """Return the derivative by each state of that by the pooled ones."""
    size, columns = config.hidden_size, np.arange(states.shape[1])
    of_states: Floats = np.zeros_like(states)
    pools = _pools(config)
    parts = dict(zip(pools, np.split(slopes, len(pools)), strict=True))
    if "last" in parts:
        of_states[-1, :size] += parts["last"][:size]
        of_states[0, size:] += parts["last"][size:]
    if "max" in parts:
        of_states[states.argmax(axis=0), columns] += parts["max"]
    if "mean" in parts:
        of_states += parts["mean"] / len(states)
    return of_states
