r"""Train a translator, or any writer of one text for another, and export it.

    python -m training.train_translator --preset eng-fra --name en-fr
    python -m training.train_translator --data pairs.csv --source-column de --target-column nl \
        --name de-nl

What it does is in its task's `train`.
"""

import sys

from training import cli
from training.tasks.translation.train import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
