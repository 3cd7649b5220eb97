"""One to many: a prompt in, one token after the other out."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from model_store.config import Text, TextConfig, TokenId
from model_store.document import Document
from model_store.tokenizer import Tokenizer


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


class GeneratorConfig(TextConfig):
    """A language model: a prompt in, one token after the other out.

    Args:
        tie_weights: Whether the output layer is the embedding, transposed.
        prompt_prefix: Text put before the caller's prompt.
        prompt_suffix: Text put after it.
        prompts: The only prompts allowed; empty takes any text.
        bos_id: Token fed before the prompt, always.
        eos_id: Token that ends the answer when sampled and is not part of its text; or None.
        max_prompt_tokens: Longest prompt in tokens.
        max_tokens: Upper limit of a request's `max_tokens`.
        sampling: Defaults of a request's sampling fields.
    """

    task: Literal["text-generation"] = "text-generation"
    tie_weights: bool = False
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    prompts: tuple[str, ...] = ()
    bos_id: TokenId
    eos_id: TokenId | None = None
    max_prompt_tokens: PositiveInt
    max_tokens: PositiveInt
    sampling: SamplingDefaults = SamplingDefaults()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
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
        if len(set(self.prompts)) != len(self.prompts):
            raise ValueError("prompts must differ from each other")
        return self

    def wrap(self, prompt: str) -> str:
        """Return the text that is encoded for a caller's prompt."""
        return f"{self.prompt_prefix}{prompt}{self.prompt_suffix}"

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the token ids that the network reads: `bos_id`, then the wrapped prompt."""
        return [self.bos_id, *tokenizer.encode_ids(self.wrap(text))]

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check that there are no more log probabilities than tokens."""
        if num_outputs > self.vocab_size:
            raise ValueError(f"{num_outputs} outputs for {self.vocab_size} tokens")


CONFIG = GeneratorConfig
