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
        """Say all three in one line."""
        super().__init__(f"{place}: {reason}. {way_out}")
