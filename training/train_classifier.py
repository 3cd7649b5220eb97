"""Train a text classifier, export it to the model store, and say how to call it.

    python -m training.train_classifier --data imdb --cell lstm --name sentiment
    python -m training.train_classifier --data tickets.csv --text-column body \
        --label-column queue --name tickets

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from model_store import About, ClassifierConfig, PrimaryMetric, Tokenizer
from training import cli, metrics
from training.augment import TokenNoise
from training.batches import TextBatches
from training.callbacks import Point
from training.data import ClassificationData, Rows, load_classification
from training.export import DTYPES, Described, command_line, export, library_versions
from training.figures import draw_calibration, draw_curves
from training.fit import fit
from training.nets.classifier import TextClassifier
from training.nets.config import ClassifierNetConfig, StackConfig
from training.pretrained import Encoder, open_encoder
from training.schedules import GradualUnfreezing
from training.tasks import ClassifierTask
from training.vocab import encode_corpus, train_tokenizer
from training.weights import round_weights

log = logging.getLogger(__name__)

EXAMPLE = "A tender, funny and beautifully acted film."
GOLDEN_TEXTS = (
    EXAMPLE,
    "Not good at all: it broke after two days, and nobody answered my mails.",
    "ok",
    "We waited an hour for cold soup. " * 60,
)

PRESETS: dict[str, dict[str, Any]] = {
    "classic": {  # the LSTM classifier of many courses and Keras examples
        "cell": "lstm",
        "tokenizer": "word",
        "vocab_size": 10_000,
        "max_seq_len": 150,
        "embedding_dim": 50,
        "hidden_size": 64,
        "pooling": "last",
        "dense_dims": [256],
        "dropout": 0.5,
        "sigmoid_output": True,
        "optimizer": "rmsprop",
        "learning_rate": 1e-3,
        "batch_size": 128,
        "max_epochs": 10,
        "validation_split": 0.2,
        "patience": 0,
        "min_delta": 1e-4,
    },
}


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.train_classifier",
                                     description=__doc__.split("\n")[0])  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--data", nargs="+", required=True, metavar="SOURCE",
                      help="imdb, sst2, rt_polarity, names_by_language, or your own CSV, TSV, "
                      "JSONL file or folder of class folders; several are joined")  # fmt: skip
    data.add_argument("--text-column", default="text", help="of your own file")
    data.add_argument("--label-column", default="label", help="of your own file")
    data.add_argument("--validation-split", type=float, default=0.1,
                      help="share of training rows held out where none are published")  # fmt: skip
    data.add_argument("--test-split", type=float, default=0.1,
                      help="share held out for the final figure, of your own file")  # fmt: skip
    data.add_argument("--example", default=EXAMPLE, help="text of the example call")
    data.add_argument("--tokenizer", default="subword", choices=["word", "subword", "char"])
    data.add_argument("--vocab-size", type=int, default=8000, help="tokens at most")
    data.add_argument("--max-seq-len", type=int, default=400, help="tokens read of a text")
    data.add_argument("--truncation", default="both", choices=["head", "tail", "both"],
                      help="which part of longer texts is kept")  # fmt: skip
    data.add_argument("--token-dropout", type=float, default=0.0, help="training tokens left out")
    data.add_argument("--crop-share", type=float, default=0.0,
                      help="share of long training texts cut to a random part")  # fmt: skip
    net = cli.add_stack_flags(parser)
    net.add_argument("--preset", choices=sorted(PRESETS), help="classic: embedding 50, LSTM 64, "
                     "dense 256, dropout 0.5, sigmoid, RMSprop, early stopping")  # fmt: skip
    net.add_argument("--init-from", metavar="NAME[:VERSION]",
                     help="take tokenizer and layers of a generator in the store")  # fmt: skip
    net.add_argument("--bidirectional", action="store_true", help="also read backwards")
    net.add_argument("--pooling", default="concat", choices=["concat", "last"])
    net.add_argument("--dense-dims", type=int, nargs="*", default=[], help="ReLU layers")
    net.add_argument("--dropout", type=float, default=0.2, help="in the dense layers")
    net.add_argument("--sigmoid-output", action="store_true", help="one unit for two classes")
    cli.add_fit_flags(parser)
    fine = parser.add_argument_group("fine-tuning")
    fine.add_argument("--label-smoothing", type=float, default=0.0)
    fine.add_argument("--gradual-unfreezing", action="store_true",
                      help="train one more layer group each epoch, from the top")  # fmt: skip
    cli.add_run_flags(parser)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a preset changes defaults, flags given win over it."""
    parser = build_parser()
    preset = parser.parse_known_args(argv)[0].preset
    if preset:
        parser.set_defaults(**PRESETS[preset])
    return parser.parse_args(argv)


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


def net_config(
    arguments: argparse.Namespace, *, num_classes: int, vocab_size: int, encoder: Encoder | None
) -> ClassifierNetConfig:
    """Return the network that the flags describe, its stack the encoder's if there is one."""
    shape = {} if encoder is None else encoder.shape
    stack = cli.options_from(StackConfig, arguments, vocab_size=vocab_size, **shape)
    return ClassifierNetConfig(
        stack=stack,
        num_classes=num_classes,
        pooling=arguments.pooling,
        dense_dims=tuple(arguments.dense_dims),
        dropout=arguments.dropout,
        sigmoid_output=arguments.sigmoid_output,
    )


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


def encode_rows(
    rows: Rows, tokenizer: Tokenizer, config: ClassifierConfig
) -> tuple[list[list[int]], list[int]]:
    """Return token ids cut as the service cuts them, and labels; texts without tokens go."""
    encoded = [config.cut(ids) for ids in encode_corpus(tokenizer, rows.texts)]
    kept = [place for place, ids in enumerate(encoded) if ids]
    return [encoded[place] for place in kept], [rows.labels[place] for place in kept]


def calibrate(net: TextClassifier, rows: list[list[int]], labels: list[int]) -> np.ndarray:
    """Fit the net's temperature on validation rows; return their calibrated probabilities."""
    logits = metrics.predict_logits(net, rows)
    temperature = metrics.fit_temperature(logits, np.asarray(labels))
    net.temperature.fill_(temperature)
    log.info("calibrated with temperature %.3f", temperature)
    return metrics.softmax(logits / temperature)


def measure(
    net: TextClassifier, data: ClassificationData, tokenizer: Tokenizer, config: ClassifierConfig
) -> dict[str, float]:
    """Return the figures of each test set, by `<set>_test_<figure>`."""
    figures: dict[str, float] = {}
    for name, split in data.tests.items():
        rows, labels = encode_rows(split, tokenizer, config)
        probs = metrics.softmax(metrics.predict_logits(net, rows))
        found = metrics.classification_metrics(probs, np.asarray(labels))
        figures |= {f"{name}_test_{key}": value for key, value in found.items()}
    return figures


def try_one_batch(task: ClassifierTask, batches: TextBatches) -> None:
    """Run one batch forwards and backwards, and say what the net is."""
    batch = next(iter(batches))
    task.net(batch.token_ids, batch.lengths).sum().backward()
    count = sum(parameter.numel() for parameter in task.net.parameters())
    log.info("dry run: %s parameters, %d batches an epoch; nothing written", f"{count:,}",
             len(batches))  # fmt: skip


def learn_tokenizer(
    arguments: argparse.Namespace, data: ClassificationData, encoder: Encoder | None
) -> Tokenizer:
    """Return the encoder's tokenizer, or learn one from the training split."""
    if encoder is not None:
        return encoder.tokenizer
    return train_tokenizer(arguments.tokenizer, data.train.texts, vocab_size=arguments.vocab_size)


def train(
    arguments: argparse.Namespace,
    task: ClassifierTask,
    rows: tuple[list[list[int]], list[int]],
    held_out: tuple[list[list[int]], list[int]],
) -> list[Point]:
    """Fit the task's net; return the losses at each validation."""
    noise = TokenNoise(token_dropout=arguments.token_dropout, crop_share=arguments.crop_share)
    batches = TextBatches(
        *rows, batch_size=arguments.batch_size, seed=arguments.seed, augment=noise
    )
    if arguments.dry_run:
        try_one_batch(task, batches)
        return []
    return fit(
        task,
        batches,
        TextBatches(*held_out, batch_size=256),
        options=cli.fit_options(arguments),
        callbacks=[GradualUnfreezing()] if arguments.gradual_unfreezing else [],
    )


def describe(
    arguments: argparse.Namespace,
    data: ClassificationData,
    figures: dict[str, float],
    *,
    command: str,
    pictures: dict[str, bytes],
) -> Described:
    """Gather what goes into the version besides the net."""
    chosen = [f"{name}_test_accuracy" for name in data.tests] or ["validation_accuracy"]
    about = About(
        task="text-classification",
        datasets=data.datasets,
        metrics=figures,
        primary_metric=PrimaryMetric(name=chosen[0], higher_is_better=True),
        command=command,
        libraries=library_versions(),
    )
    return Described(
        about=about,
        golden_texts=GOLDEN_TEXTS,
        example=arguments.example,
        pictures=pictures,
        dtype=arguments.weights_dtype,
        notes={"Calibration": "![accuracy against confidence](calibration.png)"},
    )


def main(argv: Sequence[str]) -> None:
    """Read data, train, measure, publish."""
    arguments = parse(argv)
    store = cli.prepare(arguments)
    encoder = open_encoder(store, arguments.init_from) if arguments.init_from else None
    data = read_data(arguments)
    tokenizer = cli.run_tokenizer(arguments, lambda: learn_tokenizer(arguments, data, encoder))
    shape = net_config(
        arguments,
        num_classes=len(data.labels),
        vocab_size=tokenizer.vocab_size,
        encoder=encoder,
    )
    config = store_config(arguments, shape, data.labels)
    net = TextClassifier(shape)
    if encoder is not None:
        net.stack.load_state_dict(encoder.state)
    task = ClassifierTask(
        net, cli.optimizer_options(arguments), label_smoothing=arguments.label_smoothing
    )
    held_out = encode_rows(data.validation, tokenizer, config)
    points = train(arguments, task, encode_rows(data.train, tokenizer, config), held_out)
    if arguments.dry_run:
        return
    round_weights(net, DTYPES[arguments.weights_dtype])
    probs = calibrate(net, *held_out)
    labels = np.asarray(held_out[1])
    figures = measure(net, data, tokenizer, config)
    validation = metrics.classification_metrics(probs, labels)
    figures |= {f"validation_{key}": value for key, value in validation.items()}
    stored = export(
        net,
        config,
        tokenizer=tokenizer,
        store=store,
        name=arguments.name,
        described=describe(
            arguments,
            data,
            figures,
            command=command_line("training.train_classifier", argv),
            pictures={
                "curves.png": draw_curves(points),
                "calibration.png": draw_calibration(probs, labels),
            },
        ),
    )
    cli.say_published(stored, "classify", {"model": stored.name, "input": arguments.example})


if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
