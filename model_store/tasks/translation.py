"""Many to many, of different lengths: a text in, another text out."""

from typing import Literal

from pydantic import PositiveInt

from model_store.config import Text, TextConfig
from model_store.decoding import DecoderConfig
from model_store.tokenizer import Tokenizer


class TranslationConfig(TextConfig, DecoderConfig):
    """A recurrent encoder and decoder with attention; both share one vocabulary.

    `hidden_size` and `num_layers` are the decoder's.

    Args:
        encoder_hidden_size: Width of each encoder layer in each direction.
        encoder_layers: Layers of the encoder.
        max_source_tokens: Places of the memory that the decoder attends to: longest input.
        source_language: What is read, such as "en"; free text, for people.
        target_language: What is written.
        length_penalty: Exponent of the length by which beam search divides scores (Wu et al. 2016).
    """

    task: Literal["translation"] = "translation"
    encoder_hidden_size: PositiveInt
    encoder_layers: PositiveInt
    max_source_tokens: PositiveInt
    source_language: Text
    target_language: Text
    length_penalty: float = 1.0

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the token ids that the encoder reads."""
        return tokenizer.encode_ids(text)

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check that there are no more log probabilities than tokens."""
        if num_outputs > self.vocab_size:
            raise ValueError(f"{num_outputs} outputs for {self.vocab_size} tokens")


CONFIG = TranslationConfig
