"""Which versions answer: the store's plan, as far as it can be kept."""

import shutil
from functools import partial

import pytest

from model_store import Canary, ServingPlan
from service.engine.loading import load
from service.engine.options import EngineOptions
from service.engine.registry import Registry
from service.engine.shared_plans import SharedPlans
from service.errors import ModelNotFound, WrongTask
from tests.models import publish_classifier, publish_generator

CLASSIFY, GENERATE = "classify", "generate"


@pytest.fixture
def registry(root, store):
    return Registry(store, partial(load, options=EngineOptions(store_dir=root)), SharedPlans())


def versions(registry, *models):
    return [registry.find(model, CLASSIFY).info.version for model in models]


def states(registry):
    return [(one.name, one.version, one.state, one.is_default) for one in registry.statuses()]


def corrupt(stored, filename="model.onnx"):
    path = stored.path / filename
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_the_highest_version_is_served_without_a_plan(root, registry):
    publish_classifier(root)
    publish_classifier(root)

    registry.refresh()

    assert versions(registry, "sentiment", "sentiment:2") == [2, 2]
    with pytest.raises(ModelNotFound, match="of sentiment these are: 2"):
        registry.find("sentiment:1", CLASSIFY)


def test_a_plan_names_default_labels_and_others(root, store, registry):
    for _ in range(4):
        publish_classifier(root)
    store.write_serving("sentiment", ServingPlan(default=2, labels={"stable": 1}, also=(3,)))

    registry.refresh()

    tags = ["sentiment", "sentiment:stable", "sentiment:1", "sentiment:3"]
    assert versions(registry, *tags) == [2, 1, 1, 3]
    assert [one.labels for one in registry.statuses()] == [("stable",), (), ()]
    for absent in ("sentiment:4", "sentiment:latest", "sentiment:" + "9" * 40):
        with pytest.raises(ModelNotFound):
            registry.find(absent, CLASSIFY)


def test_the_newest_versions_that_no_plan_names_answer_by_number_where_that_is_wanted(root, store):
    """So that a person may try and compare them before or after they are promoted."""
    for _ in range(5):
        publish_classifier(root)
    store.write_serving("sentiment", ServingPlan(default=4, labels={"stable": 2}))
    load_it = partial(load, options=EngineOptions(store_dir=root))
    registry = Registry(store, load_it, SharedPlans(), num_extra_versions=2)

    registry.refresh()

    assert versions(registry, "sentiment", "sentiment:5", "sentiment:3") == [4, 5, 3]
    with pytest.raises(ModelNotFound):
        registry.find("sentiment:1", CLASSIFY)
    publish_classifier(root)
    registry.refresh()
    assert [one.version for one in registry.statuses()] == [2, 4, 5, 6]


def test_an_extra_version_that_cannot_run_hurts_nobody(root, store):
    broken = publish_classifier(root)
    publish_classifier(root)
    corrupt(broken)
    load_it = partial(load, options=EngineOptions(store_dir=root))
    registry = Registry(store, load_it, SharedPlans(), num_extra_versions=9)

    registry.refresh()

    assert states(registry) == [
        ("sentiment", 1, "refused", False),
        ("sentiment", 2, "ready", True),
    ]


def test_a_canary_takes_its_share(root, store, registry):
    publish_classifier(root)
    publish_classifier(root)
    plan = ServingPlan(default=1, canary=Canary(version=2, weight=0.25))
    store.write_serving("sentiment", plan)

    registry.refresh()

    drawn = versions(registry, *["sentiment"] * 2000)
    assert 0.2 < drawn.count(2) / 2000 < 0.3
    assert versions(registry, "sentiment:canary", "sentiment:1") == [2, 1]


def test_a_promotion_is_followed_and_the_old_version_goes(root, store, registry):
    publish_classifier(root)
    registry.refresh()
    before = registry.find("sentiment", CLASSIFY)

    publish_classifier(root)
    registry.refresh()

    assert versions(registry, "sentiment") == [2]
    assert states(registry) == [("sentiment", 2, "ready", True)]
    assert before not in registry.loaded()


def test_what_is_loaded_is_not_loaded_again(root, store, registry):
    publish_classifier(root)
    registry.refresh()
    model = registry.find("sentiment", CLASSIFY)
    store.write_serving("sentiment", ServingPlan(default=1, labels={"stable": 1}))

    registry.refresh()

    assert registry.find("sentiment:stable", CLASSIFY) is model


@pytest.mark.parametrize("how", ["bytes", "golden"])
def test_a_bad_version_is_refused_and_what_was_served_stays(root, registry, how):
    publish_classifier(root)
    registry.refresh()
    if how == "golden":
        publish_classifier(root, golden_error=0.1)
    else:
        stored = publish_classifier(root)
        corrupt(stored)

    registry.refresh()

    assert versions(registry, "sentiment") == [1]
    assert states(registry) == [
        ("sentiment", 1, "ready", True),
        ("sentiment", 2, "refused", False),
    ]
    refused = registry.statuses()[1]
    assert refused.reason
    assert (refused.task, refused.created > 0) == ("text-classification", True)
    with pytest.raises(ModelNotFound, match="refused"):
        registry.find("sentiment:2", CLASSIFY)


def test_a_worker_that_starts_beside_a_bad_version_serves_the_one_before(root, registry):
    publish_classifier(root)
    corrupt(publish_classifier(root))
    corrupt(publish_classifier(root))

    registry.refresh()

    assert versions(registry, "sentiment") == [1]


def test_one_bad_model_does_not_keep_others_from_being_served(root, registry):
    corrupt(publish_classifier(root, "bad"))
    publish_classifier(root, "good")

    registry.refresh()

    assert versions(registry, "good") == [1]
    with pytest.raises(ModelNotFound, match="bad"):
        registry.find("bad", CLASSIFY)


def test_a_label_stays_where_it_was_when_its_new_version_is_bad(root, store, registry):
    publish_classifier(root)
    store.write_serving("sentiment", ServingPlan(default=1, labels={"stable": 1}))
    registry.refresh()
    publish_classifier(root)
    corrupt(publish_classifier(root))
    store.write_serving("sentiment", ServingPlan(default=2, labels={"stable": 3}))

    registry.refresh()

    assert versions(registry, "sentiment", "sentiment:stable") == [2, 1]


def test_a_repaired_version_is_served(root, registry):
    publish_classifier(root)
    stored = publish_classifier(root)
    sound = (stored.path / "model.onnx").read_bytes()
    corrupt(stored)
    registry.refresh()

    (stored.path / "model.onnx").write_bytes(sound)
    registry.refresh()

    assert versions(registry, "sentiment") == [2]


def test_a_broken_plan_changes_nothing(root, registry):
    publish_classifier(root)
    registry.refresh()
    publish_classifier(root)
    (root / "sentiment" / "serving.json").write_text("{")

    registry.refresh()

    assert versions(registry, "sentiment") == [1]


def test_a_model_that_is_taken_away_is_served_no_longer(root, registry):
    publish_classifier(root, "one")
    publish_classifier(root, "other")
    registry.refresh()

    shutil.rmtree(root / "one")
    registry.refresh()

    assert [one.name for one in registry.statuses()] == ["other"]


def test_a_model_of_the_other_task_is_told_apart_from_none(root, registry):
    publish_classifier(root)
    publish_generator(root)
    registry.refresh()

    with pytest.raises(WrongTask, match="shakespeare") as wrong:
        registry.find("sentiment", GENERATE)
    with pytest.raises(ModelNotFound, match="there are sentiment") as missing:
        registry.find("nothing", CLASSIFY)
    assert wrong.value.param == missing.value.param == "model"


@pytest.mark.parametrize("model", ["http://127.0.0.1:8000/v1", "https://example.org/sentiment"])
def test_an_address_in_the_place_of_a_name_is_told_to_be_one(root, registry, model):
    """Once it was told that there is no model 'http': what comes before the first colon."""
    publish_classifier(root)
    registry.refresh()

    with pytest.raises(ModelNotFound) as missing:
        registry.find(model, CLASSIFY)
    assert f"is an address, {model!r}" in missing.value.message
    assert "send one of sentiment, or none" in missing.value.message


def test_a_start_beside_a_bad_default_serves_the_latest_former_one_that_is_sound(
    root, store, registry
):
    for _ in range(4):
        publish_classifier(root)
    corrupt(publish_classifier(root))
    corrupt(store.open("sentiment", 1))
    store.write_serving("sentiment", ServingPlan(default=5, history=(3, 2, 1, 9)))

    registry.refresh()

    assert versions(registry, "sentiment") == [2]
    assert 9 not in [one.version for one in registry.statuses()]


def test_a_start_beside_a_broken_plan_serves_nothing_of_that_model_and_says_why(root, registry):
    publish_classifier(root)
    publish_classifier(root, "other")
    (root / "sentiment" / "serving.json").write_text("{")

    registry.refresh()

    assert versions(registry, "other") == [1]
    [refused] = [one for one in registry.statuses() if one.name == "sentiment"]
    assert (refused.state, "serving.json" in refused.reason) == ("refused", True)


def test_a_shadow_cannot_be_asked_unless_it_is_listed_for_that_too(root, store, registry):
    publish_classifier(root)
    publish_classifier(root)
    store.write_serving("sentiment", ServingPlan(default=1, shadow=2))
    registry.refresh()
    with pytest.raises(ModelNotFound, match="is a shadow: .* never returned") as hidden:
        registry.find("sentiment:2", CLASSIFY)
    assert "also" in hidden.value.message
    assert [one.is_shadow for one in registry.statuses()] == [False, True]
    with pytest.raises(ModelNotFound, match="these are: 1[.] Others .*promoted"):
        registry.find("sentiment:3", CLASSIFY)

    for more in ({"also": (2,)}, {"labels": {"next": 2}}, {"canary": Canary(version=2, weight=0)}):
        store.write_serving("sentiment", ServingPlan(default=1, shadow=2, **more))
        registry.refresh()
        assert versions(registry, "sentiment:2") == [2]
        assert registry.shadow_of("sentiment").info.version == 2
