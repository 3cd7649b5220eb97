"""Generators in 8 bits; their golden answers are logits, which have the same bits everywhere."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.config import TaskConfig
from model_store.eight_bit_form import EightBitForm, Floats, Loss, Run, Texts, in_floats, ints
from model_store.onnx_runtime import ort
from model_store.tasks.text_generation import GeneratorConfig
from model_store.version import StoredVersion
from recurrent.engine import AUTO
from recurrent.language_model import LanguageModel
from recurrent.quantize import quantized_language_model
from recurrent.weights import Tensors, network_of

PART = 256  # tokens whose logits are held at once: a file is one text, whole books too


def open_language_model(
    config: GeneratorConfig, tensors: Tensors, path: str = AUTO
) -> LanguageModel:
    """Return a generator that runs in 8 bits; see `recurrent.language_model`."""
    network = network_of(
        tensors,
        cell=config.cell,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        vocab_size=config.vocab_size,
        has_decoder=True,
    )
    return LanguageModel(network, config.vocab_size, path)


def _quantized(config: TaskConfig, state: Tensors) -> dict[str, NDArray[Any]]:
    assert isinstance(config, GeneratorConfig)
    is_tied = config.tie_weights
    return quantized_language_model(
        state, cell=config.cell, num_layers=config.num_layers, is_tied=is_tied
    )


def _runner(config: TaskConfig, tensors: Tensors) -> Run:
    assert isinstance(config, GeneratorConfig)
    model = open_language_model(config, tensors)
    start = model.start_state(1)
    return lambda token_ids: model.run([token_ids], start)[0][0]


def _measure(stored: StoredVersion, tensors: Tensors, texts: Texts) -> Loss | None:
    config = stored.config
    assert isinstance(config, GeneratorConfig)
    session, tokenizer = in_floats(stored), stored.tokenizer()
    model = open_language_model(config, tensors)
    losses: list[tuple[float, float]] = []
    for text, _ in texts:
        token_ids = config.input_ids(text, tokenizer)
        if len(token_ids) < 2:
            continue
        steps, state = _steps(session, config, token_ids[:-1]), model.start_state(1)
        for first in range(0, len(token_ids) - 1, PART):
            part = token_ids[first : first + PART + 1]
            before = np.stack(list(islice(steps, len(part) - 1)))
            after, state = model.each(part[:-1], state)
            wanted = np.array(part[1:])
            losses += zip(_nats(before, wanted), _nats(after, wanted), strict=True)
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
        feed = {"token_ids": ints([[token_id]]), "lengths": ints([1])}
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


FORM = EightBitForm("text-generation", 0.005, _quantized, _runner, _measure)
"""It may lose five thousandths of a nat a token."""
