"""Sequence classification: what training has to know of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from model_store import GoldenCase, NumbersCase, Tokenizer
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from training.data.number_batches import pad_numbers
from training.export.parity import BATCH_SIZES, check_equal
from training.export.sessions import open_session
from training.export.weights import locate
from training.nets.sequence_classifier import SequenceClassifier
from training.task import Exported, TrainingTask
from training.tasks.sequence_classification.graph import sequence_graph

FIGURES = (
    "`accuracy` is the share of right answers, `accuracy_low` to `accuracy_high` its 95 % "
    "interval; `macro_f1` counts every class alike, however rare; `loss` is in nats; "
    "`calibration_error` tells how far confidence and accuracy differ on average."
)
MAX_PROBE_LEN = 40


class NumberClassification(TrainingTask):
    """What classifiers of numbers have in common."""

    route = "/v1/classify"
    figures = FIGURES

    def golden(
        self, net: Any, inputs: Sequence[np.ndarray], config: Any, tokenizer: Tokenizer | None
    ) -> list[GoldenCase]:
        """Return the probabilities of some inputs (rows, features)."""
        cases: list[GoldenCase] = []
        for rows in inputs:
            probs = torch.softmax(net(*pad_numbers([rows])), dim=1)[0]
            cases.append(NumbersCase(rows=rows.tolist(), outputs=probs.tolist()))
        return cases

    def choices(self, config: Any) -> str:
        """Say which labels there are."""
        return f"Labels: {', '.join(config.labels)}."

    def call(self, name: str, example: np.ndarray) -> str:
        """Return the command that asks a model with one input."""
        return super().call(name, [example.astype(float).round(3).tolist()])


class SequenceClassification(NumberClassification):
    """Rows of numbers in, a probability for each label out."""

    name = "sequence-classification"
    limits = (
        "Learned from the data above and no more. Takes sequences of rows of {num_features} "
        "numbers, up to {max_seq_len:,} rows, scaled as the training data were before they are "
        "standardized, which the model does itself."
    )

    def graphs(self, net: SequenceClassifier, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`."""
        return {"model.onnx": sequence_graph(net.config, locate(weights))}

    @torch.inference_mode()
    def check(self, net: SequenceClassifier, exported: Exported) -> None:
        """Compare probabilities on random padded batches; see `TrainingTask`."""
        session = open_session(exported.graphs["model.onnx"], exported.weights)
        generator = np.random.default_rng(0)
        for size in BATCH_SIZES:
            lengths = generator.integers(1, MAX_PROBE_LEN, size)
            shape = net.config.num_features
            rows = [generator.normal(size=(n, shape)).astype(np.float32) for n in lengths]
            values, counts = pad_numbers(rows)
            feed = {"values": values.numpy(), "lengths": counts.numpy().astype(np.int32)}
            expected = torch.softmax(net(values, counts), dim=1)
            check_equal("probabilities", expected, session.run(["probs"], feed)[0])

    def network(self, config: SequenceClassifierConfig) -> str:
        """Say in a line what the network looks like."""
        return (
            f"{'bidirectional ' if config.bidirectional else ''}{config.cell.upper()}, "
            f"{config.num_layers} x {config.hidden_size}, {config.num_features} numbers a row"
        )


TASK = SequenceClassification()
