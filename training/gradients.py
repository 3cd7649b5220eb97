"""Measure how a gradient fares on its way back through time, by recurrent cell.

    python -m training.gradients
    python -m training.gradients --length 200 --steps 50

For each start of a cell, on sentences of the made-up language of `lessons.language`: the norm of
the loss's gradient at the state so many tokens before the end, before training; then a training by
plain gradient descent, once with the gradients clipped to a norm of 1 (Pascanu et al. 2013) and
once as they are: the largest norm of a step, and the loss that it ends with. For one sentence and
the RNN, what each step adds to the gradients of its weights. The figures go into OUT/gradients.json
and a picture beside it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from training import flags
from training.lessons.plan import Plan
from training.parser import Parser
from training.script import run_script


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.gradients",
                          description="Norm of the gradient by distance and cell.")  # fmt: skip
    parser.add_argument("--length", type=flags.whole(2, 1000), default=100, metavar="N",
                        help="tokens on the way back")  # fmt: skip
    parser.add_argument("--steps", type=flags.whole(1), default=100,
                        help="of each training, 32 sentences each")  # fmt: skip
    parser.add_argument("--distance", type=flags.whole(2, 1000), default=10,
                        help="tokens between, in sentences of the training")  # fmt: skip
    parser.add_argument("--hidden-size", type=flags.whole(1, 4096), default=Plan().hidden_size,
                        help="units of each network")  # fmt: skip
    parser.add_argument("--learning-rate", type=flags.positive, default=1.0,
                        help="of the descent")  # fmt: skip
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0,
                        help="of weights and sentences")  # fmt: skip
    parser.add_argument("--threads", type=flags.whole(1), default=1,
                        help="of the processor; more gain nothing here")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("runs/gradients"), help="where to write")
    return parser


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what measures, which takes seconds, and hand over."""
    arguments = build_parser().parse_args(argv)
    from training.lessons import gradients

    gradients.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
