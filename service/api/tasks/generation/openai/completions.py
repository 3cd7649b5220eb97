"""`POST /v1/completions`, so that OpenAI's clients work unmodified; chat is refused by name.

Below `/models/<model>` the path names the model, whatever the field says: there Hugging Face's
JavaScript client asks, with its own address in that field.
"""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from service.api import sse
from service.api.body import parse_json
from service.api.engine_protocol import GenerationProtocol
from service.api.errors import RouteNotFound, SchemaError
from service.api.generation_calls import (
    Piece,
    start_all,
    stop_texts,
    stream_all,
    usage,
    wait_all,
)
from service.api.limits import check_at_most, check_text
from service.api.protocol_requests import check_supported, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.generation.best_of import best_first
from service.api.tasks.generation.openai.logprobs import lists_of
from service.api.tasks.generation.openai.schemas import CompletionAsk
from service.engine.requests.generate import Delta, GeneratedAnswer, GenerateRequest, Sampling
from service.settings import Settings

Prompts = Sequence[str | tuple[int, ...]]


def completions(request: Request) -> Reply:
    """Answer with the prompts' continuations, or with a stream of their pieces."""
    ask = parse_json(CompletionAsk, request)
    prompts = checked_prompts(ask, request.settings)
    sampling = sampling_of(ask)
    model = request.params.get("model", ask.model)
    generations = start_all(
        [
            GenerateRequest(prompt, sampling, model, bool(ask.echo), request.deadline())
            for prompt in prompts
        ],
        request,
    )
    writer = CompletionWriter(ask, generations, request)
    if ask.stream:
        reply = stream_all(generations, request, writer.events)
    else:
        reply = json_reply(writer.whole(wait_all(generations, request)))
    reply.headers += ignored_fields(ask)
    return reply


def chat(request: Request) -> Reply:
    """Refuse, naming the route that does what can be done."""
    raise RouteNotFound(
        "there is no chat here: the models continue a text and know no roles; send your text as "
        "`prompt` to /v1/completions"
    )


def checked_prompts(ask: CompletionAsk, settings: Settings) -> Prompts:
    """Return the prompts, once the fields are known to go together.

    Raises:
        SchemaError: A field cannot be honoured, or not beside another.
        TextTooLong: A prompt is too long.
    """
    check_supported(ask)
    check_at_most(ask.max_tokens, settings.max_tokens, "max_tokens")
    check_at_most(ask.min_tokens, settings.max_tokens, "min_tokens")
    n = ask.n or 1
    if ask.best_of is not None and ask.best_of < n:
        _refuse("best_of", f"`best_of` must be at least `n`, which is {n}, got {ask.best_of}")
    if ask.stream and ask.best_of is not None and ask.best_of > n:
        _refuse("best_of", "`best_of` over `n` cannot be streamed: the best are known last")
    if ask.stream_options is not None and not ask.stream:
        _refuse("stream_options", "`stream_options` works only with `stream`: true")
    prompts = _as_list(ask.prompt)
    num_answers = len(prompts) * max(n, ask.best_of or 1)
    if not 1 <= num_answers <= settings.max_texts:
        _refuse(
            "prompt",
            f"`prompt` asks for {num_answers} answers (`n` or `best_of` to each prompt); "
            f"1 to {settings.max_texts} are allowed in one request",
        )
    is_list = isinstance(ask.prompt, list)
    for index, prompt in enumerate(prompts):
        if isinstance(prompt, str):
            check_text(prompt, settings, "prompt", index if is_list else None)
    return prompts


def sampling_of(ask: CompletionAsk) -> Sampling:
    """Translate the request's fields to the engine's; null means what OpenAI's default is."""
    n = ask.n or 1
    best_of = ask.best_of or n
    return Sampling(
        max_tokens=16 if ask.max_tokens is None else ask.max_tokens,
        min_tokens=ask.min_tokens or 0,
        ignore_eos=bool(ask.ignore_eos),
        temperature=1 if ask.temperature is None else ask.temperature,
        top_k=max(0, ask.top_k or 0),  # vLLM's -1 is all, as 0 is
        top_p=1 if ask.top_p is None else max(ask.top_p, math.ulp(0)),  # OpenAI's 0: one token
        min_p=ask.min_p or 0,
        repetition_penalty=ask.repetition_penalty or 1,
        presence_penalty=ask.presence_penalty or 0,
        frequency_penalty=ask.frequency_penalty or 0,
        logit_bias=tuple((int(token), bias) for token, bias in (ask.logit_bias or {}).items()),
        stop=stop_texts(ask.stop),
        seed=ask.seed,
        n=best_of,
        logprobs=0 if ask.logprobs is None and best_of > n else ask.logprobs,
    )


def _refuse(param: str, message: str) -> None:
    raise SchemaError(message, param=param)


def _as_list(prompt: str | list[str] | list[int] | list[list[int]]) -> Prompts:
    """Return the prompts of any of the four forms that one field takes."""
    if isinstance(prompt, str):
        return (prompt,)
    if prompt and isinstance(prompt[0], int):
        return (tuple(token for token in prompt if isinstance(token, int)),)
    return tuple(tuple(one) if isinstance(one, list) else str(one) for one in prompt)


class CompletionWriter:
    """Writes the answers to one request.

    Args:
        ask: What was asked for.
        generations: One for each prompt.
        request: The request.
    """

    def __init__(
        self,
        ask: CompletionAsk,
        generations: Sequence[GenerationProtocol],
        request: Request,
    ) -> None:
        self._ask = ask
        self._n = ask.n or 1
        self._generations = generations
        self._request = request
        first = generations[0]
        self._head = {
            "id": f"cmpl-{request.request_id}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": first.model,
            "system_fingerprint": f"{first.model}:{first.version}",
        }

    def whole(self, answers: Sequence[Sequence[GeneratedAnswer]]) -> dict[str, Any]:
        """Return the whole answer, given those to each prompt."""
        choices = []
        for number, own in enumerate(answers):
            best = self._best(number, own) if len(own) > self._n else own
            choices += [self._choice(number, place, one) for place, one in enumerate(best)]
        return self._head | {"choices": choices, "usage": usage(self._request)}

    def events(self, pieces: Iterator[Piece]) -> Iterator[bytes]:
        """Write each piece as an event, then the usage if asked for, then the end."""
        options = self._ask.stream_options
        tells_usage = options is not None and bool(options.include_usage)
        is_continuous = tells_usage and bool(options and options.continuous_usage_stats)
        head = self._head | ({"usage": None} if tells_usage else {})
        for number, delta in pieces:
            if delta is None:
                yield sse.HEARTBEAT
            else:
                if is_continuous:
                    head["usage"] = usage(self._request)
                yield sse.event(head | {"choices": [self._choice(number, delta.index, delta)]})
        if tells_usage:
            yield sse.event(head | {"choices": [], "usage": usage(self._request)})
        yield sse.DONE

    def _choice(self, number: int, place: int, piece: Delta | GeneratedAnswer) -> dict[str, Any]:
        index = number * self._n + place
        return {
            "text": piece.text,
            "index": index,
            "logprobs": None if self._ask.logprobs is None else lists_of(piece.logprobs),
            "finish_reason": piece.finish_reason,
        }

    def _best(self, number: int, answers: Sequence[GeneratedAnswer]) -> list[GeneratedAnswer]:
        """Return the `n` answers of the highest mean log probability, best first."""
        num_echoed = self._generations[number].prompt_tokens if self._ask.echo else 0
        return best_first(answers, num_echoed)[: self._n]
