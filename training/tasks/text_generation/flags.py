"""The command line of `train_generator`."""

import argparse
from collections.abc import Sequence
from typing import Any

from training import flags
from training.parser import Parser
from training.tasks.text_generation.recipe import CHOSEN

# The paper sums the loss over the 20 steps of a window where this loop takes the mean: its rate
# of 1 and clipping norm of 5 are 20 and 0.25 here.
ZAREMBA_STEPS = 20

PRESETS: dict[str, dict[str, Any]] = {
    "zaremba-small": {  # Zaremba et al. 2014, the network without regularization
        "cell": "lstm",
        "tokenizer": "whitespace",
        "vocab_size": 10_004,  # all words of the Penn Treebank, and what is special
        "embedding_dim": 200,
        "hidden_size": 200,
        "num_layers": 2,
        "init_range": 0.1,
        "bptt_len": ZAREMBA_STEPS,
        "even_windows": True,
        "batch_size": 20,
        "optimizer": "sgd",
        "learning_rate": 1.0 * ZAREMBA_STEPS,
        "grad_clip_norm": 5.0 / ZAREMBA_STEPS,
        "schedule": "step",
        "decay_after": 4,
        "epoch_decay": 0.5,
        "max_epochs": 13,
        "patience": 13,
        "keep": "best",
        "warmup_share": 0.1,
        "input_dropout": 0.0,
        "output_dropout": 0.0,
        "weight_dropout": 0.0,
        "weight_decay": 0.0,
    },
}


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.train_generator",
                          description="Train a text generator and export it.")  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--data", required=True, metavar="SOURCE",
                      help="tiny_shakespeare, names, names_by_language, imdb, ptb, wikitext2, or "
                      "your own text file or folder of them")  # fmt: skip
    data.add_argument("--lines", action="store_true", help="each line of your file is a document")
    data.add_argument("--label-prompts", action="store_true",
                      help="--data has labels, as for train_classifier: each text begins with its "
                      "own, so that a label is a prompt")  # fmt: skip
    data.add_argument("--judge", metavar="NAME[:VERSION]",
                      help="with --label-prompts: train on the passages of texts that this "
                      "classifier in the store surely labels as their text")  # fmt: skip
    flags.add_file_flags(data)
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share held out")  # fmt: skip
    data.add_argument("--no-baseline", action="store_true",
                      help="leave out the comparison with an n-gram model")  # fmt: skip
    data.add_argument("--tokenizer", default="char",
                      choices=["char", "subword", "word", "whitespace"],
                      help="what a token is")  # fmt: skip
    data.add_argument(
        "--vocab-size", type=flags.whole(flags.MIN_VOCAB_SIZE), default=2000, help="tokens at most"
    )
    net = flags.add_stack_flags(parser)
    net.add_argument("--preset", choices=sorted(PRESETS),
                     help="zaremba-small: 2 x 200, 20 steps, 13 epochs, for ptb")  # fmt: skip
    net.add_argument("--init-from", metavar="NAME[:VERSION]",
                     help="go on from a generator in the store, with its tokenizer")  # fmt: skip
    net.add_argument("--tie-weights", action="store_true", help="output layer = embedding")
    net.add_argument("--init-range", type=flags.positive, metavar="R",
                     help="draw all weights uniformly within R of zero")  # fmt: skip
    flags.add_fit_flags(parser)
    _add_text_flags(parser)
    _add_use_flags(parser)
    flags.add_run_flags(parser)
    parser.choose_by_data(CHOSEN)  # see `recipe`
    return parser


def _add_text_flags(parser: argparse.ArgumentParser) -> None:
    text = parser.add_argument_group("running text")
    text.add_argument("--bptt-len", type=flags.whole(1), default=128, help="tokens of a window")
    text.add_argument("--even-windows", action="store_true",
                      help="the same windows in each epoch, not drawn anew")  # fmt: skip
    text.add_argument("--sampled-softmax", type=flags.whole(0), default=0, metavar="N",
                      help="train against N drawn tokens, not the whole vocabulary")  # fmt: skip
    text.add_argument("--activation-penalty", type=flags.number(0), default=0.0,
                      help="AWD-LSTM's AR")  # fmt: skip
    text.add_argument("--slowness-penalty", type=flags.number(0), default=0.0,
                      help="AWD-LSTM's TAR")  # fmt: skip


def _add_use_flags(parser: argparse.ArgumentParser) -> None:
    use = parser.add_argument_group("use: defaults of the service for this model")
    use.add_argument(
        "--prompt-suffix", help='text put after each prompt (default: ":" where prompts are labels)'
    )
    use.add_argument("--max-tokens", type=flags.whole(1), default=4096,
                     help="upper limit of a request")  # fmt: skip
    use.add_argument("--default-max-tokens", type=flags.whole(1), default=256,
                     help="tokens where a request does not say")  # fmt: skip
    use.add_argument("--temperature", type=flags.number(0, 2), default=0.8,
                     help="0 writes the likeliest text, 1 draws as the network says")  # fmt: skip
    use.add_argument("--top-k", type=flags.whole(0), default=0, help="tokens drawn from; 0: all")
    use.add_argument("--top-p", type=flags.number(0, 1), default=0.95,
                     help="probability of the tokens drawn from")  # fmt: skip
    use.add_argument(
        "--example",
        type=flags.example,
        help="prompt of the example call (default: the first allowed)",
    )
    use.add_argument("--samples", type=flags.whole(0), default=200, metavar="N",
                     help="documents drawn to tell the share of new ones")  # fmt: skip


STRUCTURE = ("tokenizer", "vocab_size", "cell", "embedding_dim", "hidden_size", "num_layers")
"""Flags that say what the network is, which one that is gone on from overrules."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a preset changes defaults, flags given win over it."""
    parser = build_parser()
    arguments = flags.parse(parser, argv, PRESETS)
    if arguments.judge and not arguments.label_prompts:
        parser.error("--judge goes with --label-prompts")
    arguments.given = flags.given(argv, STRUCTURE)
    return arguments


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate` that generators have."""
    group = parser.add_argument_group("generators")
    group.add_argument("--lines", action="store_true", help="each line is a document")
    group.add_argument("--label-prompts", action="store_true",
                       help="--data has labels, each a prompt, as in training")  # fmt: skip
    group.add_argument("--judge", metavar="NAME[:VERSION]",
                       help="tells the share of drawn texts that it labels with their prompt: a "
                       "classifier in the store, or bag-of-words, fitted to --data")  # fmt: skip
    group.add_argument("--max-documents", type=flags.whole(1), default=1000,
                       help="measured at most, from all of the data")  # fmt: skip
    group.add_argument("--samples", type=flags.whole(0), default=200, metavar="N",
                       help="documents drawn to tell the share of new ones")  # fmt: skip
