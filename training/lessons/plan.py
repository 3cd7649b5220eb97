"""What the lessons train, and how: plain frozen data, which imports nothing slow."""

from dataclasses import dataclass

from training.nets.config import Cell


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
