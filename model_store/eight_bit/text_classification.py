"""Text classifiers in 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.config import TaskConfig
from model_store.eight_bit_form import EightBitForm, Loss, Run, Texts, in_floats, ints
from model_store.tasks.text_classification import ClassifierConfig
from model_store.version import StoredVersion
from recurrent.engine import AUTO
from recurrent.quantize import quantized_classifier
from recurrent.text_classifier import TextClassifier
from recurrent.weights import BadWeights, Tensors, classifier_of, network_of, take

MAX_SLOPE = 10.0  # a temperature that grows with a text's length to this power fits no float


def open_text_classifier(
    config: ClassifierConfig, tensors: Tensors, path: str = AUTO
) -> TextClassifier:
    """Return a classifier that runs in 8 bits.

    Args:
        config: Its configuration.
        tensors: Of its file.
        path: See `recurrent.engine.chosen_path`.

    Raises:
        recurrent.weights.BadWeights: If the tensors are not this network's.
        ValueError: If this machine has no such path.
    """
    _check_pooling(config)
    network = network_of(
        tensors,
        cell=config.cell,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        vocab_size=config.vocab_size,
        num_directions=_num_directions(config),
    )
    classifier = classifier_of(
        tensors,
        network,
        is_concat=config.pooling == "concat",
        num_dense=len(config.dense_dims) + 1,
        num_classes=len(config.labels),
        ngrams=(config.ngrams, config.vocab_size),
    )
    temperature, slope = take(tensors, "temperature", np.float32, (2,)).tolist()
    if temperature <= 0 or abs(slope) > MAX_SLOPE:
        raise BadWeights(f"temperature is {temperature:g} with slope {slope:g}: no logits have it")
    return TextClassifier(classifier, (temperature, slope), path)


def _quantized(config: TaskConfig, state: Tensors) -> dict[str, NDArray[Any]]:
    assert isinstance(config, ClassifierConfig)
    _check_pooling(config)
    return quantized_classifier(
        state,
        cell=config.cell,
        num_layers=config.num_layers,
        num_directions=_num_directions(config),
        num_dense=len(config.dense_dims),
    )


def _runner(config: TaskConfig, tensors: Tensors) -> Run:
    assert isinstance(config, ClassifierConfig)
    classifier = open_text_classifier(config, tensors)
    return lambda token_ids: classifier.probs([token_ids])[0]


def _measure(stored: StoredVersion, tensors: Tensors, texts: Texts) -> Loss | None:
    """Compare answers with labels; if no text has one, those in floats count as right."""
    config = stored.config
    assert isinstance(config, ClassifierConfig)
    session, tokenizer = in_floats(stored), stored.tokenizer()
    run = _runner(config, tensors)
    rights: list[tuple[bool, bool]] = []
    largest = 0.0
    known = [one for one in texts if one[1] is not None]
    _check_labels(config, known)
    for text, label in known or texts:
        token_ids = config.input_ids(text, tokenizer)
        if not token_ids:
            continue
        feed = {"token_ids": ints([token_ids]), "lengths": ints([len(token_ids)])}
        before = session.run(["probs"], feed)[0][0]
        after = run(token_ids)
        largest = max(largest, float(np.abs(before - after).max()))
        answers = [config.labels[int(probs.argmax())] for probs in (before, after)]
        wanted = answers[0] if label is None else label
        rights.append((answers[0] == wanted, answers[1] == wanted))
    if not rights:
        return None
    shares = np.mean(rights, axis=0)
    figure = "accuracy" if known else "agreement"
    return Loss(figure, float(shares[0]), float(shares[1]), len(rights), largest)


def _check_labels(config: ClassifierConfig, texts: Texts) -> None:
    wrong = next((label for _, label in texts if label not in config.labels), None)
    if wrong is not None:
        raise ValueError(
            f"label {wrong!r} is none of the model's ({', '.join(config.labels)}): measure with "
            "texts that have its labels, or none"
        )


def _check_pooling(config: ClassifierConfig) -> None:
    if config.pooling not in ("concat", "last"):
        raise BadWeights(
            f"the engine knows no network with pooling {config.pooling!r}, such as it was "
            "imported with"
        )


def _num_directions(config: ClassifierConfig) -> int:
    return 2 if config.bidirectional else 1


FORM = EightBitForm("text-classification", 0.001, _quantized, _runner, _measure)
"""It may lose the answers to one text of a thousand."""
