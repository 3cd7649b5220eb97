"""Train a text generator, export it to the model store, and say how to call it.

    python -m training.train_generator --data tiny_shakespeare --name shakespeare
    python -m training.train_generator --data names_by_language --cell gru --name names
    python -m training.train_generator --data tickets.csv --label-prompts --name tickets
    python -m training.train_generator --preset zaremba-small --data ptb --name ptb
    python -m training.train_generator --data my_text.txt --name mine

What it does is in its task's `train`.
"""

import sys
from collections.abc import Sequence

from training.script import run_script
from training.tasks.text_generation.flags import parse


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds, and hand over."""
    arguments = parse(argv)
    from training.tasks.text_generation import train

    train.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
