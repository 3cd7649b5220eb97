"""A vocabulary of characters, as the engine tells a model's."""

from collections.abc import Sequence

from service.engine.types import ModelInfo
from service.errors import InvalidInput


class FakeVocabulary:
    """Tokens are characters, but for four special ones."""

    special_ids = {"<pad>": 0, "<unk>": 1, "<bos>": 2, "<eos>": 3}

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    def encode(self, text: str, /) -> list[int]:
        return [ord(char) for char in text]

    def decode(self, token_ids: Sequence[int], /) -> str:
        if any(token_id >= self.info.vocab_size for token_id in token_ids):
            raise InvalidInput("`tokens` has a token that there is not", param="tokens")
        return "".join(chr(token_id) for token_id in token_ids if token_id > 3)

    def pieces(self, token_ids: Sequence[int], /) -> list[str]:
        return [chr(token_id) for token_id in token_ids]
