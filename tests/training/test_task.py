"""A task is found by standing in its folder, and shared modules ask it instead of knowing it."""

import argparse
import ast
import typing
from pathlib import Path
from typing import Any

import pytest

from model_store.config import config_types
from model_store.discovery import found_in
from tests.test_layering import named, python_files
from training import evaluate, tasks
from training.errors import UsageError
from training.task import TrainingTask, training_tasks

NAMES = sorted(training_tasks())
OWN = ("training/tasks/", "training/train_", "training/lessons/", "training/gradients")
NETS = "training/nets/"  # which define the networks, and the blocks that these are made of


def test_each_folder_of_tasks_is_one_task():
    [folder] = map(Path, tasks.__path__)
    folders = {file.parent.name.replace("_", "-") for file in folder.glob("*/task.py")}

    assert folders == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_task_has_words_for_its_card(name):
    task = training_tasks()[name]

    assert task.limits.endswith(".")
    assert task.figures.endswith(".")
    assert task.route.startswith("/v1/")


def own_classes():
    """Names of the tasks' nets, of what these are built from, and of their stored configs."""
    found = set(config_types().values())
    for task in training_tasks().values():
        net = typing.get_type_hints(task.graphs)["net"]
        found |= {net, typing.get_type_hints(net.__init__)["config"]}
        found.add(typing.get_type_hints(task.golden)["config"])
    return {cls.__name__ for cls in found if cls.__module__ != "typing"}


def names_in(source):
    """Every name that a module imports, or uses bare or behind a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_no_shared_module_knows_a_net_or_config_of_a_task():
    classes = own_classes()
    assert len(classes) >= 3 * len(NAMES)

    found = {
        named(path): known
        for path in python_files("training")
        if not named(path).startswith((*OWN, NETS))
        and (known := classes & set(names_in(path.read_text())))
    }

    assert not found


@pytest.mark.parametrize(
    "source",
    ["isinstance(config, TaggerConfig)", "from x import TaggerConfig", "store.TaggerConfig"],
)
def test_a_class_is_seen_in_every_form(source):
    assert "TaggerConfig" in names_in(source)


def test_no_two_tasks_have_the_same_flag_of_evaluate():
    """The parser itself refuses it."""
    arguments = evaluate.build_parser().parse_args(["mine", "--data", "x"])

    adding = list(found_in(tasks, "add_evaluation_flags", module="flags", is_optional=True))
    assert len(adding) == 3
    for add_flags in adding:
        alone = argparse.ArgumentParser()
        add_flags(alone)
        assert vars(alone.parse_args([])).items() <= vars(arguments).items()


def test_measuring_what_has_no_evaluation_is_a_mistake_in_the_command():
    task: Any = argparse.Namespace(name="humming")

    with pytest.raises(UsageError, match="no evaluation of models for humming"):
        TrainingTask.evaluate(task, stored=None, arguments=None)  # type: ignore[arg-type]
