import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model_store import Canary, ServingPlan
from model_store.serving import MAX_HISTORY

EXAMPLE = {
    "default": 3,
    "canary": {"version": 4, "weight": 0.05},
    "labels": {"stable": 3},
    "shadow": 4,
    "also": [2],
}


def test_the_documented_example_is_read_and_written_as_it_stands():
    plan = ServingPlan.model_validate_json(json.dumps(EXAMPLE))

    assert plan == ServingPlan(
        default=3,
        canary=Canary(version=4, weight=0.05),
        labels={"stable": 3},
        shadow=4,
        also=(2,),
    )
    assert json.loads(plan.to_bytes()) == EXAMPLE


@pytest.mark.parametrize(
    "change",
    [
        {"default": 0},
        {"default": None},
        {"default": "3"},
        {"default": True},
        {"canary": {"version": 4}},
        {"canary": {"version": 4, "weight": 1.5}},
        {"canary": {"version": 4, "weight": -0.1}},
        {"labels": {"3": 3}},
        {"labels": {"Stable": 3}},
        {"labels": {"a:b": 3}},
        {"labels": {"": 3}},
        {"also": [0]},
        {"history": [1] * (MAX_HISTORY + 1)},
        {"unknown": 1},
    ],
)
def test_a_plan_is_strict(change):
    with pytest.raises(ValidationError):
        ServingPlan.model_validate_json(json.dumps(EXAMPLE | change))


def test_a_plan_names_its_versions_but_not_its_history():
    plan = ServingPlan(
        default=3,
        canary=Canary(version=5, weight=0.1),
        labels={"old": 2},
        shadow=6,
        also=(1, 3),
        history=(9,),
    )

    assert plan.versions == [1, 2, 3, 5, 6]


def test_a_promoted_canary_has_done_its_work():
    plan = ServingPlan(default=3, canary=Canary(version=4, weight=0.1), shadow=4, also=(2,))

    assert plan.promoted(4) == ServingPlan(default=4, also=(2,), history=(3,))


def test_another_canary_goes_on():
    plan = ServingPlan(default=3, canary=Canary(version=4, weight=0.1), shadow=2)

    assert plan.promoted(5).canary == plan.canary
    assert plan.promoted(5).shadow == 2


def test_promoting_the_default_changes_nothing():
    plan = ServingPlan(default=3, history=(1,))

    assert plan.promoted(3) == plan


@pytest.mark.parametrize(
    ("history", "existing", "default", "left"),
    [
        ((1, 2), {1, 2, 3}, 2, (1,)),
        ((1, 2), {1, 3}, 1, ()),
        ((1, 3), {1, 3}, 1, ()),
    ],
)
def test_rollback_goes_to_the_latest_former_default_that_exists(history, existing, default, left):
    plan = ServingPlan(default=3, history=history).rolled_back(existing)

    assert plan == ServingPlan(default=default, history=left)


@pytest.mark.parametrize(("history", "existing"), [((), {1, 2, 3}), ((1, 2), {3}), ((3,), {3})])
def test_rollback_has_nowhere_to_go(history, existing):
    assert ServingPlan(default=3, history=history).rolled_back(existing) is None


@given(st.integers(1, 9), st.lists(st.integers(1, 9), max_size=60))
def test_rollbacks_undo_promotions_as_far_as_the_history_goes(first, versions):
    """The oracle is a plain list of all defaults there ever were."""
    plan, defaults = ServingPlan(default=first), [first]
    for version in versions:
        plan = plan.promoted(version)
        if version != defaults[-1]:
            defaults.append(version)
    assert ServingPlan.model_validate_json(plan.to_bytes()) == plan

    for expected in list(reversed(defaults))[1 : MAX_HISTORY + 1]:
        rolled_back = plan.rolled_back(range(1, 10))
        assert rolled_back is not None
        assert rolled_back.default == expected
        plan = rolled_back
    assert plan.rolled_back(range(1, 10)) is None
