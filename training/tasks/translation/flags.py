"""The command line of `train_translator`."""

import argparse
from collections.abc import Sequence
from typing import Any

from training import flags
from training.parser import Parser

PRESETS: dict[str, dict[str, Any]] = {
    "eng-fra": {  # the shipped translator: 40 minutes of two cores
        "data": "eng_fra",
        "max_epochs": 8,
        "batch_size": 112,
        "keep": "last",
        "learning_rate": 2e-3,
        "weight_decay": 0.01,
        "schedule": "slanted",
        "warmup_share": 0.05,
        "dropout": 0.15,
        "label_smoothing": 0.1,
        "precision": "bf16",
        "weights_dtype": "float16",
    },
}


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.train_translator",
                          usage="%(prog)s --data SOURCE --name NAME [FLAG ...]",
                          description="Train a translator and export it.")  # fmt: skip
    parser.add_argument("--preset", choices=sorted(PRESETS),
                        help="eng-fra: English to French, as it is shipped")  # fmt: skip
    _add_data_flags(parser)
    _add_net_flags(parser)
    flags.add_fit_flags(parser)
    _add_use_flags(parser)
    flags.add_run_flags(parser)
    return parser


def _add_data_flags(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument("--data", metavar="SOURCE",
                      help="eng_fra, or your own CSV, TSV or JSONL file")  # fmt: skip
    data.add_argument("--source-column", default="source", help="what is read, of your own file")
    data.add_argument("--target-column", default="target", help="what is written")
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share of the sentences held out, 1,500 at most")  # fmt: skip
    data.add_argument("--test-split", type=flags.share, default=0.0,
                      help="share held out for the final figure; eng_fra has 5,000 "
                      "sentences")  # fmt: skip
    data.add_argument("--vocab-size", type=flags.whole(260), default=6000,
                      help="tokens of both languages at most")  # fmt: skip


def _add_net_flags(parser: argparse.ArgumentParser) -> None:
    net = parser.add_argument_group("network")
    flags.add_cell_flag(net)
    net.add_argument("--embedding-dim", type=flags.whole(1), default=256, help="numbers a token")
    net.add_argument("--hidden-size", type=flags.whole(1), default=256,
                     help="of the decoder and the memory")  # fmt: skip
    net.add_argument("--num-layers", type=flags.whole(1), default=2, help="of the decoder")
    net.add_argument("--encoder-hidden-size", type=flags.whole(1), default=128,
                     help="in each direction")  # fmt: skip
    net.add_argument("--encoder-layers", type=flags.whole(1), default=2, help="of the encoder")
    net.add_argument("--max-source-tokens", type=flags.whole(1), default=64,
                     help="places of the memory: longest input")  # fmt: skip
    net.add_argument("--dropout", type=flags.share, default=0.0,
                     help="locked, on embedded tokens, between layers and before the "
                     "output")  # fmt: skip
    net.add_argument("--weight-dropout", type=flags.share, default=0.0,
                     help="share of hidden-to-hidden weights dropped for a batch")  # fmt: skip
    net.add_argument("--label-smoothing", type=flags.share, default=0.0,
                     help="target probability spread over all tokens")  # fmt: skip


def _add_use_flags(parser: argparse.ArgumentParser) -> None:
    use = parser.add_argument_group("use")
    use.add_argument("--source-language", help="such as en (default: of the data, or the column)")
    use.add_argument("--target-language", help="such as fr (default: of the data, or the column)")
    use.add_argument("--max-tokens", type=flags.whole(1), default=96,
                     help="upper limit of a request")  # fmt: skip
    use.add_argument("--num-beams", type=flags.whole(1), default=5,
                     help="of the beam search that is measured; 1 leaves it out")  # fmt: skip
    use.add_argument("--length-penalty", type=flags.number(0), default=1.0,
                     help="exponent of the length by which beams are compared")  # fmt: skip


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a preset changes defaults, flags given win over it."""
    parser = build_parser()
    arguments = flags.parse(parser, argv, PRESETS)
    if not arguments.data:
        parser.error("--data is missing: name eng_fra or your own file, or take a --preset")
    return arguments


def add_evaluation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `evaluate` that translators have."""
    group = parser.add_argument_group("translators")
    group.add_argument("--source-column", default="source", help="what is read, of your own file")
    group.add_argument("--target-column", default="target", help="what is written")
    group.add_argument("--num-beams", type=flags.whole(1), default=5,
                       help="of the beam search that is measured; 1 leaves it out")  # fmt: skip
