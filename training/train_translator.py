r"""Train a translator, or any writer of one text for another, and export it.

    python -m training.train_translator --preset eng-fra --name en-fr
    python -m training.train_translator --data pairs.csv --source-column de --target-column nl \
        --name de-nl

What it does is in its task's `train`.
"""

import sys
from collections.abc import Sequence

from training.script import run_script
from training.tasks.translation.flags import parse


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds, and hand over."""
    arguments = parse(argv)
    from training.tasks.translation import train

    train.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
