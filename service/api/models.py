"""`GET /v1/models` and `GET /v1/models/<id>`: what can be called, in OpenAI's shape and more.

One answer is for several protocols: OpenAI's fields, the service's own, `models` and `ready` of
KServe's v1, and `model_version_status` of TensorFlow Serving.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from service.api.open_inference.models import is_served
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.response_schemas import Answer, LimitsBody, ModelBody, SamplingBody
from service.engine.types import ModelStatus
from service.errors import ModelNotFound, NotReady


class StatusDetail(Answer):
    """Whether a version was refused, and why."""

    error_code: Literal["OK", "FAILED_PRECONDITION"]
    """`OK` if it was not."""

    error_message: str
    """Why it was refused."""


class VersionStatus(Answer):
    """A version's state, as TensorFlow Serving tells it."""

    version: str
    """Its number."""

    state: Literal["AVAILABLE", "END"]
    """`AVAILABLE`: it answers; `END`: it was refused."""

    status: StatusDetail
    """Why."""


class ModelPageBody(ModelBody):
    """A version of a model, for several protocols at once."""

    ready: bool
    """Whether it answers now, as KServe asks."""

    model_version_status: list[VersionStatus]
    """Every version of the model, or the one that was asked for."""


def list_models(request: Request) -> Reply:
    """Answer with every version, the refused ones too."""
    statuses = known_statuses(request)
    return json_reply(
        {
            "object": "list",
            "data": [_describe(status) for status in statuses],
            "models": sorted({status.name for status in statuses if is_served(status)}),
            "limits": {name: getattr(request.settings, name) for name in LimitsBody.model_fields},
        }
    )


def show_model(request: Request) -> Reply:
    """Answer with the version that `name`, `name:version` or `name:label` stands for."""
    version = request.params.get("version")
    wanted = request.params["model"] + (f":{version}" if version is not None else "")
    statuses = known_statuses(request)
    for status in statuses:
        if wanted in ids_of(status):
            is_ready = is_served(status) and request.engine.health().is_ready
            meant = [status] if ":" in wanted else [x for x in statuses if x.name == status.name]
            versions = [_version_status(one) for one in meant if not one.is_shadow]
            more = {"ready": is_ready, "model_version_status": versions}
            return json_reply(_describe(status) | more)
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


def _version_status(status: ModelStatus) -> dict[str, Any]:
    """Tell a version's state in TensorFlow Serving's words."""
    is_ready = status.state == "ready"
    return {
        "version": str(status.version),
        "state": "AVAILABLE" if is_ready else "END",
        "status": {
            "error_code": "OK" if is_ready else "FAILED_PRECONDITION",
            "error_message": "" if is_ready else status.reason or "",
        },
    }


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
