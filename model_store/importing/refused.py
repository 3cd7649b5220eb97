"""Why a file is not imported."""

from model_store.errors import StoreError


class Refused(StoreError):
    """A file cannot be imported as it is; the message names the place, the reason and a way out.

    Args:
        place: What it is about, such as a layer or a flag.
        reason: What is wrong with it.
        way_out: What to do instead.
    """

    def __init__(self, place: str, reason: str, way_out: str) -> None:
        """Say all three in one line, whatever the file's own names hold."""
        super().__init__(f"{printable(place, 200)}: {printable(reason, 400)}. {way_out}")


def printable(text: str, most: int) -> str:
    """Return text of a file as one line that is safe to show: escaped, and cut at `most`."""
    shown = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return shown if len(shown) <= most else f"{shown[:most]}…"
