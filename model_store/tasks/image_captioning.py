"""One to many, from an image: its numbers in, one token after the other out."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from model_store.config import RecurrentConfig
from model_store.decoding import DecoderConfig
from model_store.golden import GoldenCase, NumbersCase
from model_store.labels import check_width
from model_store.tokenizer import Tokenizer


class CaptionerConfig(RecurrentConfig, DecoderConfig):
    """A recurrent decoder whose first input is an image.

    Args:
        num_features: Numbers in an image, row by row.
        embedding_dim: Width of a token's vector, and of what an image becomes.
    """

    golden_case: ClassVar[type[GoldenCase]] = NumbersCase

    task: Literal["image-captioning"] = "image-captioning"
    num_features: PositiveInt
    embedding_dim: PositiveInt

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (self.num_features,)

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a case is one image and has no more log probabilities than tokens."""
        check_width(case, self.num_features, max_rows=1)
        if len(case.outputs) > self.vocab_size:
            raise ValueError(f"{len(case.outputs)} outputs for {self.vocab_size} tokens")


CONFIG = CaptionerConfig
