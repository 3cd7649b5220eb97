"""Train a captioner, which spells in words what an image's numbers show, and export it.

    python -m training.train_captioner --data digits --name digit-names

What it does is in its task's `train`.
"""

import sys
from collections.abc import Sequence

from training.script import run_script
from training.tasks.image_captioning.flags import parse


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds, and hand over."""
    arguments = parse(argv)
    from training.tasks.image_captioning import train

    train.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
