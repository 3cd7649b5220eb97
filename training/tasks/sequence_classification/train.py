"""Train a classifier of numbers: the part of `train_classifier` that is theirs.

    python -m training.train_classifier --data japanese_vowels --name vowels
    python -m training.train_classifier --data sensors.npz --name machine-state

Sequences of rows get a recurrent network, inputs of a fixed size a feed-forward one.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from model_store import TaskConfig
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.vector_classification import VectorClassifierConfig
from training import cli
from training.data.number_batches import NumberBatches, pad_numbers
from training.data.numbers import NumberData, NumberRows, load_numbers
from training.errors import UsageError
from training.export.publish import Described, command_line, to_graphs
from training.fitting.callbacks import Point
from training.fitting.processes import this_share
from training.flags import options_from
from training.nets.sequence_classifier import SequenceClassifier, SequenceNetConfig
from training.nets.vector_classifier import VectorClassifier, VectorNetConfig
from training.reports import metrics
from training.reports.figures import draw_calibration, draw_curves
from training.reports.intervals import interval
from training.task import TrainingTask, task_of
from training.tasks.sequence_classification.module import NumberClassifierModule

EVALUATION_BATCH_SIZE = 256
FOR_TEXTS = (
    "init_from", "unlabelled", "teachers", "tokenizer", "vocab_size", "truncation",
    "token_dropout", "crop_share", "sigmoid_output", "preset", "embedding_dim",
    "embedding_dropout", "gradual_unfreezing",
)  # fmt: skip
"""Flags of `train_classifier` that mean nothing where the data are numbers."""

Net = SequenceClassifier | VectorClassifier


def check_flags(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse flags that are for texts; raises `UsageError`."""
    if len(arguments.data) > 1:
        raise UsageError("numbers are read from one source: give --data once")
    for name in FOR_TEXTS:
        if getattr(arguments, name) != parser.get_default(name):
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} is for texts, but {arguments.data[0]} holds numbers")


def build_net(arguments: argparse.Namespace, data: NumberData) -> Net:
    """Build the network that flags and data describe, its standardization fitted."""
    shape: dict[str, Any] = {"num_features": data.num_features, "num_classes": len(data.labels)}
    dense = tuple(arguments.dense_dims)
    net: Net
    if data.is_sequence:
        config = options_from(SequenceNetConfig, arguments, dense_dims=dense, **shape)
        net = SequenceClassifier(config)
    else:
        net = VectorClassifier(
            VectorNetConfig(dense_dims=dense, dropout=arguments.dropout, **shape)
        )
    net.standardize.fit(torch.from_numpy(np.concatenate(data.train.values)))
    return net


def store_config(arguments: argparse.Namespace, net: Net, labels: tuple[str, ...]) -> TaskConfig:
    """Return the same network in the store's words."""
    config = net.config
    if isinstance(config, VectorNetConfig):
        return VectorClassifierConfig(
            num_features=config.num_features, dense_dims=config.dense_dims, labels=labels
        )
    return SequenceClassifierConfig(
        cell=config.cell,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        num_features=config.num_features,
        bidirectional=config.bidirectional,
        pooling=config.pooling,
        dense_dims=config.dense_dims,
        labels=labels,
        max_seq_len=arguments.max_seq_len,
    )


def train(arguments: argparse.Namespace, net: Net, data: NumberData) -> list[Point] | None:
    """Fit the net; see `cli.fit_or_try`."""
    with cli.checking_flags():
        batches = NumberBatches(
            data.train.values,
            data.train.labels,
            batch_size=arguments.batch_size,
            seed=arguments.seed,
            share=this_share(),
        )
    held_out = data.validation
    return cli.fit_or_try(
        arguments,
        NumberClassifierModule(
            net, cli.optimizer_options(arguments), label_smoothing=arguments.label_smoothing
        ),
        batches,
        NumberBatches(held_out.values, held_out.labels, batch_size=EVALUATION_BATCH_SIZE),
    )


@torch.inference_mode()
def predict(net: Net, rows: NumberRows) -> np.ndarray:
    """Return probabilities (inputs, num_classes)."""
    net.eval()
    parts = [
        net(*pad_numbers(rows.values[start : start + EVALUATION_BATCH_SIZE])).numpy()
        for start in range(0, len(rows), EVALUATION_BATCH_SIZE)
    ]
    return metrics.softmax(np.concatenate(parts))


def figures_of(probs: np.ndarray, labels: Sequence[int]) -> dict[str, float]:
    """Return the figures of one split, with the interval of its accuracy."""
    found = metrics.classification_metrics(probs, np.asarray(labels))
    low, high = interval(found["accuracy"], len(labels))
    return found | {"accuracy_low": low, "accuracy_high": high}


def describe(
    argv: Sequence[str],
    data: NumberData,
    *,
    task: TrainingTask,
    net: Net,
    points: Sequence[Point],
) -> Described:
    """Measure the net and gather what goes into the version besides it."""
    answers = {"validation": (predict(net, data.validation), data.validation.labels)}
    answers |= {
        f"{name}_test": (predict(net, rows), rows.labels) for name, rows in data.tests.items()
    }
    figures = {
        f"{split}_{key}": value
        for split, (probs, labels) in answers.items()
        for key, value in figures_of(probs, labels).items()
    }
    primary = next((f"{name}_test_accuracy" for name in data.tests), "validation_accuracy")
    shown = {split: (probs, np.asarray(labels)) for split, (probs, labels) in answers.items()}
    examples = _examples(data)
    return Described(
        about=cli.about_run(
            task,
            command_line("training.train_classifier", argv),
            datasets=data.datasets,
            figures=figures,
            primary=primary,
        ),
        golden=examples,
        example=examples[0],
        pictures={"curves.png": draw_curves(points), "calibration.png": draw_calibration(shown)},
        notes={"Calibration": "![accuracy against confidence](calibration.png)"},
    )


def _examples(data: NumberData) -> list[np.ndarray]:
    """Return made-up inputs: means and deviations of the data, of the user's rows none."""
    rows = np.concatenate(data.train.values)
    middle, width = rows.mean(axis=0), rows.std(axis=0)
    generator = np.random.default_rng(0)
    lengths = (6, 1, 17) if data.is_sequence else (1, 1, 1)
    drawn = [middle + width * generator.normal(size=(n, rows.shape[1])) for n in lengths]
    return [np.round(one, 3).astype(np.float32) for one in drawn]


def main(
    arguments: argparse.Namespace, argv: Sequence[str], parser: argparse.ArgumentParser
) -> None:
    """Read data, train, measure, publish."""
    check_flags(arguments, parser)
    cli.prepare(arguments)
    data = load_numbers(
        arguments.data[0],
        label_column=arguments.label_column,
        id_column=arguments.id_column,
        time_column=arguments.time_column,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
        max_seq_len=arguments.max_seq_len,
    )
    cli.say_report(data.report)
    with cli.checking_flags():
        net = build_net(arguments, data)
        config = store_config(arguments, net, data.labels)
    points = train(arguments, net, data)
    if points is None:
        return
    task = task_of(config)
    exported = to_graphs(task, net, arguments.weights_dtype)
    described = describe(argv, data, task=task, net=net, points=points)
    cli.publish_run(arguments, net, exported, config, described=described)
