"""`/generate`, `/generate_stream`, `POST /` and `/info`, as text-generation-inference has them.

Spec: huggingface/text-generation-inference, `docs/openapi.json`; the headers, and what is drawn
where a field is left out, are its router's. A stop text is no part of the text, as on all routes.
"""

import time
from dataclasses import dataclass

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.generation_calls import start, stream, wait
from service.api.limits import check_at_most, check_text
from service.api.open_inference.metadata import SERVER_NAME
from service.api.protocol_requests import check_supported, ignored_fields
from service.api.reply import Headers, Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import MAX_STOP
from service.api.tasks.generation.tgi import answers
from service.api.tasks.generation.tgi.schemas import TgiAsk, TgiParameters, TgiStreamableAsk
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.types import ModelInfo
from service.version import VERSION

VERB = "generate"
DEFAULT_MAX_TOKENS = 100
COMPUTE_TYPE = ("x-compute-type", "cpu")
NO_PARAMETERS = TgiParameters()


@dataclass(frozen=True)
class Call:
    """A request, checked, and the version that it is for."""

    ask: TgiAsk
    parameters: TgiParameters
    info: ModelInfo
    is_streamed: bool


def generate(request: Request) -> Reply:
    """Answer with a text's continuation."""
    return _whole(_call(parse_json(TgiAsk, request), request), request, in_list=False)


def generate_stream(request: Request) -> Reply:
    """Answer with a text's continuation as events, one a token."""
    return _streamed(_call(parse_json(TgiAsk, request), request, is_streamed=True), request)


def compat_generate(request: Request) -> Reply:
    """Answer as `stream` says; whole, the answer is a list of one."""
    ask = parse_json(TgiStreamableAsk, request)
    call = _call(ask, request, is_streamed=ask.stream is True)
    return _streamed(call, request) if call.is_streamed else _whole(call, request, in_list=True)


def info(request: Request) -> Reply:
    """Tell what is served, and its limits."""
    found = request.engine.resolve(None, VERB)
    settings = request.settings
    return json_reply(
        {
            "model_id": found.name,
            "model_sha": str(found.version),
            "model_pipeline_tag": found.task,
            "model_dtype": "float32",
            "model_device_type": "cpu",
            "max_concurrent_requests": settings.max_queue_size,
            "max_best_of": settings.max_n,
            "max_stop_sequences": MAX_STOP,
            "max_input_tokens": found.max_prompt_tokens,
            "max_total_tokens": found.max_prompt_tokens + found.max_tokens,
            "validation_workers": 1,
            "max_client_batch_size": 1,
            "router": SERVER_NAME,
            "version": VERSION,
        }
    )


def _call(ask: TgiAsk, request: Request, *, is_streamed: bool = False) -> Call:
    """Check a request.

    Raises:
        SchemaError: A field cannot be honoured, or not in a stream.
        ModelNotFound: There is no such model.
    """
    parameters = ask.parameters or NO_PARAMETERS
    check_supported(ask)
    check_text(ask.inputs, request.settings, "inputs")
    check_at_most(parameters.max_new_tokens, request.settings.max_tokens, "max_new_tokens")
    check_at_most(parameters.best_of, request.settings.max_n, "best_of")
    if is_streamed and ((parameters.best_of or 1) > 1 or parameters.decoder_input_details):
        raise SchemaError(
            "`best_of` and `decoder_input_details` do not go with a stream: leave them out",
            param="parameters",
        )
    model = request.params.get("model") or ask.model
    is_address = model is not None and "://" in model
    return Call(
        ask, parameters, request.engine.resolve(None if is_address else model, VERB), is_streamed
    )


def _request(call: Call, request: Request) -> GenerateRequest:
    return GenerateRequest(
        call.ask.inputs,
        sampling_of(call),
        call.info.name,
        echo=_has_prefill(call.parameters),
        deadline=request.deadline(),
        version=call.info.version,
    )


def sampling_of(call: Call) -> Sampling:
    """Translate the parameters to the engine's; where nothing asks for a draw, the likeliest."""
    own = call.parameters
    draws = own.do_sample or any(one is not None for one in (own.temperature, own.top_k, own.top_p))
    temperature = 1.0 if own.temperature is None else own.temperature
    max_tokens = own.max_new_tokens
    if max_tokens is None:
        max_tokens = min(DEFAULT_MAX_TOKENS, call.info.max_tokens)
    return Sampling(
        max_tokens=max_tokens,
        temperature=temperature if draws else 0.0,
        top_k=own.top_k or 0,
        top_p=own.top_p or 1.0,
        min_p=0.0,
        repetition_penalty=own.repetition_penalty or 1.0,
        frequency_penalty=own.frequency_penalty or 0.0,
        stop=tuple(own.stop or ()) or None,
        seed=own.seed,
        n=own.best_of or 1,
        logprobs=0 if call.is_streamed or own.details or (own.best_of or 1) > 1 else None,
    )


def _has_prefill(parameters: TgiParameters) -> bool:
    return bool(parameters.details and parameters.decoder_input_details)


def _whole(call: Call, request: Request, *, in_list: bool) -> Reply:
    validated_s = time.monotonic() - request.record.started
    generation = start(_request(call, request), request)
    written = wait(generation, request)
    num_echoed = generation.prompt_tokens if _has_prefill(call.parameters) else 0
    shape = answers.Shape(call.ask.inputs, num_echoed, has_echo=_has_prefill(call.parameters))
    body = answers.whole(shape, call.parameters, written)
    reply = json_reply([body] if in_list else body)
    reply.headers += _headers(call, request, validated_s) + ignored_fields(call.ask)
    return reply


def _streamed(call: Call, request: Request) -> Reply:
    writer = answers.EventWriter(call.ask.inputs, call.parameters)
    reply = stream(
        start(_request(call, request), request),
        request,
        lambda deltas, generation, _: writer.events(deltas, generation),
    )
    characters = ("x-compute-characters", str(len(call.ask.inputs)))
    reply.headers += (COMPUTE_TYPE, characters, *ignored_fields(call.ask))
    return reply


def _headers(call: Call, request: Request, validated_s: float) -> Headers:
    """Tell where the time went: `x-compute-time` in seconds, all others in milliseconds."""
    record = request.record
    total_s = time.monotonic() - record.started
    per_token_s = record.compute_s / max(1, record.completion_tokens)
    times_s = {
        "total-time": total_s,
        "validation-time": validated_s,
        "queue-time": record.queue_s,
        "inference-time": record.compute_s,
        "time-per-token": per_token_s,
    }
    return (
        COMPUTE_TYPE,
        ("x-compute-time", f"{total_s:.6f}"),
        ("x-compute-characters", str(len(call.ask.inputs))),
        *((f"x-{name}", str(round(value * 1000))) for name, value in times_s.items()),
        ("x-prompt-tokens", str(record.prompt_tokens)),
        ("x-generated-tokens", str(record.completion_tokens)),
    )
