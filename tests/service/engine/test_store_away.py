"""A store that is away, empty or silent: what is served stays, and the problem is told."""

import threading
from functools import partial

import pytest

from model_store import Store
from service.engine.loading import load
from service.engine.options import EngineOptions
from service.engine.registry import Registry
from service.engine.shared_plans import SharedPlans
from tests.models import publish_classifier


class Hanging(Store):
    """A store on a mount that does not answer until it is let go."""

    def __init__(self, root):
        super().__init__(root)
        self.is_asked, self.let_go = threading.Event(), threading.Event()

    def names(self):
        self.is_asked.set()
        self.let_go.wait(30)
        return super().names()


@pytest.fixture
def registry(root):
    return registry_of(Store(root))


def registry_of(store, **options):
    load_here = partial(load, options=EngineOptions(store_dir=store.root))
    return Registry(store, load_here, SharedPlans(), **options)


def served(registry):
    return [registry.find("sentiment", "classify").info.version]


def test_a_store_that_vanishes_leaves_what_is_served_and_is_followed_when_it_is_back(
    root, registry
):
    publish_classifier(root)
    registry.refresh()

    away = root.rename(root.with_name("away"))
    registry.refresh()
    assert served(registry) == [1]
    assert registry.problem

    root.mkdir()  # as an unmounted directory is: there, but empty
    registry.refresh()
    assert served(registry) == [1]

    root.rmdir()
    away.rename(root)
    publish_classifier(root)
    registry.refresh()
    assert served(registry) == [2]
    assert registry.problem is None


def test_an_empty_store_serves_nothing_and_says_why(registry):
    registry.refresh()

    assert registry.loaded() == []
    assert registry.problem


def test_a_store_that_does_not_answer_is_a_problem_until_it_does(root):
    publish_classifier(root)
    store = Hanging(root)
    registry = registry_of(store, patience_s=0)
    looking = threading.Thread(target=registry.refresh)
    looking.start()
    store.is_asked.wait(30)
    assert "has not answered" in str(registry.problem)
    store.let_go.set()
    looking.join(30)
    assert registry.problem is None
