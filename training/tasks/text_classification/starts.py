"""Stored models that a classifier may go on from: their layers, and what they are worth here.

Linear probing before fine-tuning (Kumar et al. 2022): the head is fitted to the start's states
first, so that the layers need not bend to a random one.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from safetensors.torch import load
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from model_store import (
    ClassifierConfig,
    GeneratorConfig,
    Store,
    StoredVersion,
    StoreError,
    Tokenizer,
)
from training.data.batches import TextBatches
from training.data.labelled_texts import Rows
from training.data.vocab import encode_corpus
from training.export.weights import FILENAME
from training.fitting.logistic import by_class
from training.flags import overruled
from training.nets.classifier import ClassifierNetConfig, TextClassifier, pool
from training.nets.config import StackConfig
from training.references import open_reference
from training.reports.baseline import Baseline
from training.tasks.text_generation.pretrained import shape_of, stack_of

log = logging.getLogger(__name__)

NONE = "none"
INVERSE_PENALTY = 0.01  # of the probe, on standardized states
PROBE_TEXTS = 400
PROBE_TOKENS = 256  # of a text
MIN_PROBE_TEXTS = 30
FOLDS = 3
# Of a state, as a share of the median one's: those that hardly vary would get weights so large that
# the first steps explode.
LEAST_SPREAD = 0.2
MARGIN = 0.01  # of accuracy, by which a start must beat the bag of words


@dataclass(frozen=True, slots=True)
class Start:
    """A model to go on from.

    Args:
        reference: Its name and version.
        stack: Its layers' shape.
        weights: Its tensors, by name.
        tokenizer: What it reads with.
    """

    reference: str
    stack: StackConfig
    weights: dict[str, Tensor]
    tokenizer: Tokenizer

    @classmethod
    def of(cls, stored: StoredVersion) -> Self:
        """Open a stored generator or classifier.

        Raises:
            ValueError: It is neither, or reads backwards as well.
        """
        config, name = stored.config, f"{stored.name}:{stored.version}"
        if not isinstance(config, GeneratorConfig | ClassifierConfig):
            raise ValueError(f"{name} is no generator and no text classifier but {config.task}")
        if isinstance(config, ClassifierConfig) and config.bidirectional:
            raise ValueError(f"{name} also reads backwards: a start must read forwards only")
        weights = {key: tensor.float() for key, tensor in load(stored.read(FILENAME)).items()}
        return cls(name, stack_of(config), weights, stored.tokenizer())

    @property
    def shape(self) -> dict[str, Any]:
        """The fields of `StackConfig` that must be taken over."""
        return shape_of(self.stack)

    def stack_weights(self) -> dict[str, Tensor]:
        """Return the tensors of its layers, as `RecurrentStack` names them."""
        prefix = "stack."
        return {
            key.removeprefix(prefix): tensor
            for key, tensor in self.weights.items()
            if key.startswith(prefix)
        }


def open_start(store: Store, reference: str) -> Start:
    """Open `NAME[:VERSION]`.

    Raises:
        ValueError: It is nothing to go on from.
        model_store.StoreError: The store does not have it, or it is damaged.
    """
    return Start.of(open_reference(store, reference))


def say_kept(arguments: argparse.Namespace, start: Start) -> None:
    """Say which flags of the network have no effect, for the start's is taken as it is."""
    shape = {**start.shape, "vocab_size": start.tokenizer.vocab_size}
    if told := overruled(arguments, start.reference, shape):
        log.warning("%s", told)


def find_start(store: Store, train: Rows, *, excluded: str) -> tuple[Start | None, str]:
    """Return the stored classifier whose states tell these labels best, if any is worth it.

    Each is probed, frozen, on up to `PROBE_TEXTS` texts by cross-validation, beside a bag of words.

    Args:
        store: Where classifiers may be.
        train: Training rows.
        excluded: The name of a model that is not looked at.

    Returns:
        The start, and what was found in a line, "" if nothing was looked at.
    """
    sample = _sample(train)
    fewest = min(np.bincount(sample.labels)) if len(sample) else 0
    if len(sample) < MIN_PROBE_TEXTS or fewest < FOLDS:
        return None, ""
    found = [(_probe(start, sample), start) for start in _candidates(store, excluded)]
    if not found:
        return None, ""
    bag = _bag_of_words(sample)
    score, best = max(found, key=lambda scored: scored[0])
    is_worth_it = score >= bag + MARGIN
    scores = ", ".join(f"{start.reference} {value:.3f}" for value, start in found)
    choice = (
        f"goes on from {best.reference} (--init-from none: from scratch)"
        if is_worth_it
        else "from scratch"
    )
    finding = f"starts, by their frozen states on {len(sample)} texts: {scores}; a bag of words "
    return best if is_worth_it else None, f"{finding}{bag:.3f}: {choice}"


def _sample(train: Rows) -> Rows:
    places = np.random.default_rng(0).permutation(len(train))[:PROBE_TEXTS]
    return Rows([train.texts[place] for place in places], [train.labels[place] for place in places])


def classifiers_of(store: Store, *, excluded: str) -> list[StoredVersion]:
    """Return the text classifiers that a store serves; a store that is not there has none.

    Args:
        store: The store.
        excluded: The name of a model that is left out.
    """
    found = []
    for name in store.names() if store.root.exists() else ():
        if name == excluded:
            continue
        try:
            stored = store.open(name)
        except StoreError as exc:
            log.warning("%s is left out: %s", name, exc)
            continue
        if isinstance(stored.config, ClassifierConfig):
            found.append(stored)
    return found


def _candidates(store: Store, excluded: str) -> list[Start]:
    return [
        Start.of(stored)
        for stored in classifiers_of(store, excluded=excluded)
        if isinstance(stored.config, ClassifierConfig) and not stored.config.bidirectional
    ]


def _probe(start: Start, sample: Rows) -> float:
    net = TextClassifier(ClassifierNetConfig(stack=start.stack, num_classes=2))
    net.stack.load_state_dict(start.stack_weights())
    rows = [ids[:PROBE_TOKENS] or [0] for ids in encode_corpus(start.tokenizer, sample.texts)]
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_PENALTY, max_iter=200))
    scores = cross_val_score(probe, pooled_states(net, rows), sample.labels, cv=_folds())
    return float(scores.mean())


def _bag_of_words(sample: Rows) -> float:
    labels, texts = np.asarray(sample.labels), np.asarray(sample.texts, dtype=object)
    hits = [
        Baseline(texts[kept].tolist(), labels[kept].tolist()).probs(texts[left].tolist()).argmax(1)
        == labels[left]
        for kept, left in _folds().split(texts, labels)
    ]
    return float(np.concatenate(hits).mean())


def _folds() -> StratifiedKFold:
    return StratifiedKFold(FOLDS, shuffle=True, random_state=0)


@torch.inference_mode()
def pooled_states(net: TextClassifier, rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Return what the net's head sees of each text, (num_texts, pooled_dim)."""
    net.eval()
    config = net.config
    pooled = np.empty((len(rows), config.pooled_dim), np.float32)
    for batch in TextBatches(rows, list(range(len(rows))), batch_size=32):
        states, _ = net.stack(batch.token_ids, batch.lengths)
        pooled[batch.labels.numpy()] = pool(
            states, batch.lengths, pooling=config.pooling, hidden_size=config.stack.hidden_size
        ).numpy()
    return pooled


def fit_head(net: TextClassifier, rows: Sequence[Sequence[int]], labels: np.ndarray) -> None:
    """Fit the head of a net whose layers were taken over, if it is one linear layer.

    Args:
        net: The network, before it is trained.
        rows: Token ids of training texts.
        labels: (num_texts,) class ids.
    """
    if net.config.dense_dims or net.config.sigmoid_output:
        return
    states = pooled_states(net, rows)
    mean, spread = states.mean(axis=0), states.std(axis=0)
    scale = np.maximum(spread, LEAST_SPREAD * np.median(spread))
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200)
    model.fit((states - mean) / scale, labels)
    weight, bias = by_class(model, net.config.num_classes)
    weight = weight / scale
    bias = bias - weight @ mean
    with torch.no_grad():
        net.output.weight.copy_(torch.from_numpy(weight))
        net.output.bias.copy_(torch.from_numpy(bias))
