"""Networks that learn the made-up language of `language`, and how often they are right.

A plain loop over sentences that are drawn anew for each step: nothing is learned by heart, so none
are held out. Knows nothing of the store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from model_store import Tokenizer
from training.data.vocab import train_tokenizer
from training.fitting.memory import gated_layers, set_chrono, set_keeping
from training.lessons.language import LABELS, sentence
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import Cell, StackConfig
from training.nets.recurrent import RecurrentLayer

LEARNED = 0.01  # nats: a mean loss at which a training is over
SMOOTHING = 0.9  # of that mean, a step
VOCAB_SIZE = 200  # at most; the language has under a hundred words
TOKENIZER_SENTENCES = 2_000
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Start:
    """A cell and where its gates start.

    Args:
        name: As it stands in tables.
        cell: "rnn", "lstm" or "gru".
        forget_bias: Of the gate that keeps the memory; None leaves it as it is drawn.
        chrono: Whether it is drawn for the longest distance instead, see `memory.set_chrono`.
        recurrent_scale: What the weights from state to state are multiplied by.
    """

    name: str
    cell: Cell
    forget_bias: float | None = None
    chrono: bool = False
    recurrent_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is trained.

    Args:
        steps: Updates at most.
        hidden_size: Width of the state.
        embedding_dim: Width of a word's vector.
        learning_rate: Of Adam (Kingma and Ba 2015).
        batch_size: Sentences a step.
        longest: Tokens that a chrono initialisation is drawn for.
    """

    steps: int = 600
    hidden_size: int = 32
    embedding_dim: int = 16
    learning_rate: float = 3e-3
    batch_size: int = 32
    longest: int = 120


def learn_tokenizer() -> Tokenizer:
    """Learn the language's words."""
    draw = Random(0)
    texts = [sentence(draw, 40)[0] for _ in range(TOKENIZER_SENTENCES)]
    return train_tokenizer("word", texts, vocab_size=VOCAB_SIZE)


def build(start: Start, plan: Plan, vocab_size: int, *, seed: int) -> TextClassifier:
    """Build a network whose last state chooses the country."""
    torch.manual_seed(seed)
    stack = StackConfig(vocab_size, plan.embedding_dim, plan.hidden_size, cell=start.cell)
    net = TextClassifier(ClassifierNetConfig(stack, num_classes=len(LABELS), pooling="last"))
    for layer in gated_layers(net):
        if start.chrono:
            set_chrono(layer, plan.longest)
        elif start.forget_bias is not None:
            set_keeping(layer, torch.tensor(start.forget_bias))
    with torch.no_grad():
        layer_of(net).weight_hh.mul_(start.recurrent_scale)
    return net


def layer_of(net: TextClassifier) -> RecurrentLayer:
    """Return the one recurrent layer of a network of these lessons."""
    (layer,) = (part for part in net.modules() if isinstance(part, RecurrentLayer))
    return layer


Batch = tuple[Tensor, Tensor, Tensor]
"""Token ids (batch, seq_len) padded on the right, lengths (batch,), countries (batch,)."""


def draw_batch(draw: Random, tokenizer: Tokenizer, size: int, distance: Callable[[], int]) -> Batch:
    """Draw sentences, each over the distance that `distance` gives for it."""
    drawn = [sentence(draw, distance()) for _ in range(size)]
    rows = [tokenizer.encode_ids(text) for text, _ in drawn]
    longest = max(map(len, rows))
    return (
        torch.tensor([row + [0] * (longest - len(row)) for row in rows]),
        torch.tensor([len(row) for row in rows]),
        torch.tensor([LABELS.index(country) for _, country in drawn]),
    )


def train(
    net: TextClassifier,
    tokenizer: Tokenizer,
    plan: Plan,
    distance: Callable[[Random], int],
    *,
    seed: int,
) -> list[float]:
    """Train until the mean loss is `LEARNED`, or all steps are made.

    Args:
        net: Is trained in place.
        tokenizer: What it reads with.
        plan: How.
        distance: Draws a sentence's.
        seed: Of the sentences.

    Returns:
        The loss of each step, in nats.
    """
    optimizer = torch.optim.Adam(net.parameters(), plan.learning_rate)
    draw, mean = Random(seed), 1.0
    losses: list[float] = []
    while len(losses) < plan.steps and mean >= LEARNED:
        ids, lengths, countries = draw_batch(
            draw, tokenizer, plan.batch_size, lambda: distance(draw)
        )
        loss = cross_entropy(net(ids, lengths), countries)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        losses.append(loss.item())
        mean = SMOOTHING * mean + (1 - SMOOTHING) * losses[-1]
    return losses


@torch.inference_mode()
def accuracy(
    net: TextClassifier, tokenizer: Tokenizer, distance: int, *, sentences: int = 500
) -> float:
    """Return the share of new sentences over `distance` whose country is found."""
    net.eval()
    draw = Random(-1 - distance)  # no seed of a training
    ids, lengths, countries = draw_batch(draw, tokenizer, sentences, lambda: distance)
    return float((net(ids, lengths).argmax(dim=1) == countries).float().mean())
