"""What an 8-bit form of a version costs in answers: both are run on the same texts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_store.config import RecurrentConfig
from model_store.eight_bit import open_language_model, open_text_classifier
from model_store.onnx_runtime import ort
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tasks.text_generation import GeneratorConfig
from model_store.version import StoredVersion
from recurrent.weights import Tensors

WEIGHTS = "weights.safetensors"

Floats = NDArray[np.floating]
Texts = Sequence[tuple[str, str | None]]
"""Texts with their labels, if they have any."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What 8 bits cost.

    Args:
        figure: Name of what was measured: "accuracy", "agreement" or "nats".
        before: In floats.
        after: In 8 bits.
        count: Texts, or tokens.
        largest: Largest change of a probability, or of a token's log probability.
    """

    figure: str
    before: float
    after: float
    count: int
    largest: float

    @property
    def lost(self) -> float:
        """How much worse the 8-bit form is."""
        return self.after - self.before if self.figure == "nats" else self.before - self.after

    @property
    def shown(self) -> str:
        """All of it in a line."""
        kind = "tokens" if self.figure == "nats" else "texts"
        what = "nats a token" if self.figure == "nats" else self.figure
        return (
            f"{what} on {self.count:,} {kind}: {self.before:.4f} in floats, {self.after:.4f} in "
            f"8 bits; the largest change of a {'log ' if kind == 'tokens' else ''}probability is "
            f"{self.largest:.3f}"
        )


Run = Callable[[Sequence[int]], Floats]
"""From a text's tokens to what `golden.json` holds: probabilities, or the next token's logits."""


def runner(config: RecurrentConfig, tensors: Tensors) -> Run:
    """Return what runs a version in 8 bits."""
    if isinstance(config, ClassifierConfig):
        classifier = open_text_classifier(config, tensors)
        return lambda token_ids: classifier.probs([token_ids])[0]
    assert isinstance(config, GeneratorConfig), "no other task has an 8-bit form"
    model = open_language_model(config, tensors)
    start = model.start_state(1)
    return lambda token_ids: model.run([token_ids], start)[0][0]


def measure(
    stored: StoredVersion, config: RecurrentConfig, tensors: Tensors, texts: Texts
) -> Loss | None:
    """Run a version and its 8-bit form on texts.

    Args:
        stored: The version in floats.
        config: Its configuration.
        tensors: Its weights in 8 bits.
        texts: What to run on; of a generator, what it is to predict.

    Returns:
        What is lost; None if no text has anything to read.
    """
    if isinstance(config, ClassifierConfig):
        return _measure_classifier(stored, config, tensors, texts)
    assert isinstance(config, GeneratorConfig), "no other task has an 8-bit form"
    return _measure_generator(stored, config, tensors, texts)


def _measure_classifier(
    stored: StoredVersion, config: ClassifierConfig, tensors: Tensors, texts: Texts
) -> Loss | None:
    """Compare answers; without labels those in floats count as right."""
    session, tokenizer = _session(stored), stored.tokenizer()
    run = runner(config, tensors)
    rights: list[tuple[bool, bool]] = []
    largest = 0.0
    for text, label in texts:
        token_ids = config.input_ids(text, tokenizer)
        if not token_ids:
            continue
        feed = {"token_ids": _ints([token_ids]), "lengths": _ints([len(token_ids)])}
        before = session.run(["probs"], feed)[0][0]
        after = run(token_ids)
        largest = max(largest, float(np.abs(before - after).max()))
        answers = [config.labels[int(probs.argmax())] for probs in (before, after)]
        wanted = answers[0] if label is None else label
        rights.append((answers[0] == wanted, answers[1] == wanted))
    if not rights:
        return None
    shares = np.mean(rights, axis=0)
    figure = "agreement" if texts[0][1] is None else "accuracy"
    return Loss(figure, float(shares[0]), float(shares[1]), len(rights), largest)


def _measure_generator(
    stored: StoredVersion, config: GeneratorConfig, tensors: Tensors, texts: Texts
) -> Loss | None:
    session, tokenizer = _session(stored), stored.tokenizer()
    model = open_language_model(config, tensors)
    losses: list[tuple[float, float]] = []
    for text, _ in texts:
        token_ids = config.input_ids(text, tokenizer)
        if len(token_ids) < 2:
            continue
        logits, _ = model.each(token_ids[:-1], model.start_state(1))
        wanted = np.array(token_ids[1:])
        before = np.stack(list(_steps(session, config, token_ids[:-1])))
        losses += zip(_nats(before, wanted), _nats(logits, wanted), strict=True)
    if not losses:
        return None
    pairs = np.array(losses)
    before_mean, after_mean = pairs.mean(axis=0).tolist()
    largest = float(np.abs(pairs[:, 0] - pairs[:, 1]).max())
    return Loss("nats", before_mean, after_mean, len(pairs), largest)


def _steps(
    session: ort.InferenceSession, config: GeneratorConfig, token_ids: Sequence[int]
) -> Iterator[Floats]:
    """Yield the logits in floats after each token."""
    names = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
    shape = (config.num_layers, 1, config.hidden_size)
    state = {name: np.zeros(shape, np.float32) for name in names}
    for token_id in token_ids:
        feed = {"token_ids": _ints([[token_id]]), "lengths": _ints([1])}
        logits, *after = session.run(None, feed | state)
        state = dict(zip(names, after, strict=True))
        yield logits[0]


def _nats(logits: Floats, wanted: NDArray[np.integer]) -> list[float]:
    """Return minus the log probabilities of the tokens that came."""
    exact = logits.astype(np.float64)
    exact -= exact.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(exact).sum(axis=1))
    nats: list[float] = (log_sums - exact[np.arange(len(wanted)), wanted]).tolist()
    return nats


def _ints(numbers: Sequence[int] | Sequence[Sequence[int]]) -> NDArray[np.int32]:
    return np.array(numbers, np.int32)


def _session(stored: StoredVersion) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    weights = stored.read(WEIGHTS)
    options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
    return ort.InferenceSession(stored.read("model.onnx"), options)
