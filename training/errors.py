"""What goes wrong with data, told to the person who named it.

DataError   the data cannot be read, fetched or split as asked; the message names the file, the
            line or the value, and what to do.
"""


class DataError(Exception):
    """The data cannot be read, fetched or split as asked."""
