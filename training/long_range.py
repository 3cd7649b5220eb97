"""Measure over what distance recurrent cells learn to remember, on a made-up language.

    python -m training.long_range
    python -m training.long_range --distances 10 40 --steps 300
    python -m training.long_range --publish

The language is `lessons.language`: "Je suis français, il pleut, et j'habite en ___". A network of
each cell is trained on sentences of one distance and asked for the country; 0.125 is chance. The
figures go into OUT/long_range.json and a picture beside it. With `--publish` it trains the small
models that the service's pages on recurrent networks ask, and puts them into the store instead.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from training import flags
from training.lessons.plan import Plan
from training.parser import Parser
from training.script import run_script

PLAN = Plan()
DISTANCES = (5, 10, 20, 40, 80, 120)


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.long_range",
                          description="Accuracy by distance and recurrent cell.")  # fmt: skip
    parser.add_argument("--distances", type=flags.whole(2, 1000), nargs="+",
                        default=list(DISTANCES), metavar="N",
                        help="tokens between the word and what hangs on it")  # fmt: skip
    parser.add_argument("--steps", type=flags.whole(1), default=PLAN.steps,
                        help="of training, 32 sentences each")  # fmt: skip
    parser.add_argument("--hidden-size", type=flags.whole(1, 4096), default=PLAN.hidden_size,
                        help="units of each network")  # fmt: skip
    parser.add_argument("--learning-rate", type=flags.positive, default=PLAN.learning_rate,
                        help="of Adam")  # fmt: skip
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0,
                        help="of weights and sentences")  # fmt: skip
    parser.add_argument("--threads", type=flags.whole(1), default=1,
                        help="of the processor; more gain nothing here")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("runs/long_range"), help="where to write")
    parser.add_argument("--publish", action="store_true",
                        help="train the small models of the pages and publish them")  # fmt: skip
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE,
                        help="where --publish puts them")  # fmt: skip
    parser.add_argument("--weights", type=Path, metavar="FILE",
                        help="where --publish also writes the weights, as JSON for the pages that "
                        "calculate with them")  # fmt: skip
    return parser


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds, and hand over."""
    arguments = build_parser().parse_args(argv)
    from training.lessons import long_range

    long_range.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
