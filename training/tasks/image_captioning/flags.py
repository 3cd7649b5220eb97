"""The command line of `train_captioner`."""

import argparse
from collections.abc import Sequence

from training import flags
from training.parser import Parser


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.train_captioner",
                          description="Train a captioner of images and export it.")  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--data", required=True, metavar="SOURCE",
                      help="digits, or your own .npz or JSONL of images as numbers, each with its "
                      "caption as label")  # fmt: skip
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share of training images held out")  # fmt: skip
    data.add_argument("--test-split", type=flags.share, default=0.1,
                      help="share held out for the final figure, of your own file")  # fmt: skip
    net = parser.add_argument_group("network")
    flags.add_cell_flag(net)
    net.add_argument("--embedding-dim", type=flags.whole(1), default=64, help="numbers a character")
    net.add_argument("--hidden-size", type=flags.whole(1), default=128, help="units of a layer")
    net.add_argument("--num-layers", type=flags.whole(1), default=1, help="recurrent layers")
    net.add_argument("--image-dim", type=flags.whole(1), default=256,
                     help="ReLU layer between pixels and the first input")  # fmt: skip
    net.add_argument(
        "--dropout",
        type=flags.share,
        default=0.2,
        help="after the image's layer, and locked on the outputs",
    )
    flags.add_fit_flags(parser)
    flags.add_run_flags(parser)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    return build_parser().parse_args(argv)
