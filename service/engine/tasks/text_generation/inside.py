"""The inside of a generator while it reads and writes, and what it expects after each token."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.engine.answer_stream import TokenTexts
from service.engine.arrays import Floats
from service.engine.gates.cells import GiveWay, State
from service.engine.gates.inside import Inside
from service.engine.gates.network import Network, Tensors, outputs_of, wide
from service.engine.requests.gates import Gates, GatesAsk, ReadToken
from service.engine.token_sampler import log_softmax

NUM_EXPECTED = 5
CHUNK = 64  # tokens whose logits are worked out together: 2.6 MB of a vocabulary of 10,000


@dataclass(frozen=True, eq=False, slots=True)
class Outlook:
    """What a network holds of the tokens to come, after each token.

    Args:
        best: The most probable tokens and their probabilities, best first.
        slopes: (tokens, hidden_size), the derivative of the answer's log probability by each hidden
            state of the last layer.
    """

    best: Sequence[Sequence[tuple[int, float]]]
    slopes: Floats


class GeneratorInside:
    """Tells the inside of one version of a generator.

    Args:
        inside: Its weights.
        texts: What each token is.
        banned: Tokens that are never drawn.
    """

    def __init__(self, inside: Inside, texts: TokenTexts, banned: Sequence[int] = ()) -> None:
        """Remember what is read."""
        self.inside = inside
        self._banned = banned
        self._texts = texts

    def teller(
        self,
        ask: GatesAsk,
        read: Sequence[int],
        *,
        start: Sequence[State] | None,
        give_way: GiveWay,
    ) -> Callable[[Sequence[int]], Gates]:
        """Return what tells the inside of an answer, given its tokens without the model's own end.

        Args:
            ask: What is to be told.
            read: Tokens that are read before the answer.
            start: A state per layer to go on from, or None.
            give_way: See `cells.GiveWay`.
        """

        def tell(written: Sequence[int]) -> Gates:
            tensors, shape = self.inside.open(), self.inside.shape
            network = Network(tensors, shape, give_way)
            token_ids = [*read, *written]
            traces = network.read(token_ids, start)
            outlook = outlook_of(
                *(tensors, shape.as_read(outputs_of(traces[-1])), token_ids[1:]),
                num_scored=len(written),
                banned=self._banned,
                give_way=give_way,
            )
            influences = None
            if ask.units is not None:
                influences = network.influences(traces, outlook.slopes)
            tokens = self._tokens(token_ids, outlook, num_read=len(read))
            layers = self.inside.layers(ask, traces, influences)
            return Gates(shape.cell, shape.hidden_size, shape.num_layers, tokens, layers)

        return tell

    def _tokens(
        self, token_ids: Sequence[int], outlook: Outlook, *, num_read: int
    ) -> tuple[ReadToken, ...]:
        texts = self._texts
        return tuple(
            ReadToken(
                texts.text_of(token_id),
                token_id=token_id,
                is_special=token_id in texts.names,
                is_written=place >= num_read,
                expects=tuple((texts.text_of(one), share) for one, share in best),
            )
            for place, (token_id, best) in enumerate(zip(token_ids, outlook.best, strict=True))
        )


def states_by_layer(state: Sequence[Floats]) -> list[State]:
    """Return the state of one row, (num_layers, 1, hidden_size) a part, as equations take it."""
    return [tuple(part[layer, 0] for part in state) for layer in range(len(state[0]))]


def outlook_of(
    tensors: Tensors,
    states: Floats,
    following: Sequence[int],
    *,
    num_scored: int,
    give_way: GiveWay,
    banned: Sequence[int] = (),
) -> Outlook:
    """Work out what a network expects after each token, and the slopes of its answer.

    The answer's score is the sum of the log probabilities of its tokens; where it has none, that of
    the token that is the most probable after the last one read.

    Args:
        tensors: The stored weights.
        states: (tokens, hidden_size) of the last layer.
        following: The token after each one but the last.
        num_scored: How many of those, from the end, are the answer's.
        give_way: See `cells.GiveWay`.
        banned: Tokens that are never drawn, and so not expected.
    """
    weight = wide(tensors.get("decoder.weight", tensors["stack.embedding.weight"]))
    bias = wide(tensors["decoder.bias"])
    slopes: Floats = np.zeros_like(states)
    best: list[list[tuple[int, float]]] = []
    scored = range(len(states) - 1 - num_scored, len(states) - 1)
    for first in range(0, len(states), CHUNK):
        give_way()
        logits = states[first : first + CHUNK] @ weight.T + bias
        logits[:, list(banned)] = -np.inf
        probs = np.exp(log_softmax(logits))
        order = np.argsort(-probs, axis=1, kind="stable")[:, :NUM_EXPECTED]
        shares = np.take_along_axis(probs, order, axis=1)
        rows = zip(order.tolist(), shares.tolist(), strict=True)
        best += [list(zip(ids, own, strict=True)) for ids, own in rows]
        for place in range(first, first + len(probs)):
            is_outlook = num_scored == 0 and place == len(states) - 1
            if place in scored or is_outlook:
                target = best[place][0][0] if is_outlook else following[place]
                slopes[place] = weight[target] - probs[place - first] @ weight
    return Outlook(best, slopes)
