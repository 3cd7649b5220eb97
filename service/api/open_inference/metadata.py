"""Health, metadata, configuration and the repository, as the Open Inference Protocol has them."""

from pydantic_core import to_json

from service.api.body import parse_json
from service.api.errors import NotOverHttp
from service.api.open_inference import models
from service.api.open_inference.request_schemas import IndexAsk
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.errors import NotReady
from service.version import VERSION

SERVER_NAME = "rnn-service"
EXTENSIONS = (
    "classification",
    "binary_tensor_data",
    "generate",
    "model_configuration",
    "model_repository",
    "schedule_policy",
    "statistics",
)


def server(request: Request) -> Reply:
    """Tell what the server is."""
    return json_reply({"name": SERVER_NAME, "version": VERSION, "extensions": EXTENSIONS})


def live(request: Request) -> Reply:
    """Answer as long as the process serves HTTP at all."""
    return json_reply({"live": True})


def ready(request: Request) -> Reply:
    """Tell whether requests are answered (specification and KServe disagree on the key)."""
    health = request.engine.health()
    if health.is_ready:
        return json_reply({"ready": True, "live": True})
    body = to_json({"ready": False, "live": True, "error": health.reason})
    return Reply(body, 503, headers=(("Retry-After", "1"),))


def names(request: Request) -> Reply:
    """List the names of the models that are served."""
    statuses = request.engine.models()
    return json_reply({"models": sorted({one.name for one in statuses if models.is_served(one)})})


def metadata(request: Request) -> Reply:
    """Tell what a model takes and gives."""
    info = models.find(request)
    tensors = models.tensors_of(info)
    return json_reply(
        {
            "name": info.name,
            "versions": models.versions_of(info.name, request.engine.models()),
            "platform": models.PLATFORM,
            "inputs": models.described(tensors.inputs(info)),
            "outputs": models.described(tensors.outputs(info)),
        }
    )


def model_ready(request: Request) -> Reply:
    """Answer 200 if a model answers, 503 if it was refused or the worker is not ready."""
    name, _, tag = models.address(request).partition(":")
    own = [status for status in request.engine.models() if status.name == name]
    refused = [one for one in own if one.state == "refused" and tag in ("", str(one.version))]
    if refused and (tag or not any(one.is_default for one in own)):
        raise NotReady(f"{name}:{refused[-1].version} was refused: {refused[-1].reason}")
    info = models.find(request)
    health = request.engine.health()
    if not health.is_ready:
        raise NotReady(health.reason, retry_after_s=1)
    return json_reply({"name": info.name, "ready": True})


def config(request: Request) -> Reply:
    """Tell a model's configuration in Triton's way of writing."""
    info = models.find(request)
    tensors = models.tensors_of(info)
    limits = {
        "task": info.task,
        "version": info.version,
        "vocab_size": info.vocab_size,
        "labels": ",".join(info.classes),
        "max_seq_len": info.max_seq_len,
        "max_prompt_tokens": info.max_prompt_tokens,
        "max_tokens": info.max_tokens,
        "prompts": ",".join(info.prompts),
        **info.facts,
    }
    return json_reply(
        {
            "name": info.name,
            "platform": models.PLATFORM,
            "backend": "onnxruntime",
            "max_batch_size": 0,
            "input": models.configured(tensors.inputs(info), is_input=True),
            "output": models.configured(tensors.outputs(info), is_input=False),
            "parameters": {
                name: {"string_value": str(value)} for name, value in limits.items() if value
            },
        }
    )


def index(request: Request) -> Reply:
    """List every version, those that were refused too unless only ready ones are asked for."""
    ask = parse_json(IndexAsk, request) if request.body.strip() else IndexAsk()
    return json_reply(
        [
            {
                "name": status.name,
                "version": str(status.version),
                "state": "READY" if models.is_served(status) else "UNAVAILABLE",
                "reason": status.reason or ("a shadow" if status.is_shadow else ""),
            }
            for status in request.engine.models()
            if models.is_served(status) or not ask.ready
        ]
    )


def load_or_unload(request: Request) -> Reply:
    """Refuse: what is served is the store's to say, not a caller's."""
    raise NotOverHttp(
        "models are not loaded or unloaded over HTTP: the store says which versions are served; "
        "run `python -m model_store promote NAME VERSION` beside it (or edit serving.json), and "
        "every worker follows"
    )
