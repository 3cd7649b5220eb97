"""`GET /v1/models/<id>/card` and its pictures: what was made, of what, and how good it is.

Any version in the store has a card, served or not: a new one can be looked at before it is
promoted. A name alone means the default version, or the newest where none is.
"""

from typing import Any

from model_store import Manifest
from model_store.names import parse_version
from service.api.models import ids_of, known_statuses, unknown
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.web import WebFile, file_reply
from service.engine.types import Card, ModelStatus

PNG = "image/png"


def show_card(request: Request) -> Reply:
    """Answer with a version's card, and the figures of the model's other versions."""
    statuses = known_statuses(request)
    name, version = _meant(request.params["model"], statuses)
    card = request.engine.card(name, version)
    return json_reply(_describe(card, [status for status in statuses if status.name == name]))


def show_picture(request: Request) -> Reply:
    """Answer with a picture, tagged by its checksum: an unchanged one is not sent again."""
    name, version = _meant(request.params["model"], known_statuses(request))
    picture = request.engine.picture(name, version, request.params["picture"])
    return file_reply(WebFile(picture.body, PNG, f'"{picture.sha256}"'), request)


def _meant(wanted: str, statuses: list[ModelStatus]) -> tuple[str, int | None]:
    """Return the model and version that `name`, `name:version` or `name:label` stands for."""
    for status in statuses:
        if wanted in ids_of(status):
            return status.name, status.version
    name, has_tag, tag = wanted.partition(":")
    if not has_tag:
        return name, None
    version = parse_version(tag)
    if version is None:
        raise unknown(wanted, statuses)
    return name, version


def _describe(card: Card, statuses: list[ModelStatus]) -> dict[str, Any]:
    manifest = card.manifest
    return {
        "object": "model.card",
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task,
        "created": manifest.created,
        **_figures(manifest),
        "datasets": [dict(dataset) for dataset in manifest.datasets],
        "command": manifest.command,
        "card": card.text,
        "example": card.example,
        "pictures": [{"name": name, **dict(info)} for name, info in card.pictures.items()],
        "versions": _versions(card, {status.version: status for status in statuses}),
    }


def _versions(card: Card, statuses: dict[int, ModelStatus]) -> list[dict[str, Any]]:
    """Describe the versions beside each other, ascending."""
    rows = [
        {"created": one.created, **_figures(one), **_place(one.version, statuses)}
        for one in card.versions
    ]
    nothing = {"created": 0, "metrics": {}, "primary_metric": None}
    rows += [
        {**nothing, **_place(version, statuses), "state": "refused", "reason": reason}
        for version, reason in card.unreadable.items()
    ]
    return sorted(rows, key=lambda row: row["version"])


def _figures(manifest: Manifest) -> dict[str, Any]:
    primary = manifest.primary_metric
    return {
        "metrics": manifest.metrics,
        "primary_metric": None if primary is None else dict(primary),
    }


def _place(version: int, statuses: dict[int, ModelStatus]) -> dict[str, Any]:
    """Tell how a version is served, if it is."""
    status = statuses.get(version)
    return {
        "version": version,
        "state": "stored" if status is None else status.state,
        "reason": None if status is None else status.reason,
        "is_default": status is not None and status.is_default,
        "labels": () if status is None else status.labels,
        "canary_weight": None if status is None else status.canary_weight,
        "is_shadow": status is not None and status.is_shadow,
    }
