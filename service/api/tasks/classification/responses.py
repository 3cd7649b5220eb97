"""Wire models of `/v1/classify`: the answer, written by hand and held against them."""

from typing import Literal

from service.api.gates_schemas import GatesBody
from service.api.response_schemas import Answer, Usage


class Piece(Answer):
    """A token or word of the caller's text, and what it does to the answer."""

    start: int
    """Offset of its first character in the text, counted in code points."""

    end: int
    """Offset after its last character."""

    text: str
    """The characters between."""

    probs: list[float]
    """Trajectory: probabilities after this token. Occlusion: those of the whole text, minus those
    of the text without this word."""

    score: float
    """The same for the answer's own label."""


class Classified(Answer):
    """The answer for one text."""

    index: int
    """Place of the text in the request."""

    label: str
    """The most probable label."""

    score: float
    """Its probability."""

    probs: list[float]
    """Probability of each label, in the model's order."""

    num_classes: int
    """Number of labels."""

    num_tokens: int
    """Tokens of the text."""

    truncated: bool
    """Whether the text was longer than the model reads."""

    state: str | None = None
    """With `return_state`: where the network stands at the text's end, to be sent as `state`."""

    trajectory: list[Piece] | None = None
    """After each token, if asked for."""

    initial_probs: list[float] | None = None
    """With the trajectory, the probabilities before its first token: the model's answer where there
    is nothing to read."""

    occlusion: list[Piece] | None = None
    """Without each word, if asked for."""

    gates: GatesBody | None = None
    """What went on inside the network, if asked for."""


class ClassifyAnswerBody(Answer):
    """Answers in the order of the texts."""

    id: str
    """Made of the request's id."""

    object: Literal["list"]
    """What this is."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that answered."""

    version: int
    """Its version."""

    data: list[Classified]
    """One answer a text."""

    usage: Usage
    """Tokens counted."""
