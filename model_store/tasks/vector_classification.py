"""One to one: numbers of a fixed size in, a probability for each label out."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from model_store.config import TaskConfig, Text
from model_store.golden import GoldenCase, NumbersCase
from model_store.labels import Distinct, check_probs, check_width
from model_store.tokenizer import Tokenizer


class VectorClassifierConfig(TaskConfig):
    """A feed-forward classifier; how its numbers are scaled is part of its graph.

    Args:
        num_features: Numbers in an input.
        dense_dims: Widths of the hidden layers, may be empty.
        labels: Class names in the order of the graph's `probs`.
    """

    golden_case: ClassVar[type[GoldenCase]] = NumbersCase

    task: Literal["vector-classification"] = "vector-classification"
    num_features: PositiveInt
    dense_dims: tuple[PositiveInt, ...] = ()
    labels: Annotated[tuple[Text, ...], Field(min_length=2), Distinct]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (self.num_features,)

    @property
    def max_seq_len(self) -> int:
        """Rows of an input: it is one."""
        return 1

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a case is one row of the right width and has a probability a label."""
        check_width(case, self.num_features, max_rows=1)
        check_probs(case, self.labels)


CONFIG = VectorClassifierConfig
