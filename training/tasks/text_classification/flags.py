"""The command line of `train_classifier`."""

import argparse
from collections.abc import Sequence
from typing import Any

from training import flags
from training.parser import Parser
from training.tasks.text_classification.recipe import CHOSEN

_FILM = "A tender, funny and beautifully acted film."
# Texts of example calls; of the user's own data none is ever written into a version.
EXAMPLES = {"imdb": _FILM, "sst2": _FILM, "rt_polarity": _FILM, "names_by_language": "Kowalski"}
PLACEHOLDER = "Text of your own to classify."

STRUCTURE = (
    *("tokenizer", "vocab_size", "cell", "embedding_dim", "hidden_size", "num_layers"),
    *("bidirectional", "forget_bias", "chrono_init"),
)
"""Flags that say what the network is; with one of them given, no start is looked for."""

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
        "schedule": "constant",
        "keep": "best",
        "no_ngrams": True,
        "token_dropout": 0.0,
        "input_dropout": 0.0,
        "output_dropout": 0.0,
        "label_smoothing": 0.0,
    },
}


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.train_classifier",
                          description="Train a classifier and export it.")  # fmt: skip
    _add_data_flags(parser)
    net = flags.add_stack_flags(parser)
    net.add_argument("--preset", choices=sorted(PRESETS), help="classic: embedding 50, LSTM 64, "
                     "dense 256, dropout 0.5, sigmoid, RMSprop, early stopping")  # fmt: skip
    net.add_argument("--init-from", metavar="NAME[:VERSION]",
                     help="take tokenizer and layers of a classifier or generator in the store "
                     "(default: the classifier whose states tell your labels best, if one beats "
                     "a bag of words; none: from scratch)")  # fmt: skip
    net.add_argument("--no-ngrams", action="store_true",
                     help="leave out the linear path over n-grams beside the network")  # fmt: skip
    net.add_argument("--bidirectional", action="store_true", help="also read backwards")
    net.add_argument("--pooling", default="concat", choices=["concat", "last"],
                     help="of the states: last, mean and maximum, or the last alone")  # fmt: skip
    net.add_argument("--dense-dims", type=flags.whole(1), nargs="*", default=[],
                     help="sizes of ReLU layers before the labels")  # fmt: skip
    net.add_argument("--dropout", type=flags.share, default=0.2, help="in the dense layers")
    net.add_argument("--sigmoid-output", action="store_true", help="one unit for two classes")
    flags.add_fit_flags(parser)
    fine = parser.add_argument_group("fine-tuning")
    fine.add_argument("--label-smoothing", type=flags.share, default=0.0,
                      help="target probability spread over all labels")  # fmt: skip
    fine.add_argument("--gradual-unfreezing", action="store_true",
                      help="train one more layer group each epoch, from the top")  # fmt: skip
    flags.add_run_flags(parser)
    parser.choose_by_data(CHOSEN)  # see `recipe`
    return parser


def _add_data_flags(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument("--data", nargs="+", required=True, metavar="SOURCE",
                      help="imdb, sst2, rt_polarity, vader, phrasebook, names_by_language, or your "
                      "own: CSV, TSV, JSON, JSONL, Parquet, fastText's lines, a folder of "
                      "them or of class folders; several are joined. Numbers: japanese_vowels, "
                      "digits, or your own .npz, JSONL with values, or CSV with "
                      "--id-column")  # fmt: skip
    flags.add_file_flags(data)
    data.add_argument("--id-column", help="of a CSV of numbers, a line a row: which input it is of")
    data.add_argument("--time-column", help="of such a CSV: what orders the rows of an input")
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share of training rows held out where none are published")  # fmt: skip
    data.add_argument("--test-split", type=flags.share, default=0.1,
                      help="share held out for the final figure, of your own file")  # fmt: skip
    data.add_argument("--unlabelled", metavar="SOURCE",
                      help="also learn what --teachers say of these texts: imdb, or your own text "
                      "file, a text a line")  # fmt: skip
    data.add_argument("--teachers", nargs="+", metavar="NAME[:VERSION]", default=[],
                      help="classifiers in the store; bag-of-words[:SOURCE] and "
                      "naive-bayes[:SOURCE] fit one")  # fmt: skip
    data.add_argument("--no-baseline", action="store_true",
                      help="leave out the comparison with a bag of words and with stored "
                      "classifiers of the same labels")  # fmt: skip
    data.add_argument("--example", type=flags.example, help="text of the example call, written "
                      "into the version (default for your own data: words to replace)")  # fmt: skip
    text = parser.add_argument_group("text")
    text.add_argument("--tokenizer", default="subword", choices=["word", "subword", "char"],
                      help="what a token is")  # fmt: skip
    text.add_argument(
        "--vocab-size", type=flags.whole(flags.MIN_VOCAB_SIZE), default=8000, help="tokens at most"
    )
    text.add_argument("--max-seq-len", type=flags.whole(1), default=400,
                      help="tokens read of a text")  # fmt: skip
    text.add_argument("--truncation", default="both", choices=["head", "tail", "both"],
                      help="which part of longer texts is kept")  # fmt: skip
    text.add_argument("--token-dropout", type=flags.share, default=0.0,
                      help="training tokens left out")  # fmt: skip
    text.add_argument("--crop-share", type=flags.number(0, 1), default=0.0,
                      help="share of long training texts cut to a random part")  # fmt: skip
    text.add_argument("--min-crop", type=flags.whole(1), default=60,
                      help="tokens of the shortest such part")  # fmt: skip


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a preset changes defaults, flags given win over it."""
    parser = build_parser()
    arguments = flags.parse(parser, argv, PRESETS)
    if bool(arguments.unlabelled) != bool(arguments.teachers):
        parser.error("--unlabelled and --teachers go together: give both or neither")
    arguments.given = flags.given(argv, STRUCTURE)
    if arguments.example is None:
        arguments.example = EXAMPLES.get(arguments.data[0], PLACEHOLDER)
    return arguments


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate` that classifiers of texts have."""
    group = parser.add_argument_group("classifiers of texts")
    group.add_argument("--all-rows", action="store_true",
                       help="measure every row: of data that the model never saw")  # fmt: skip
    group.add_argument("--baseline-data", nargs="+", metavar="SOURCE",
                       help="what the bag of words is trained on (default: the rows of --data "
                       "that are not measured)")  # fmt: skip
    group.add_argument("--no-baseline", action="store_true", help="leave it out")
