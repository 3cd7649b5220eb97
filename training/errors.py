"""What goes wrong, told to the person who typed the command.

DataError   the data cannot be read, fetched or split as asked; the message names the file, the
            line or the value, and what to do.
UsageError  the flags contradict each other or what is there.
ParityError the exported graphs do not answer as the network does; nothing was published.
"""


class DataError(Exception):
    """The data cannot be read, fetched or split as asked."""


class UsageError(Exception):
    """The flags contradict each other or what is there."""


class ParityError(Exception):
    """The graph's answers differ from torch's by more than rounding; nothing was written."""
