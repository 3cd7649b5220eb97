"""Texts as what a classifier is trained on: token ids, cut as the service cuts them, and labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store import ClassifierConfig, Tokenizer
from training.data.labelled_texts import ClassificationData
from training.data.vocab import encode_corpus
from training.tasks.text_classification.teachers import TaughtRows


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Token ids of each text, at least one, and what it is.

    Args:
        rows: Token ids.
        labels: Class ids (num_texts,) int64, or probabilities (num_texts, num_classes) float32.
    """

    rows: list[list[int]]
    labels: np.ndarray


def encode(
    texts: Sequence[str],
    labels: Sequence[int] | np.ndarray,
    tokenizer: Tokenizer,
    config: ClassifierConfig,
) -> EncodedRows:
    """Return token ids cut as the service cuts them, and labels; texts without tokens go."""
    encoded = [config.cut(ids) for ids in encode_corpus(tokenizer, texts)]
    kept = [place for place, ids in enumerate(encoded) if ids]
    return EncodedRows([encoded[place] for place in kept], np.asarray(labels)[kept])


def pieces_of(tokenizer: Tokenizer) -> list[str]:
    """Return what each token stands for, by id, with the space before a word."""
    return [data.decode("utf-8", errors="replace") for data in tokenizer.token_bytes]


def encode_training(
    data: ClassificationData,
    taught: TaughtRows | None,
    tokenizer: Tokenizer,
    config: ClassifierConfig,
) -> EncodedRows:
    """Return the rows to train on; labels are probabilities where texts were taught."""
    if taught is None:
        return encode(data.train.texts, data.train.labels, tokenizer, config)
    certain = np.eye(len(data.labels), dtype=np.float32)[data.train.labels]
    texts = [*data.train.texts, *taught.texts]
    return encode(texts, np.concatenate([certain, taught.probs]), tokenizer, config)
