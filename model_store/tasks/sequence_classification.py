"""Many to one, of numbers: rows of numbers in, a probability for each label out."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from model_store.config import RecurrentConfig, Text
from model_store.golden import GoldenCase, NumbersCase
from model_store.labels import Distinct, check_probs, check_width
from model_store.tokenizer import Tokenizer


class SequenceClassifierConfig(RecurrentConfig):
    """A recurrent classifier of sequences of numbers; how they are scaled is part of its graph.

    Args:
        num_features: Numbers in a row, which is a time step.
        bidirectional: Whether a second stack reads backwards.
        pooling: "concat" feeds [last, max, mean] of the hidden states to the head, "last", "max"
            and "mean" only one of them; "other" is what a graph made elsewhere does.
        dense_dims: Widths of the head's hidden layers, may be empty.
        labels: Class names in the order of the graph's `probs`.
        max_seq_len: Rows that are read at most; longer sequences are refused.
    """

    golden_case: ClassVar[type[GoldenCase]] = NumbersCase

    task: Literal["sequence-classification"] = "sequence-classification"
    num_features: PositiveInt
    bidirectional: bool = False
    pooling: Literal["concat", "last", "max", "mean", "other"] = "concat"
    dense_dims: tuple[PositiveInt, ...] = ()
    labels: Annotated[tuple[Text, ...], Field(min_length=2), Distinct]
    max_seq_len: PositiveInt

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input, -1 for any size."""
        return (-1, self.num_features)

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a case has rows of the right width and a probability a label."""
        check_width(case, self.num_features)
        check_probs(case, self.labels)


CONFIG = SequenceClassifierConfig
