"""Many to one: a text in, a probability for each label out."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from model_store.config import Text, TextConfig
from model_store.labels import Distinct
from model_store.tokenizer import Tokenizer

T = TypeVar("T")


class ClassifierConfig(TextConfig):
    """A many-to-one network: a text in, a probability for each label out.

    Args:
        bidirectional: Whether a second stack reads the text backwards.
        pooling: "concat" feeds [last, max, mean] of the hidden states to the head, "last", "max"
            and "mean" only one of them; "other" is what a graph made elsewhere does.
        dense_dims: Widths of the head's hidden layers, may be empty.
        ngrams: Tokens of the longest n-gram that the linear path reads beside the network; 0
            without such a path.
        labels: Class names in the order of the graph's `probs`.
        max_seq_len: Tokens that are read at most; longer texts are cut.
        truncation: Which part of a longer text is kept: the first tokens ("head"), the last
            ("tail"), or the first half and the last half ("both").
        padding: Where texts are filled up to `max_seq_len`, as the network was trained to read
            them: before the text ("pre") or after it ("post"); None for networks that read a text
            alone.
        pad_id: The token that they are filled up with.
        skip_id: A token that the network does not read, wherever it stands; None if it reads all.
    """

    has_int8: ClassVar[bool] = True

    task: Literal["text-classification"] = "text-classification"
    bidirectional: bool = False
    pooling: Literal["concat", "last", "max", "mean", "other"] = "concat"
    dense_dims: tuple[PositiveInt, ...] = ()
    ngrams: NonNegativeInt = 0
    labels: Annotated[tuple[Text, ...], Field(min_length=2), Distinct]
    max_seq_len: PositiveInt
    truncation: Literal["head", "tail", "both"] = "head"
    padding: Literal["pre", "post"] | None = None
    pad_id: NonNegativeInt = 0
    skip_id: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _pads_with_a_token(self) -> Self:
        if self.pad_id >= self.vocab_size:
            raise ValueError(
                f"pad_id {self.pad_id} is no token of a vocabulary of {self.vocab_size}"
            )
        return self

    def cut(self, items: Sequence[T]) -> list[T]:
        """Return the `max_seq_len` items that are kept of one per token (ids or offsets)."""
        excess = len(items) - self.max_seq_len
        if excess <= 0:
            return list(items)
        num_first = {"head": self.max_seq_len, "tail": 0, "both": (self.max_seq_len + 1) // 2}
        first = num_first[self.truncation]
        return [*items[:first], *items[first + excess :]]

    def as_read(self, token_ids: list[int]) -> list[int]:
        """Return what the network is given for the ids of a text that was cut."""
        if self.skip_id is not None:
            return [token_id for token_id in token_ids if token_id != self.skip_id]
        if self.padding is None:
            return token_ids
        filling = [self.pad_id] * (self.max_seq_len - len(token_ids))
        return filling + token_ids if self.padding == "pre" else token_ids + filling

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the token ids that the network reads: cut, and filled up where it wants that."""
        return self.as_read(self.cut(tokenizer.encode_ids(text)))

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check that there is one probability a label."""
        if num_outputs != len(self.labels):
            raise ValueError(f"{num_outputs} outputs for {len(self.labels)} labels")


CONFIG = ClassifierConfig
