"""Train a tagger, which labels each word of a text, export it, and say how to call it.

    python -m training.train_tagger --data ud_english_ewt --name pos
    python -m training.train_tagger --data names.conll --label-column 4 --name entities

What it does is in its task's `train`.
"""

import sys

from training import cli
from training.tasks.token_classification.train import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
