"""Many to one: a text in, a probability for each label out."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, NonNegativeInt, PositiveInt

from model_store.config import Text, TextConfig
from model_store.labels import Distinct
from model_store.tokenizer import Tokenizer

T = TypeVar("T")


class ClassifierConfig(TextConfig):
    """A many-to-one network: a text in, a probability for each label out.

    Args:
        bidirectional: Whether a second stack reads the text backwards.
        pooling: "concat" feeds [last, max, mean] of the hidden states to the head, "last" only
            the last one.
        dense_dims: Widths of the head's hidden layers, may be empty.
        ngrams: Tokens of the longest n-gram that the linear path reads beside the network; 0
            without such a path.
        labels: Class names in the order of the graph's `probs`.
        max_seq_len: Tokens that are read at most; longer texts are cut.
        truncation: Which part of a longer text is kept: the first tokens ("head"), the last
            ("tail"), or the first half and the last half ("both").
    """

    has_int8: ClassVar[bool] = True

    task: Literal["text-classification"] = "text-classification"
    bidirectional: bool = False
    pooling: Literal["concat", "last"] = "concat"
    dense_dims: tuple[PositiveInt, ...] = ()
    ngrams: NonNegativeInt = 0
    labels: Annotated[tuple[Text, ...], Field(min_length=2), Distinct]
    max_seq_len: PositiveInt
    truncation: Literal["head", "tail", "both"] = "head"

    def cut(self, items: Sequence[T]) -> list[T]:
        """Return the `max_seq_len` items that are kept of one per token (ids or offsets)."""
        excess = len(items) - self.max_seq_len
        if excess <= 0:
            return list(items)
        num_first = {"head": self.max_seq_len, "tail": 0, "both": (self.max_seq_len + 1) // 2}
        first = num_first[self.truncation]
        return [*items[:first], *items[first + excess :]]

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the token ids that the network reads: cut to `max_seq_len`."""
        return self.cut(tokenizer.encode_ids(text))

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check that there is one probability a label."""
        if num_outputs != len(self.labels):
            raise ValueError(f"{num_outputs} outputs for {len(self.labels)} labels")


CONFIG = ClassifierConfig
