"""Train a classifier of texts: the part of `train_classifier` that is theirs.

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_store import ClassifierConfig, Store, Tokenizer
from training import choices, cli
from training.data.augment import TokenNoise
from training.data.batches import TextBatches
from training.data.labelled_texts import ClassificationData, load_classification
from training.data.own_files import ReadOptions
from training.data.vocab import train_tokenizer
from training.export.publish import to_graphs
from training.fitting.callbacks import Point
from training.fitting.processes import this_share
from training.fitting.schedules import GradualUnfreezing
from training.flags import options_from
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.ngrams import longest_order
from training.reports import metrics
from training.reports.figures import draw_calibration, draw_curves
from training.tasks.text_classification import recipe
from training.tasks.text_classification.description import (
    describe,
    epochs_section,
    layers_section,
)
from training.tasks.text_classification.doubts import DOUBTS, keep_doubts
from training.tasks.text_classification.encoding import (
    EncodedRows,
    encode,
    encode_training,
    pieces_of,
)
from training.tasks.text_classification.joining import join_paths
from training.tasks.text_classification.measure import answer, calibrate, examine_tests
from training.tasks.text_classification.module import ClassifierModule
from training.tasks.text_classification.starts import (
    NONE,
    Start,
    find_start,
    fit_head,
    open_start,
    say_kept,
)
from training.tasks.text_classification.task import TASK
from training.tasks.text_classification.teachers import TaughtRows, teach
from training.tasks.text_classification.untouched import say_untouched

log = logging.getLogger(__name__)

VALIDATION_BATCH_SIZE = 256


def read_data(arguments: argparse.Namespace) -> ClassificationData:
    """Load the splits and say what was read and left out."""
    log.info("reading %s", ", ".join(arguments.data))
    data = load_classification(
        arguments.data,
        options=options_from(ReadOptions, arguments),
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    cli.say_report(data.report)
    return data


def read_taught(
    arguments: argparse.Namespace, store: Store, data: ClassificationData
) -> TaughtRows | None:
    """Return the texts that teachers label, if any were asked for."""
    if not arguments.unlabelled:
        return None
    return teach(arguments.unlabelled, arguments.teachers, store=store, data=data)


def learn_tokenizer(
    arguments: argparse.Namespace, data: ClassificationData, start: Start | None
) -> Tokenizer:
    """Return the start's tokenizer, or learn one from the training split."""
    if start is not None:
        return start.tokenizer
    return train_tokenizer(arguments.tokenizer, data.train.texts, vocab_size=arguments.vocab_size)


def build_net(
    arguments: argparse.Namespace,
    *,
    num_classes: int,
    vocab_size: int,
    start: Start | None,
) -> TextClassifier:
    """Build the network that the flags describe, its stack the start's if there is one."""
    if start is not None and arguments.bidirectional:
        raise ValueError("a start reads forwards only: --init-from excludes --bidirectional")
    shape = {} if start is None else start.shape
    config = ClassifierNetConfig(
        stack=options_from(StackConfig, arguments, vocab_size=vocab_size, **shape),
        num_classes=num_classes,
        pooling=arguments.pooling,
        dense_dims=tuple(arguments.dense_dims),
        dropout=arguments.dropout,
        sigmoid_output=arguments.sigmoid_output,
    )
    net = TextClassifier(config)
    if start is not None:
        net.stack.load_state_dict(start.stack_weights())
    return net


def ngrams_of(arguments: argparse.Namespace, vocab_size: int) -> int:
    """Return how many tokens the linear path's longest n-gram has, 0 without such a path."""
    if arguments.no_ngrams:
        return 0
    return longest_order(recipe.ORDERS.get(arguments.tokenizer, 3), vocab_size)


def named_start(arguments: argparse.Namespace, store: Store) -> Start | None:
    """Open the model that `--init-from` names, before anything slow is done."""
    if arguments.init_from in (None, NONE):
        return None
    start = open_start(store, arguments.init_from)
    say_kept(arguments, start)
    return start


def choose_start(
    arguments: argparse.Namespace, store: Store, data: ClassificationData
) -> Start | None:
    """Return the model to go on from that the data say is best, if there is one."""
    if arguments.init_from or arguments.given or arguments.preset:
        return None  # a network of the caller's own making
    start, finding = find_start(store, data.train, excluded=arguments.name)
    if finding:
        choices.say(arguments, finding)
    return start


def store_config(
    arguments: argparse.Namespace, net: ClassifierNetConfig, labels: tuple[str, ...]
) -> ClassifierConfig:
    """Return the same network in the store's words, with what the service must know."""
    return ClassifierConfig(
        cell=net.stack.cell,
        vocab_size=net.stack.vocab_size,
        embedding_dim=net.stack.embedding_dim,
        hidden_size=net.stack.hidden_size,
        num_layers=net.stack.num_layers,
        bidirectional=net.stack.bidirectional,
        pooling=net.pooling,
        dense_dims=net.dense_dims,
        ngrams=ngrams_of(arguments, net.stack.vocab_size),
        labels=labels,
        max_seq_len=arguments.max_seq_len,
        truncation=arguments.truncation,
    )


def check_example(text: str, config: ClassifierConfig, tokenizer: Tokenizer) -> None:
    """See that the example call gives the network something to read; raises `ValueError`."""
    if not config.input_ids(text, tokenizer):
        raise ValueError(f"--example {text!r} has no token: give some words")


def train(
    arguments: argparse.Namespace, net: TextClassifier, train: EncodedRows, held_out: EncodedRows
) -> list[Point] | None:
    """Fit the net; see `cli.fit_or_try`."""
    noise = TokenNoise(
        token_dropout=arguments.token_dropout,
        crop_share=arguments.crop_share,
        min_crop=arguments.min_crop,
    )
    with cli.checking_flags():
        batches = TextBatches(
            train.rows,
            train.labels,
            batch_size=arguments.batch_size,
            seed=arguments.seed,
            augment=noise,
            share=this_share(),
        )
    return cli.fit_or_try(
        arguments,
        ClassifierModule(
            net, cli.optimizer_options(arguments), label_smoothing=arguments.label_smoothing
        ),
        batches,
        TextBatches(held_out.rows, held_out.labels, batch_size=VALIDATION_BATCH_SIZE),
        callbacks=[GradualUnfreezing()] if arguments.gradual_unfreezing else [],
    )


def finish(
    net: TextClassifier,
    certain: EncodedRows,
    held_out: EncodedRows,
    *,
    config: ClassifierConfig,
    tokenizer: Tokenizer,
) -> np.ndarray:
    """Give a trained net its linear path, if it is to have one, and calibrate it.

    Returns:
        Probabilities (num_texts, num_classes) of the validation texts.
    """
    if not config.ngrams:
        return calibrate(net, held_out)
    pieces = pieces_of(tokenizer)
    return join_paths(net, certain, held_out, max_order=config.ngrams, pieces=pieces)


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Read data, train, calibrate, measure, publish."""
    store = cli.prepare(arguments)
    recipe.choose_regularizers(arguments)
    with cli.checking_flags():
        start = named_start(arguments, store)
    data = read_data(arguments)
    start = start or choose_start(arguments, store, data)
    if start is None:
        recipe.choose_tokenizer(arguments, data.train.texts)
    tokenizer = cli.run_tokenizer(arguments, lambda: learn_tokenizer(arguments, data, start))
    with cli.checking_flags():
        sizes = {"num_classes": len(data.labels), "vocab_size": tokenizer.vocab_size}
        net = build_net(arguments, **sizes, start=start)
        config = store_config(arguments, net.config, data.labels)
        check_example(arguments.example, config, tokenizer)
        taught = read_taught(arguments, store, data)
    if taught is not None:
        data = replace(data, datasets=(*data.datasets, taught.dataset))
    held_out = encode(data.validation.texts, data.validation.labels, tokenizer, config)
    encoded = encode_training(data, taught, tokenizer, config)
    recipe.choose_schedule(arguments, encoded.rows, is_started=start is not None)
    certain = encode(data.train.texts, data.train.labels, tokenizer, config)
    if start is not None and not arguments.dry_run:
        fit_head(net, certain.rows, certain.labels)
    points = train(arguments, net, encoded, held_out)
    if points is None:
        return
    probs = finish(net, certain, held_out, config=config, tokenizer=tokenizer)
    log.info("exporting, then answering the test texts")
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    answers = {name: answer(net, rows, tokenizer, config) for name, rows in data.tests.items()}
    results = examine_tests(data, answers, with_baseline=not arguments.no_baseline)
    if not arguments.no_baseline:
        say_untouched(store, data, answers, excluded=arguments.name)
    keep_doubts(cli.run_dir(arguments) / DOUBTS, data, answers)
    labels = held_out.labels
    shown = {"validation": (probs, labels)}
    shown |= {name: (answers[name].probs, np.asarray(data.tests[name].labels)) for name in answers}
    described = describe(
        arguments,
        argv,
        data,
        validation=metrics.classification_metrics(probs, labels),
        results=results,
        training={**layers_section(net, config.max_seq_len), **epochs_section(points)},
        pictures={"curves.png": draw_curves(points), "calibration.png": draw_calibration(shown)},
    )
    cli.publish_run(arguments, net, exported, config, tokenizer=tokenizer, described=described)
