"""One to many: a prompt in, one token after the other out."""

from typing import ClassVar, Literal, Self

from pydantic import PositiveInt, model_validator

from model_store.config import TextConfig
from model_store.decoding import DecoderConfig
from model_store.tokenizer import Tokenizer


class GeneratorConfig(TextConfig, DecoderConfig):
    """A language model: a prompt in, one token after the other out.

    Args:
        tie_weights: Whether the output layer is the embedding, transposed.
        prompt_prefix: Text put before the caller's prompt.
        prompt_suffix: Text put after it.
        prompts: The only prompts allowed; empty takes any text.
        max_prompt_tokens: Longest prompt in tokens.
    """

    has_int8: ClassVar[bool] = True

    task: Literal["text-generation"] = "text-generation"
    tie_weights: bool = False
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    prompts: tuple[str, ...] = ()
    max_prompt_tokens: PositiveInt

    @model_validator(mode="after")
    def _prompts_differ(self) -> Self:
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
