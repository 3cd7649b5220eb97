"""No shared module names a task: tasks are found by standing in their folders."""

import ast
from pathlib import Path

import pytest

from model_store.config import config_types
from tests.test_layering import dotted, imported, named, python_files

ROOT = Path(__file__).resolve().parents[1]
TASK_FOLDERS = (
    "model_store/tasks/", "service/engine/tasks/", "service/api/tasks/", "training/tasks/",
)  # fmt: skip
OWN = (
    "training/train_",  # commands, each of one task
    "model_store/importing/",  # makes versions of the tasks that files of others can be
    "model_store/__init__.py",  # hands on what callers of the store need of two of them
)
TASK_PACKAGES = tuple(folder.replace("/", ".") for folder in TASK_FOLDERS)


def shared_files():
    return [
        path
        for path in python_files("model_store", "service", "training")
        if not named(path).startswith((*TASK_FOLDERS, *OWN))
    ]


def tasks_named(source, package):
    """Names of tasks that a module has as a value, and what it imports of their folders."""
    tree = ast.parse(source)
    names = set(config_types())
    values = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    }
    return values | {one for one in imported(tree, package) if one.startswith(TASK_PACKAGES)}


@pytest.mark.parametrize("layer", ["model_store", "service", "training"])
def test_no_shared_module_names_a_task(layer):
    found = {
        named(path): names
        for path in shared_files()
        if named(path).startswith(f"{layer}/")
        and (names := tasks_named(path.read_text(), dotted(path.parent)))
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        'if config.task == "text-generation": pass',
        "from service.engine.tasks.translation.worker import TranslationWorker",
        "import training.tasks.text_classification.task",
    ],
)
def test_a_task_is_seen_in_every_form(source):
    assert tasks_named(source, "service.engine")


def test_every_layer_knows_the_same_tasks():
    from service.engine.task import engine_tasks
    from training.task import training_tasks

    assert set(config_types()) == set(engine_tasks()) == set(training_tasks())


def test_every_verb_of_the_engine_has_its_routes():
    from service.api.task import api_tasks
    from service.engine.task import engine_tasks

    assert {task.verb for task in engine_tasks().values()} == set(api_tasks())
