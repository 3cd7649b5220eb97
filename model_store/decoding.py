"""What every model that writes token by token says of itself: its tokens, limits and defaults."""

from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from model_store.config import Text, TokenId, VocabularyConfig
from model_store.document import Document


class SamplingDefaults(Document):
    """How tokens are drawn when the request does not say; fields as in `POST /v1/generate`.

    Args:
        max_tokens: Tokens to generate at most.
        temperature: 0 takes the most probable token, 1 the model's own distribution; up to 2.
        top_k: Keep the k most probable tokens; 0 keeps all.
        top_p: Keep the smallest set of most probable tokens with this total probability, (0, 1].
        min_p: Drop tokens below this share of the top token's probability, [0, 1].
        repetition_penalty: Over 1 makes tokens seen before less likely, (0, 10]; 1 is off.
        stop: Texts that end the answer and are not part of it.
    """

    max_tokens: PositiveInt = 256
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    stop: tuple[Text, ...] = ()


class DecoderConfig(VocabularyConfig):
    """A model that writes one token after the other.

    Args:
        bos_id: Token that writing begins after.
        eos_id: Token that ends the answer when drawn and is not part of its text; or None.
        max_tokens: Upper limit of a request's `max_tokens`.
        sampling: Defaults of a request's sampling fields.
    """

    bos_id: TokenId
    eos_id: TokenId | None = None
    max_tokens: PositiveInt
    sampling: SamplingDefaults = SamplingDefaults()

    @model_validator(mode="after")
    def _decoding_fits_together(self) -> Self:
        for name, token_id in (("bos_id", self.bos_id), ("eos_id", self.eos_id)):
            if token_id is not None and token_id >= self.vocab_size:
                raise ValueError(
                    f"{name} {token_id} is no token of a vocabulary of {self.vocab_size}"
                )
        if self.sampling.max_tokens > self.max_tokens:
            raise ValueError(
                f"sampling.max_tokens {self.sampling.max_tokens} is over max_tokens "
                f"{self.max_tokens}"
            )
        return self
