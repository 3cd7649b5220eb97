"""From a generation request to what the engine works on: token ids, limits checked.

Knows the model's configuration and tokenizer; runs nothing.
"""

import difflib
from collections.abc import Callable, Sequence
from itertools import accumulate

from model_store.tasks.text_generation import GeneratorConfig
from model_store.tokenizer import Tokenizer
from service.engine.answer_stream import Echo, Explain
from service.engine.generation_handle import Generation, Source
from service.engine.options import EngineOptions
from service.engine.patience import giving_way
from service.engine.prompt_scoring import SCORED_CHUNK
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.running_batch import GenerationPrompt
from service.engine.sampling_params import SamplingParams, resolve_sampling
from service.engine.scheduler import CHUNK, Prompt
from service.engine.tasks.text_generation.carrying import Carried, CarriedStates
from service.engine.tasks.text_generation.inside import GeneratorInside, states_by_layer
from service.engine.text_stream import TextOffsets
from service.errors import InvalidInput


class PromptBuilder:
    """Makes prompts for one version of one generator.

    Args:
        source: The version.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
        states: Opens the states that requests go on from, and seals those that they ask for.
        inside: Tells the inside of its network.
    """

    def __init__(
        self,
        source: Source,
        config: GeneratorConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
        states: CarriedStates,
        inside: GeneratorInside,
    ) -> None:
        """Remember what prompts are checked against."""
        self._states = states
        self._inside = inside
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
            StateMismatch: If it goes on from a state of another version.
        """
        if request.numbers:
            raise InvalidInput(
                "this model continues a text: send a `prompt`, and no `input`", param="input"
            )
        params = resolve_sampling(request.sampling, self._config, self._options)
        carried = None if request.state is None else self._states.open(request.state)
        has_logprobs = params.logprobs is not None
        token_ids, starts = self._encode(
            request.prompt,
            goes_on=carried is not None,
            has_offsets=request.echo and has_logprobs,
        )
        self._check_length(token_ids)
        echo = None
        if request.echo:
            echo = Echo(self._text_of(request.prompt), token_ids, has_logprobs, starts)
        if carried is None:
            read = seen = [self._config.bos_id, *token_ids]
        else:
            read, seen = [*carried.pending, *token_ids], [*carried.seen, *token_ids]
        generation = Generation(
            self._source,
            params,
            prompt_tokens=len(token_ids),
            echo=echo,
            deadline=request.deadline,
            on_change=on_change,
            seal=self._states.seal_after(seen) if request.returns_state else None,
            begun=None if carried is None else _begun(carried, token_ids),
            explain=self._explainer(request, params, carried, read),
        )
        chunk = SCORED_CHUNK if generation.is_echo_scored else CHUNK
        context = None if carried is None else carried.context
        return Prompt(generation, read, params.n, chunk, seen, context=context)

    def _explainer(
        self,
        request: GenerateRequest,
        params: SamplingParams,
        carried: Carried | None,
        read: Sequence[int],
    ) -> Explain | None:
        """Return what tells the inside of each answer, if that is wanted and can be."""
        ask = request.gates
        if ask is None:
            return None
        num_tokens = (len(read) + params.max_tokens) * params.n
        fewer = "a smaller `n` or fewer `max_tokens`" if params.n > 1 else "fewer `max_tokens`"
        self._inside.inside.check(ask, num_tokens, f"ask for {fewer}, or shorten `prompt`")
        start = None if carried is None else states_by_layer(carried.context[1])
        give_way = giving_way(request.deadline)
        return self._inside.teller(ask, read, start=start, give_way=give_way)

    def smallest(self, deadline: float) -> GenerateRequest:
        """Return a request as small as can be: two tokens, since the first comes of the prompt."""
        config = self._config
        prompt = config.prompts[0] if config.prompts else ""
        small = Sampling(max_tokens=min(2, config.max_tokens), temperature=0.0, seed=0)
        return GenerateRequest(prompt, small, deadline=deadline)

    def _encode(
        self, prompt: str | Sequence[int], *, goes_on: bool, has_offsets: bool
    ) -> tuple[Sequence[int], Sequence[int]]:
        """Return the prompt's tokens, and if wanted where in its text each begins.

        What follows a state is any text, and nothing around it.
        """
        allowed = self._config.prompts
        if allowed and not goes_on and prompt not in allowed:
            raise InvalidInput(_not_among(allowed, prompt), param="prompt")
        if not isinstance(prompt, str):
            self._check_ids(prompt)
            offsets = TextOffsets()
            return prompt, [offsets.next(self._source.tokens.data[one]) for one in prompt]
        wrapped = prompt if goes_on else self._config.wrap(prompt)
        try:
            if not has_offsets:
                return self._tokenizer.encode_ids(wrapped), ()
            encoding = self._tokenizer.encode(wrapped)
        except ValueError as exc:
            raise InvalidInput(f"`prompt`: {exc}; leave it out", param="prompt") from exc
        before = 0 if goes_on else len(self._config.prompt_prefix)
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


def _begun(carried: Carried, token_ids: Sequence[int]) -> bytes:
    """Return what is left of a character that a state cut, unless other text comes between."""
    return b"" if token_ids else carried.rest


def _not_among(allowed: Sequence[str], prompt: str | Sequence[int]) -> str:
    """Say which prompts there are, and which one was meant if that can be told."""
    text = prompt.lower() if isinstance(prompt, str) else ""
    by_lower = {one.lower(): one for one in allowed}
    near = difflib.get_close_matches(text[:80], by_lower, n=1)
    hint = f"did you mean {by_lower[near[0]]!r}? " if near else ""
    return f"{hint}{'T' if near else 't'}his model takes only these prompts: {', '.join(allowed)}"
