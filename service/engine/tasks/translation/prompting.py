"""From a request to translate to what the engine works on: source tokens, limits checked."""

import codecs
from collections.abc import Callable, Sequence

from model_store import Tokenizer
from model_store.tasks.translation import TranslationConfig
from service.engine.generation_handle import Generation, Source
from service.engine.options import EngineOptions
from service.engine.requests.generate import Sampling
from service.engine.requests.translate import MAX_BEAMS, TranslateRequest
from service.engine.running_batch import GenerationPrompt
from service.engine.sampling_params import resolve_sampling
from service.engine.scheduler import Prompt
from service.errors import InvalidInput


class SourceBuilder:
    """Checks and encodes the texts of one version of one translator.

    Args:
        source: The version.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
    """

    def __init__(
        self,
        source: Source,
        config: TranslationConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
    ) -> None:
        """Remember what texts are checked against."""
        self._source = source
        self._config = config
        self._tokenizer = tokenizer
        self._options = options
        self.bos_id = config.bos_id
        self.eos_id = config.bos_id if config.eos_id is None else config.eos_id

    def build(
        self, request: TranslateRequest, on_change: Callable[[Generation], None]
    ) -> GenerationPrompt:
        """Check a request and encode its text.

        Raises:
            InvalidInput: Naming the field, its value, what is allowed and the remedy.
        """
        params = resolve_sampling(request.sampling, self._config, self._options)
        token_ids = self.encode(request.text)
        generation = Generation(
            self._source,
            params,
            prompt_tokens=len(token_ids),
            deadline=request.deadline,
            on_change=on_change,
        )
        return Prompt(generation, token_ids, params.n, self._config.max_source_tokens)

    def smallest(self, deadline: float) -> TranslateRequest:
        """Return a request as small as can be: two tokens, since the first comes of the source."""
        small = Sampling(max_tokens=min(2, self._config.max_tokens), temperature=0.0, seed=0)
        return TranslateRequest("a", small, deadline=deadline)

    def encode(self, text: str, place: int | None = None) -> list[int]:
        """Return a text's token ids.

        Args:
            text: What is to be translated.
            place: Which of several texts it is.

        Raises:
            InvalidInput: If it is no text, has nothing to translate, or is too long.
        """
        param = "input" if place is None else f"input[{place}]"
        try:
            token_ids = self._config.input_ids(text, self._tokenizer)
        except ValueError as exc:
            raise InvalidInput(f"`{param}`: {exc}; leave it out", param=param) from exc
        most = self._config.max_source_tokens
        if not token_ids:
            raise InvalidInput(f"`{param}` has nothing to translate: send words", param=param)
        if len(token_ids) > most:
            raise InvalidInput(
                f"`{param}` has {len(token_ids)} tokens, this model reads up to {most}: send one "
                "sentence at a time, as a list",
                param=param,
            )
        return token_ids

    def check_beams(self, num_beams: int) -> None:
        """Refuse a number of beams out of range; raises `InvalidInput`."""
        if not 1 <= num_beams <= MAX_BEAMS:
            raise InvalidInput(
                f"`num_beams` is {num_beams}, it may be from 1 to {MAX_BEAMS}: change it or leave "
                "it out",
                param="num_beams",
            )

    def checked_max_tokens(self, max_tokens: int | None) -> int:
        """Return how long a translation may be; raises `InvalidInput` beyond the model's limit."""
        asked = Sampling(max_tokens=max_tokens, temperature=0.0)
        return max(1, resolve_sampling(asked, self._config, self._options).max_tokens)

    def ends_of(self, token_ids: Sequence[int]) -> list[int]:
        """Return where each token of a translation ends, in characters of its text."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        ends, length = [], 0
        for token_id in token_ids:
            length += len(decoder.decode(self._source.tokens.data[token_id]))
            ends.append(length)
        return ends
