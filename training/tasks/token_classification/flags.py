"""The command line of `train_tagger`."""

import argparse
from collections.abc import Sequence

from training import flags
from training.parser import Parser


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.train_tagger",
                          description="Train a tagger of words and export it.")  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--data", required=True, metavar="SOURCE",
                      help="ud_english_ewt, or your own CoNLL file: a line a word, an empty line "
                      "between sentences")  # fmt: skip
    data.add_argument("--word-column", type=flags.whole(1), default=1, help="of your own file")
    data.add_argument("--label-column", type=int, default=-1,
                      help="of your own file; -1 is the last one")  # fmt: skip
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share of sentences held out where none are published")  # fmt: skip
    data.add_argument("--test-split", type=flags.share, default=0.1,
                      help="share held out for the final figure, of your own file")  # fmt: skip
    data.add_argument("--min-count", type=flags.whole(1), default=2,
                      help="words seen less often are read by their characters alone")  # fmt: skip
    data.add_argument("--max-words", type=flags.whole(1), default=1000, help="of a text")
    data.add_argument(
        "--example", type=flags.example, help="text of the example call, written into the version"
    )
    net = parser.add_argument_group("network")
    flags.add_cell_flag(net)
    net.add_argument("--hidden-size", type=flags.whole(1), default=200, help="in each direction")
    net.add_argument("--num-layers", type=flags.whole(1), default=2, help="recurrent layers")
    net.add_argument("--word-dim", type=flags.whole(1), default=100, help="numbers a word")
    net.add_argument("--character-dim", type=flags.whole(1), default=32,
                     help="numbers a character")  # fmt: skip
    net.add_argument("--character-hidden-size", type=flags.whole(1), default=48,
                     help="of the layer that reads words by character")  # fmt: skip
    net.add_argument("--word-dropout", type=flags.share, default=0.1,
                     help="words that training reads by their characters alone")  # fmt: skip
    net.add_argument("--dropout", type=flags.share, default=0.33, help="locked, between layers")
    net.add_argument("--weight-dropout", type=flags.share, default=0.0,
                     help="share of hidden-to-hidden weights dropped for a batch")  # fmt: skip
    flags.add_fit_flags(parser)
    flags.add_run_flags(parser)
    parser.set_defaults(batch_size=32, learning_rate=2e-3, schedule="cosine", keep="last")
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    return build_parser().parse_args(argv)
