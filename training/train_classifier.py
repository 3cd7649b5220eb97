"""Train a classifier of texts or of numbers, export it to the model store, and say how to call it.

    python -m training.train_classifier --data imdb --cell lstm --name sentiment
    python -m training.train_classifier --data tickets.csv --text-column body \
        --label-column queue --name tickets
    python -m training.train_classifier --data sensors.npz --name machine-state

What the data are decides which task's script takes them; what it does is in its `train`.
"""

import sys
from collections.abc import Sequence

from training.choices import fill
from training.errors import UsageError
from training.script import run_script
from training.tasks.text_classification.flags import build_parser, parse
from training.tasks.text_classification.recipe import FIXED


def main(argv: Sequence[str]) -> None:
    """Read the flags, then import what trains, which takes seconds; go by the kind of the data."""
    arguments = parse(argv)
    from training.data.numbers import are_numbers
    from training.tasks.sequence_classification import train as numbers
    from training.tasks.text_classification import train as texts

    numbers_of = [one for one in arguments.data if are_numbers(one, id_column=arguments.id_column)]
    if numbers_of and len(arguments.data) > 1:
        raise UsageError(
            f"{numbers_of[0]} holds numbers, and those are read from one source: name it alone, "
            f"not with {len(arguments.data) - 1} more"
        )
    if numbers_of:
        fill(arguments, FIXED)
        numbers.main(arguments, argv, build_parser())
    else:
        texts.main(arguments, argv)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
