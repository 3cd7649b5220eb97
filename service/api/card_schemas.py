"""Wire models of model cards; tests hold the answers against them, and `/docs` shows them."""

from typing import Literal

from service.api.response_schemas import Answer


class PrimaryMetricBody(Answer):
    """The figure that versions are compared by."""

    name: str
    """Its name among `metrics`."""

    higher_is_better: bool
    """Whether more of it is better."""


class DatasetBody(Answer):
    """Data that a version was trained or measured on."""

    name: str
    """Its name."""

    split: str
    """The part of it, such as `train`."""

    rows: int
    """Texts, or characters of a corpus."""

    source: str
    """Where it comes from; empty for the maker's own."""

    licence: str
    """Its terms, as the publisher names them."""

    sha256: str | None
    """Checksum of the file as fetched, if there is one file."""


class CardPictureBody(Answer):
    """A picture of a card."""

    name: str
    """Its name, at `/v1/models/NAME:VERSION/pictures/`."""

    sha256: str
    """Checksum of its bytes, which is also its `ETag`."""

    bytes: int
    """Its size."""


class CardVersionBody(Answer):
    """One of a model's versions, beside the others."""

    version: int
    """Its number."""

    created: int
    """Unix seconds of its publication; 0 if its manifest cannot be read."""

    metrics: dict[str, float]
    """Figures measured when it was trained."""

    primary_metric: PrimaryMetricBody | None
    """The one of them that `promote` compares."""

    state: Literal["ready", "refused", "stored"]
    """Whether it answers, was refused, or only lies in the store."""

    reason: str | None
    """Why it was refused, see `/v1/models`."""

    is_default: bool
    """Whether the name alone means this version."""

    labels: list[str]
    """Names such as `stable` that point at it."""

    canary_weight: float | None
    """Its share of the requests that name no version, if it is the canary."""

    is_shadow: bool
    """Whether it only gets copies of requests to be compared."""


class CardBody(Answer):
    """What a version was made of and how good it is, beside the model's other versions."""

    object: Literal["model.card"]
    """What this is."""

    name: str
    """The model's name."""

    version: int
    """The version's number."""

    task: str
    """What it was made for."""

    created: int
    """Unix seconds of its publication."""

    metrics: dict[str, float]
    """Figures measured when it was trained."""

    primary_metric: PrimaryMetricBody | None
    """The one of them that `promote` compares."""

    datasets: list[DatasetBody]
    """What it was trained and measured on."""

    command: str
    """The command that made it."""

    card: str | None
    """The card as Markdown, for people; null if the version has none, or one of over 1 MB."""

    example: str | None
    """A text of the kind that it takes; null if it takes none."""

    pictures: list[CardPictureBody]
    """PNG pictures of at most 4 MB that the card may show."""

    versions: list[CardVersionBody]
    """The newest 50 versions in the store, ascending."""
