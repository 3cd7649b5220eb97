"""What goes wrong, told to the person who typed the command.

DataError   the data cannot be read, fetched or split as asked; the message names the file, the
            line or the value, and what to do.
UsageError  the flags contradict each other or what is there.
ParityError the exported graphs do not answer as the network does; nothing was published.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

MAX_NEIGHBOURS = 1000  # files of a folder that are looked at for one that was meant


class DataError(Exception):
    """The data cannot be read, fetched or split as asked."""


class UsageError(Exception):
    """The flags contradict each other or what is there."""


class ParityError(Exception):
    """The graph's answers differ from torch's by more than rounding; nothing was written."""


def meant(source: str, named: Iterable[str]) -> str:
    """Return what ends a message about data that are not there: the set or file that was meant.

    Args:
        source: What was asked for.
        named: The sets that have a name.

    Returns:
        "" where nothing is much like it.
    """
    folder = Path(source).parent
    files = islice(folder.iterdir(), MAX_NEIGHBOURS) if folder.is_dir() else ()
    known = [*named, *(str(folder / file.name) for file in files)]
    near = get_close_matches(source, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""
