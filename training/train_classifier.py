"""Train a classifier of texts or of numbers, export it to the model store, and say how to call it.

    python -m training.train_classifier --data imdb --cell lstm --name sentiment
    python -m training.train_classifier --data tickets.csv --text-column body \
        --label-column queue --name tickets

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_store import About, ClassifierConfig, PrimaryMetric, Store, Tokenizer
from training import cli
from training.data.augment import TokenNoise
from training.data.batches import TextBatches
from training.data.encoding import EncodedRows, encode, encode_training
from training.data.labelled_texts import ClassificationData, load_classification
from training.data.numbers import are_numbers
from training.data.vocab import encode_corpus, train_tokenizer
from training.export.publish import Described, command_line, library_versions, publish, to_graphs
from training.fitting.callbacks import Point
from training.fitting.fit import fit
from training.fitting.pretrained import Pretrained, open_pretrained
from training.fitting.processes import this_share
from training.fitting.schedules import GradualUnfreezing
from training.fitting.teachers import TaughtRows, teach
from training.flags import options_from
from training.nets.classifier import FEWEST_TOKENS, TextClassifier
from training.nets.config import ClassifierNetConfig, StackConfig
from training.reports import evaluation, metrics
from training.reports.baseline import Baseline
from training.reports.figures import draw_calibration, draw_curves
from training.tasks.sequence_classification.train import main as train_numbers
from training.tasks.text_classification.flags import build_parser, parse
from training.tasks.text_classification.module import ClassifierModule
from training.tasks.text_classification.task import TASK

log = logging.getLogger(__name__)

GOLDEN_TEXTS = (
    "Not good at all: it broke after two days, and nobody answered my mails.",
    "ok",
    "We waited an hour for cold soup. " * 60,
)
VALIDATION_BATCH_SIZE = 256
MIN_CALIBRATION_ROWS = 30


def read_data(arguments: argparse.Namespace) -> ClassificationData:
    """Load the splits and say what was read and left out."""
    data = load_classification(
        arguments.data,
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    for line in data.report.lines():
        log.info("%s", line)
    return data


def read_taught(
    arguments: argparse.Namespace, store: Store, data: ClassificationData
) -> TaughtRows | None:
    """Return the texts that teachers label, if any were asked for."""
    if not arguments.unlabelled:
        return None
    return teach(arguments.unlabelled, arguments.teachers, store=store, data=data)


def learn_tokenizer(
    arguments: argparse.Namespace, data: ClassificationData, pretrained: Pretrained | None
) -> Tokenizer:
    """Return the language model's tokenizer, or learn one from the training split."""
    if pretrained is not None:
        return pretrained.tokenizer
    return train_tokenizer(arguments.tokenizer, data.train.texts, vocab_size=arguments.vocab_size)


def build_net(
    arguments: argparse.Namespace,
    *,
    num_classes: int,
    vocab_size: int,
    pretrained: Pretrained | None,
) -> TextClassifier:
    """Build the network that the flags describe, its stack the language model's if there is one."""
    if pretrained is not None and arguments.bidirectional:
        raise ValueError("a generator reads forwards only: --init-from excludes --bidirectional")
    shape = {} if pretrained is None else pretrained.shape
    config = ClassifierNetConfig(
        stack=options_from(StackConfig, arguments, vocab_size=vocab_size, **shape),
        num_classes=num_classes,
        pooling=arguments.pooling,
        dense_dims=tuple(arguments.dense_dims),
        dropout=arguments.dropout,
        sigmoid_output=arguments.sigmoid_output,
    )
    net = TextClassifier(config)
    if pretrained is not None:
        net.stack.load_state_dict(pretrained.net.stack.state_dict())
    return net


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
        labels=labels,
        max_seq_len=arguments.max_seq_len,
        truncation=arguments.truncation,
    )


def train(
    arguments: argparse.Namespace, net: TextClassifier, train: EncodedRows, held_out: EncodedRows
) -> list[Point]:
    """Fit the net; return the losses at each validation, none on a dry run."""
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
    if arguments.dry_run:
        batch = next(iter(batches))
        net(batch.token_ids, batch.lengths).sum().backward()
        cli.say_dry_run(net, len(batches))
        return []
    return fit(
        ClassifierModule(
            net, cli.optimizer_options(arguments), label_smoothing=arguments.label_smoothing
        ),
        batches,
        TextBatches(held_out.rows, held_out.labels, batch_size=VALIDATION_BATCH_SIZE),
        options=cli.fit_options(arguments),
        callbacks=[GradualUnfreezing()] if arguments.gradual_unfreezing else [],
    )


def calibrate(net: TextClassifier, held_out: EncodedRows) -> np.ndarray:
    """Fit the net's temperature on validation rows; return their calibrated probabilities.

    Few rows would tell more of themselves than of the net: it then stays as it is.
    """
    logits = metrics.predict_logits(net, held_out.rows)
    if len(logits) < MIN_CALIBRATION_ROWS:
        log.info("not calibrated: fewer than %d validation texts", MIN_CALIBRATION_ROWS)
        return metrics.softmax(logits)
    lengths = np.maximum([len(row) for row in held_out.rows], FEWEST_TOKENS)
    temperature, slope = metrics.fit_temperature(logits, held_out.labels, lengths)
    net.temperature.fill_(temperature)
    net.temperature_slope.fill_(slope)
    log.info(
        "probabilities calibrated on validation texts (temperature %.3f, times length to the %.3f)",
        temperature,
        slope,
    )
    return metrics.softmax(logits / (temperature * lengths**slope)[:, None])


def answer_tests(
    net: TextClassifier, data: ClassificationData, tokenizer: Tokenizer, config: ClassifierConfig
) -> dict[str, np.ndarray]:
    """Return the probabilities of each test set's texts; without a token, all are as likely."""
    answers = {}
    for name, rows in data.tests.items():
        encoded = [config.cut(ids) for ids in encode_corpus(tokenizer, rows.texts)]
        filled = [place for place, ids in enumerate(encoded) if ids]
        logits = np.zeros((len(rows), len(config.labels)), np.float32)
        logits[filled] = metrics.predict_logits(net, [encoded[place] for place in filled])
        answers[name] = metrics.softmax(logits)
    return answers


def examine_tests(
    data: ClassificationData, answers: dict[str, np.ndarray], *, with_baseline: bool
) -> list[evaluation.TestResult]:
    """Measure each test set, next to a bag of words trained on the same rows."""
    baseline = None
    if with_baseline and data.tests:
        log.info("fitting a bag of words to compare with (--no-baseline leaves it out)")
        baseline = Baseline(data.train.texts, data.train.labels)
    return [
        evaluation.examine(
            name, rows, answers[name], None if baseline is None else baseline.probs(rows.texts)
        )
        for name, rows in data.tests.items()
    ]


def describe(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    data: ClassificationData,
    *,
    validation: dict[str, float],
    results: Sequence[evaluation.TestResult],
    pictures: dict[str, bytes],
) -> Described:
    """Gather what goes into the version besides the net."""
    primary = next((f"{name}_test_accuracy" for name in data.tests), "validation_accuracy")
    figures = {f"validation_{key}": value for key, value in validation.items()}
    about = About(
        task="text-classification",
        datasets=data.datasets,
        metrics=figures | evaluation.figures(results),
        primary_metric=PrimaryMetric(name=primary, higher_is_better=True),
        command=command_line("training.train_classifier", argv),
        libraries=library_versions(),
    )
    return Described(
        about=about,
        golden=(arguments.example, *GOLDEN_TEXTS),
        example=arguments.example,
        pictures=pictures,
        notes=evaluation.sections(results, data.labels)
        | {"Calibration": "![accuracy against confidence](calibration.png)"},
    )


def main(argv: Sequence[str]) -> None:
    """Read data, train, calibrate, measure, publish."""
    arguments = parse(argv)
    if are_numbers(arguments.data[0], id_column=arguments.id_column):
        train_numbers(arguments, argv, build_parser())
        return
    store = cli.prepare(arguments)
    with cli.checking_flags():
        pretrained = open_pretrained(store, arguments.init_from) if arguments.init_from else None
    data = read_data(arguments)
    tokenizer = cli.run_tokenizer(arguments, lambda: learn_tokenizer(arguments, data, pretrained))
    with cli.checking_flags():
        net = build_net(
            arguments,
            num_classes=len(data.labels),
            vocab_size=tokenizer.vocab_size,
            pretrained=pretrained,
        )
        config = store_config(arguments, net.config, data.labels)
        taught = read_taught(arguments, store, data)
    if taught is not None:
        data = replace(data, datasets=(*data.datasets, taught.dataset))
    held_out = encode(data.validation.texts, data.validation.labels, tokenizer, config)
    points = train(arguments, net, encode_training(data, taught, tokenizer, config), held_out)
    if arguments.dry_run or not this_share().is_first:
        return
    probs = calibrate(net, held_out)
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    answers = answer_tests(net, data, tokenizer, config)
    results = examine_tests(data, answers, with_baseline=not arguments.no_baseline)
    labels = held_out.labels
    shown = {"validation": (probs, labels)}
    shown |= {name: (answers[name], np.asarray(data.tests[name].labels)) for name in answers}
    described = describe(
        arguments,
        argv,
        data,
        validation=metrics.classification_metrics(probs, labels),
        results=results,
        pictures={"curves.png": draw_curves(points), "calibration.png": draw_calibration(shown)},
    )
    stored = publish(
        net,
        exported,
        config,
        tokenizer=tokenizer,
        store=store,
        name=arguments.name,
        described=described,
    )
    cli.say_published(stored, arguments.example)


if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
