"""What a task is to the engine: how a stored version of it becomes something that answers.

Each task describes itself in a folder of `service/engine/tasks`; nobody lists them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from model_store import StoredVersion
from model_store.discovery import found_in
from service.engine import tasks
from service.engine.options import EngineOptions
from service.engine.types import ModelInfo
from service.engine.worker import Worker


@dataclass(frozen=True)
class EngineTask:
    """One task.

    Args:
        name: As in `config.json`.
        verb: What its models can be asked to do, as requests name it: "classify".
        does: What they do, for messages: "classifies texts".
        load: Opens a stored version, proves it against its golden answers and returns what it
            takes, and what answers; raises `Refused`, `StoreError`, or what its graphs raise.
    """

    name: str
    verb: str
    does: str
    load: Callable[[StoredVersion, EngineOptions], tuple[ModelInfo, Worker]]


@cache
def engine_tasks() -> Mapping[str, EngineTask]:
    """Return every task that is known here, by name."""
    found = (task for several in found_in(tasks, "TASKS", module="task") for task in several)
    return {task.name: task for task in found}
