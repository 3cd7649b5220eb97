import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_store import (
    Canary,
    CorruptVersion,
    InvalidPlan,
    ModelNotFound,
    NoFormerDefault,
    PrimaryMetric,
    ServingPlan,
    VersionNotFound,
    WorseVersion,
    WriteFailed,
)
from tests.model_store.conftest import about, classifier_files
from tests.model_store.faults import disk_full, in_child, kill_at


def test_a_written_plan_is_read_back(publish, store):
    publish(), publish()
    plan = ServingPlan(default=1, canary=Canary(version=2, weight=0.5), labels={"new": 2})

    store.write_serving("film", plan)

    assert store.serving("film") == plan
    assert store.open("film").version == 1


@pytest.mark.parametrize(
    "plan",
    [
        ServingPlan(default=2),
        ServingPlan(default=1, canary=Canary(version=2, weight=0.5)),
        ServingPlan(default=1, labels={"new": 2}),
        ServingPlan(default=1, shadow=2),
        ServingPlan(default=1, also=(2,)),
    ],
    ids=["default", "canary", "label", "shadow", "also"],
)
def test_a_plan_for_a_version_that_is_not_there_is_refused(publish, store, plan):
    publish()

    with pytest.raises(InvalidPlan, match="version 2 does not exist; there are 1"):
        store.write_serving("film", plan)
    assert not (store.root / "film" / "serving.json").exists()


def test_a_full_disk_leaves_the_old_plan(publish, store):
    publish(), publish()
    store.write_serving("film", ServingPlan(default=1))

    with disk_full(after_bytes=5), pytest.raises(WriteFailed, match="film: not changed: File too"):
        store.promote("film", 2)

    assert store.serving("film") == ServingPlan(default=1)
    assert sorted(os.listdir(store.root / "film")) == ["1", "2", "serving.json"]


def test_a_promotion_killed_at_any_step_leaves_one_plan_whole(publish, store):
    publish(), publish()
    before, after = ServingPlan(default=1), ServingPlan(default=2, history=(1,))
    plans, status, step = [], None, 0
    while status != 0:
        store.write_serving("film", before)

        def work(step=step):
            kill_at(step)
            store.promote("film", 2)

        status, step = in_child(work), step + 1
        plans.append(store.serving("film"))

    assert all(plan in (before, after) for plan in plans)
    assert plans[0] == before
    assert plans[-1] == after
    assert len(plans) > 5


def test_the_plan_of_a_model_that_is_not_there_is_refused(store, publish):
    publish(name="other")

    with pytest.raises(ModelNotFound):
        store.write_serving("film", ServingPlan(default=1))
    assert not (store.root / "film").exists()


def test_promote_makes_a_version_the_default_for_whoever_reads_next(publish, store):
    publish(0.8), publish(0.9)
    store.write_serving("film", ServingPlan(default=1, also=(1,)))

    plan = store.promote("film", 2)

    assert plan == store.serving("film") == ServingPlan(default=2, also=(1,), history=(1,))


def test_promote_pins_what_was_the_default_by_being_the_highest(publish, store):
    publish()
    store.promote("film", 1)
    publish()

    assert store.serving("film") == ServingPlan(default=1)


@pytest.mark.parametrize(
    ("higher_is_better", "current", "new", "is_refused"),
    [
        (True, 0.9, 0.8, True),
        (True, 0.8, 0.9, False),
        (True, 0.8, 0.8, False),
        (False, 1.3, 1.4, True),
        (False, 1.4, 1.3, False),
    ],
)
def test_a_version_that_measured_worse_needs_force(
    store, higher_is_better, current, new, is_refused
):
    for figure in (current, new):
        metric = PrimaryMetric(name="figure", higher_is_better=higher_is_better)
        said = about(metrics={"figure": figure}, primary_metric=metric)
        store.publish("film", classifier_files(), said)
    store.write_serving("film", ServingPlan(default=1))

    if is_refused:
        with pytest.raises(WorseVersion, match=f"film:2 has figure {new}.*film:1 has {current}"):
            store.promote("film", 2)
        assert store.serving("film").default == 1
    assert store.promote("film", 2, force=is_refused).default == 2


@pytest.mark.parametrize(("current", "new"), [(None, 0.1), (0.9, None)])
def test_versions_that_were_not_measured_alike_are_not_compared(publish, store, current, new):
    publish(current), publish(new)
    store.write_serving("film", ServingPlan(default=1))

    assert store.promote("film", 2).default == 2


@pytest.mark.parametrize("filename", ["manifest.json", "model.onnx"])
def test_a_broken_default_can_be_replaced_by_a_worse_version(publish, store, filename):
    publish(0.8)
    broken = publish(0.9)
    (broken.path / filename).write_bytes(b"broken")

    assert store.promote("film", 1) == ServingPlan(default=1, history=(2,))


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("filename", [*classifier_files(), "manifest.json"])
def test_a_corrupt_version_is_never_promoted(publish, store, filename, force):
    publish()
    version = publish()
    store.write_serving("film", ServingPlan(default=1))
    with (version.path / filename).open("ab") as file:
        file.write(b"\0")

    with pytest.raises(CorruptVersion, match=f"film:2: {filename}: "):
        store.promote("film", 2, force=force)
    assert store.serving("film") == ServingPlan(default=1)


def test_only_what_is_there_is_promoted(publish, store):
    publish()

    with pytest.raises(VersionNotFound):
        store.promote("film", 2)


def test_rollback_undoes_promotions_one_by_one(publish, store):
    for _ in range(3):
        publish()
    store.write_serving("film", ServingPlan(default=1))
    store.promote("film", 2), store.promote("film", 3)

    assert [store.rollback("film").default for _ in range(2)] == [2, 1]
    with pytest.raises(NoFormerDefault, match="promote a version by its number, there are 1, 2, 3"):
        store.rollback("film")
    assert store.serving("film").default == 1


def test_rollback_without_a_plan_goes_to_the_version_below_and_no_further(publish, store):
    publish(), publish()

    assert store.rollback("film").default == 1
    with pytest.raises(NoFormerDefault):
        store.rollback("film")


def test_rollback_passes_over_a_version_that_is_no_longer_sound(publish, store):
    for _ in range(3):
        publish()
    store.write_serving("film", ServingPlan(default=1))
    store.promote("film", 2), store.promote("film", 3)
    (store.root / "film" / "2" / "model.onnx").write_bytes(b"damaged")

    assert store.rollback("film").default == 1


def test_prune_keeps_the_newest_and_what_is_served(publish, store):
    for _ in range(8):
        publish()
    plan = ServingPlan(
        default=2, canary=Canary(version=3, weight=0.1), labels={"old": 1}, history=(4, 5)
    )
    store.write_serving("film", plan)

    assert store.prune("film", keep=2) == [4, 6]
    assert store.versions("film") == [1, 2, 3, 5, 7, 8]
    assert sorted(os.listdir(store.root / "film")) == ["1", "2", "3", "5", "7", "8", "serving.json"]


def test_after_prune_rollback_still_works(publish, store):
    for _ in range(5):
        publish()
    store.promote("film", 1)
    store.promote("film", 2)

    assert store.prune("film", keep=1) == [3, 4]
    assert store.rollback("film").default == 1


def test_prune_deletes_nothing_of_what_is_to_be_kept(publish, store):
    publish(), publish()

    assert store.prune("film", keep=5) == []
    assert store.versions("film") == [1, 2]


@pytest.mark.parametrize("keep", [0, -1])
def test_prune_keeps_at_least_one_so_that_no_number_comes_back(publish, store, keep):
    publish()

    with pytest.raises(ValueError, match="keep must be 1 or more"):
        store.prune("film", keep=keep)


def test_prune_killed_at_any_step_leaves_only_whole_versions(publish, store):
    publish()
    status, step = None, 0
    while status != 0:
        while len(store.versions("film")) < 3:
            publish()

        def work(step=step):
            kill_at(step)
            store.prune("film", keep=1)

        status, step = in_child(work), step + 1
        assert all(store.verify("film", version) == [] for version in store.versions("film"))

    assert len(store.versions("film")) == 1
    assert step > len(classifier_files())


def test_changes_at_the_same_time_are_all_kept(publish, store):
    """Each promotion reads the plan and writes it again; none may undo another's."""
    for _ in range(9):
        publish()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda version: store.promote("film", version), range(1, 9)))

    plan = store.serving("film")
    assert sorted([*plan.history, plan.default]) == list(range(1, 10))
