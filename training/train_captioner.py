"""Train a captioner, which spells in words what an image's numbers show, and export it.

    python -m training.train_captioner --data digits --name digit-names

What it does is in its task's `train`.
"""

import sys

from training import cli
from training.tasks.image_captioning.train import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
