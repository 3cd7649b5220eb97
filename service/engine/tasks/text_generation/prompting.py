"""From a generation request to what the engine works on: token ids, limits checked.

Knows the model's configuration and tokenizer; runs nothing.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate

from model_store.tasks.text_generation import GeneratorConfig
from model_store.tokenizer import Tokenizer
from service.engine.answer_stream import Echo
from service.engine.generation_handle import Generation, Source
from service.engine.options import EngineOptions
from service.engine.prompt_scoring import SCORED_CHUNK
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.running_batch import GenerationPrompt
from service.engine.sampling_params import resolve_sampling
from service.engine.scheduler import CHUNK, Prompt
from service.engine.text_stream import TextOffsets
from service.errors import InvalidInput


class PromptBuilder:
    """Makes prompts for one version of one generator.

    Args:
        source: The version.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
    """

    def __init__(
        self,
        source: Source,
        config: GeneratorConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
    ) -> None:
        """Remember what prompts are checked against."""
        self._source = source
        self._config = config
        self._tokenizer = tokenizer
        self._options = options

    def build(
        self, request: GenerateRequest, on_change: Callable[[Generation], None]
    ) -> GenerationPrompt:
        """Check a request and encode its prompt.

        Args:
            request: What the caller wants.
            on_change: Given to the generation.

        Raises:
            InvalidInput: Naming the field, its value, what is allowed and the remedy.
        """
        if request.numbers:
            raise InvalidInput(
                "this model continues a text: send a `prompt`, and no `input`", param="input"
            )
        params = resolve_sampling(request.sampling, self._config, self._options)
        has_logprobs = params.logprobs is not None
        token_ids, starts = self._encode(request.prompt, has_offsets=request.echo and has_logprobs)
        self._check_length(token_ids)
        echo = None
        if request.echo:
            echo = Echo(self._text_of(request.prompt), token_ids, has_logprobs, starts)
        generation = Generation(
            self._source,
            params,
            prompt_tokens=len(token_ids),
            echo=echo,
            deadline=request.deadline,
            on_change=on_change,
        )
        chunk = SCORED_CHUNK if generation.is_echo_scored else CHUNK
        read = [self._config.bos_id, *token_ids]
        return Prompt(generation, read, params.n, chunk, seen=read)

    def smallest(self, deadline: float) -> GenerateRequest:
        """Return a request as small as can be: two tokens, since the first comes of the prompt."""
        config = self._config
        prompt = config.prompts[0] if config.prompts else ""
        small = Sampling(max_tokens=min(2, config.max_tokens), temperature=0.0, seed=0)
        return GenerateRequest(prompt, small, deadline=deadline)

    def _encode(
        self, prompt: str | Sequence[int], *, has_offsets: bool
    ) -> tuple[Sequence[int], Sequence[int]]:
        """Return the prompt's tokens, and if wanted where in its text each begins."""
        allowed = self._config.prompts
        if allowed and prompt not in allowed:
            raise InvalidInput(
                f"this model takes only these prompts: {', '.join(allowed)}", param="prompt"
            )
        if not isinstance(prompt, str):
            self._check_ids(prompt)
            offsets = TextOffsets()
            return prompt, [offsets.next(self._source.tokens.data[one]) for one in prompt]
        wrapped = self._config.wrap(prompt)
        try:
            if not has_offsets:
                return self._tokenizer.encode_ids(wrapped), ()
            encoding = self._tokenizer.encode(wrapped)
        except ValueError as exc:
            raise InvalidInput(f"`prompt`: {exc}; leave it out", param="prompt") from exc
        before = len(self._config.prompt_prefix)
        starts = (min(max(0, start - before), len(prompt)) for start, _ in encoding.offsets)
        return encoding.token_ids, list(accumulate(starts, max))

    def _check_ids(self, token_ids: Sequence[int]) -> None:
        for token_id in token_ids:
            if not 0 <= token_id < self._config.vocab_size:
                raise InvalidInput(
                    f"`prompt` has token {token_id}, but this model's tokens are 0 to "
                    f"{self._config.vocab_size - 1}: send text, or ids of this model",
                    param="prompt",
                )

    def _check_length(self, token_ids: Sequence[int]) -> None:
        limit = self._config.max_prompt_tokens
        if len(token_ids) > limit:
            raise InvalidInput(
                f"`prompt` has {len(token_ids)} tokens, this model takes up to {limit}: shorten it",
                param="prompt",
            )

    def _text_of(self, prompt: str | Sequence[int]) -> str:
        if isinstance(prompt, str):
            return prompt
        return b"".join(self._source.tokens.data[token_id] for token_id in prompt).decode(
            errors="replace"
        )
