"""What the workers of one start last served of each model: their common memory.

A worker that takes another's place has seen none of the plans before. Where the store's plan
cannot be followed it goes on with what the others serve, and all give the same answers. Knows no
store and loads nothing.
"""

import logging
from pathlib import Path

from model_store import ServingPlan
from model_store.disk import read_file, replace_file
from model_store.reader import MAX_SERVING_BYTES

logger = logging.getLogger(__name__)


class SharedPlans:
    """One plan a model: what was served of it when the store's plan was last looked at.

    Args:
        folder: Where all workers of a start keep it; None if there is one process only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Make the folder, if there is to be one."""
        self._folder = folder
        self._own: dict[str, ServingPlan] = {}
        if folder is not None:
            folder.mkdir(exist_ok=True)

    def recall(self, name: str) -> ServingPlan | None:
        """Return what was served last by any worker, or by this one where that cannot be read."""
        if self._folder is not None:
            try:
                data = read_file(self._folder / f"{name}.json", max_bytes=MAX_SERVING_BYTES)
                return ServingPlan.model_validate_json(data)
            except (OSError, ValueError):
                pass  # nobody has served it yet, or the folder is full or gone
        return self._own.get(name)

    def note(self, name: str, plan: ServingPlan) -> None:
        """Remember what is served now; never raises."""
        self._own[name] = plan
        if self._folder is None:
            return
        try:
            replace_file(self._folder / f"{name}.json", plan.to_bytes())
        except OSError as exc:
            logger.warning("%s: other workers cannot be told what is served: %s", name, exc)
