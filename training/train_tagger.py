"""Train a tagger, which labels each word of a text, export it, and say how to call it.

    python -m training.train_tagger --data ud_english_ewt --name pos
    python -m training.train_tagger --data names.conll --label-column 4 --name entities

What it does is in its task's `train`.
"""

import sys
from collections.abc import Sequence

from training.script import run_script
from training.tasks.token_classification.flags import parse


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds, and hand over."""
    arguments = parse(argv)
    from training.tasks.token_classification import train

    train.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
