"""Workers of one start serve the same, whatever each has seen, and count a refusal once."""

import shutil
from functools import partial

import pytest

from model_store import Canary, ServingPlan
from service.engine.loading import load
from service.engine.options import EngineOptions
from service.engine.registry import Registry
from service.engine.shared_plans import SharedPlans
from tests.models import publish_classifier
from tests.service.engine.test_registry import corrupt, versions


@pytest.fixture
def worker(root, store, tmp_path):
    """A function that starts another worker of the same service: it remembers what they share."""

    def start():
        options = EngineOptions(store_dir=root)
        other = Registry(store, partial(load, options=options), SharedPlans(tmp_path / "served"))
        other.refresh()
        return other

    return start


def test_a_worker_that_replaces_another_serves_what_the_others_do(root, store, worker):
    """It has never seen version 1 promoted: the next lower one than the bad default is 2."""
    publish_classifier(root)
    publish_classifier(root)
    corrupt(publish_classifier(root))
    store.write_serving("sentiment", ServingPlan(default=1, labels={"stable": 1}))
    first = worker()
    store.write_serving("sentiment", ServingPlan(default=3, labels={"stable": 3}))
    first.refresh()

    second = worker()

    for one in (first, second):
        assert versions(one, "sentiment", "sentiment:stable") == [1, 1]


def test_a_worker_that_replaces_another_goes_on_beside_a_broken_plan(root, store, worker):
    for _ in range(3):
        publish_classifier(root)
    plan = ServingPlan(default=2, labels={"stable": 1}, canary=Canary(version=3, weight=0.0))
    store.write_serving("sentiment", plan)
    first = worker()
    (root / "sentiment" / "serving.json").write_text("{")
    first.refresh()

    second = worker()

    for one in (first, second):
        tags = ["sentiment", "sentiment:stable", "sentiment:canary"]
        assert versions(one, *tags) == [2, 1, 3]
        assert [status.reason is None for status in one.statuses()] == [True, False, True]
        assert one.num_refusals["sentiment"] == 1


def test_a_worker_that_missed_a_promotion_follows_those_that_saw_it(root, store, worker):
    publish_classifier(root)
    publish_classifier(root)
    corrupt(publish_classifier(root))
    store.write_serving("sentiment", ServingPlan(default=1))
    quick, slow = worker(), worker()
    store.write_serving("sentiment", ServingPlan(default=2))
    quick.refresh()
    store.write_serving("sentiment", ServingPlan(default=3))
    slow.refresh()
    quick.refresh()

    assert versions(quick, "sentiment") == versions(slow, "sentiment") == [2]


def test_a_worker_whose_shared_folder_is_gone_goes_on(root, store, worker, tmp_path):
    publish_classifier(root)
    publish_classifier(root)
    store.write_serving("sentiment", ServingPlan(default=1))
    one = worker()
    shutil.rmtree(tmp_path / "served")
    corrupt(publish_classifier(root))
    store.write_serving("sentiment", ServingPlan(default=3))

    one.refresh()

    assert versions(one, "sentiment") == [1]


def test_a_refusal_is_counted_once_as_long_as_the_files_are_the_same(root, store, worker):
    """It was counted again with every change of the plan, and its alert came again."""
    publish_classifier(root)
    registry = worker()
    spoiled = publish_classifier(root, golden_error=0.1)
    registry.refresh()
    store.write_serving("sentiment", ServingPlan(default=2, labels={"stable": 1}))
    registry.refresh()
    assert registry.num_refusals["sentiment"] == 1

    corrupt(spoiled)
    registry.refresh()
    assert registry.num_refusals["sentiment"] == 2


def test_each_broken_plan_is_counted_once(root, store, worker):
    publish_classifier(root)
    registry = worker()
    plan = root / "sentiment" / "serving.json"
    for text in ("{", '{"default": 1}', "{"):
        plan.write_text(text)
        registry.refresh()
        publish_classifier(root, "other")
        registry.refresh()

    assert registry.num_refusals["sentiment"] == 2
