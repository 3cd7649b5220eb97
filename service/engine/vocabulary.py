"""A model's tokens as callers see them: a text in the tokens that the model reads, and back.

Encodes and decodes; runs no network. What a model puts before or around a text by itself, such as
the start token of every prompt, is not among them.
"""

from collections.abc import Mapping, Sequence

from model_store import Tokenizer
from service.engine.types import ModelInfo
from service.errors import InvalidInput


class Vocabulary:
    """The tokens of one version of one model; threads may share it.

    Args:
        info: What the model takes.
        tokenizer: Its tokenizer.
    """

    def __init__(self, info: ModelInfo, tokenizer: Tokenizer) -> None:
        """Remember whose tokens they are."""
        self.info = info
        self._tokenizer = tokenizer

    @property
    def special_ids(self) -> Mapping[str, int]:
        """The ids of its special tokens, such as `<eos>`, which no text becomes."""
        return self._tokenizer.special_ids

    def encode(self, text: str) -> list[int]:
        """Return a text's token ids; raises `InvalidInput` if it is no text."""
        try:
            return self._tokenizer.encode_ids(text)
        except ValueError as exc:
            raise InvalidInput(f"`prompt`: {exc}; leave it out", param="prompt") from exc

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of tokens, special ones left out.

        Raises:
            InvalidInput: If the model has no such token, or tokens that tell no text.
        """
        size = self._tokenizer.vocab_size
        for place, token_id in enumerate(token_ids):
            if not 0 <= token_id < size:
                raise InvalidInput(
                    f"`tokens[{place}]` is {token_id}, but the tokens of {self.info.name} are 0 to "
                    f"{size - 1}: send ids of this model",
                    param=f"tokens[{place}]",
                )
        try:
            return self._tokenizer.decode(token_ids)
        except ValueError as exc:
            raise InvalidInput(f"`tokens`: {exc}", param="tokens") from exc

    def pieces(self, token_ids: Sequence[int]) -> list[str]:
        """Return tokens as the vocabulary writes them; they need not be whole characters."""
        return self._tokenizer.pieces(token_ids)
