"""`GET /v1/models` and `GET /v1/models/<id>`: what can be called, in OpenAI's shape and more."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.response_schemas import SamplingBody
from service.engine.types import ModelStatus
from service.errors import ModelNotFound, NotReady


def list_models(request: Request) -> Reply:
    """Answer with every version, the refused ones too."""
    return json_reply(
        {"object": "list", "data": [_describe(status) for status in known_statuses(request)]}
    )


def show_model(request: Request) -> Reply:
    """Answer with the version that `name`, `name:version` or `name:label` stands for."""
    wanted = request.params["model"]
    statuses = known_statuses(request)
    for status in statuses:
        if wanted in ids_of(status):
            return json_reply(_describe(status))
    raise unknown(wanted, statuses)


def unknown(wanted: str, statuses: Iterable[ModelStatus]) -> ModelNotFound:
    """Return the error for what is the name of no model, with those that there are."""
    names = sorted({status.name for status in statuses})
    near = difflib.get_close_matches(wanted[:100], names, n=1)
    hint = f"did you mean {near[0]!r}? The" if near else "the"
    return ModelNotFound(
        f"there is no model {wanted[:100]!r}; {hint} models are {', '.join(names)}", param="model"
    )


def known_statuses(request: Request) -> list[ModelStatus]:
    """Return all versions; a worker that knows of none has not seen the store yet."""
    statuses = request.engine.models()
    if not statuses:
        raise NotReady(request.engine.health().reason, retry_after_s=1)
    return statuses


def ids_of(status: ModelStatus) -> list[str]:
    """List what may be sent as `model` to reach this version."""
    labels = (*status.labels, *(() if status.canary_weight is None else ("canary",)))
    ids = [f"{status.name}:{label}" for label in (status.version, *labels)]
    return [status.name, *ids] if status.is_default else ids


def _defaults(sampling: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Show what a request gets that leaves these fields out."""
    if sampling is None:
        return None
    return {name: sampling[name] for name in SamplingBody.model_fields}


def _describe(status: ModelStatus) -> dict[str, Any]:
    return {
        "id": ids_of(status)[0],
        "object": "model",
        "created": status.created,
        "owned_by": "local",
        "name": status.name,
        "version": status.version,
        "task": status.task,
        "state": status.state,
        "reason": status.reason,
        "is_default": status.is_default,
        "labels": status.labels,
        "canary_weight": status.canary_weight,
        "is_shadow": status.is_shadow,
        "classes": status.classes,
        "prompts": status.prompts,
        "sampling": _defaults(status.sampling),
        "input_shape": status.input_shape,
        "facts": status.facts,
        "metrics": dict(status.metrics),
    }
