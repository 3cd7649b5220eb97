"""Versions change under traffic: nobody notices but by the number of the version."""

import shutil
import subprocess
import sys

import pytest
import requests

from model_store import Canary, ServingPlan, Store
from tests.e2e.conftest import ROOT
from tests.e2e.test_lifecycle import until
from tests.faults.traffic import Truth, classify_asks, generate_asks
from tests.faults.watching import ask_each_worker, figure
from tests.models import publish_classifier, publish_generator

pytestmark = pytest.mark.e2e

WORKERS = 2


@pytest.fixture
def store_dir(tmp_path):
    """Three versions of a classifier, the second one served, and two of a generator."""
    for seed in range(3):
        publish_classifier(tmp_path, seed=seed)
    for seed in range(2):
        publish_generator(tmp_path, seed=seed)
    Store(tmp_path).write_serving("sentiment", ServingPlan(default=2, also=(1,)))
    Store(tmp_path).write_serving("shakespeare", ServingPlan(default=1))
    return tmp_path


@pytest.fixture
def truth(store_dir):
    truth = Truth(store_dir)
    truth.learn("sentiment")
    truth.learn("shakespeare")
    return truth


@pytest.fixture
def live(start_process, store_dir):
    return start_process(store_dir, {"WORKERS": str(WORKERS), "STORE_POLL_S": "0.1"})


def command(store_dir, *words):
    """Run the store's own command line."""
    run = [sys.executable, "-m", "model_store", "--store", str(store_dir), *words]
    subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=60)


def states_of_each(live, model="sentiment"):
    """What each worker says of each version of a model."""
    return [
        {one["version"]: one for one in answer["data"] if one["name"] == model}
        for answer in ask_each_worker(live, "/v1/models").values()
    ]


def states(live, model="sentiment"):
    """What one of the workers says."""
    return states_of_each(live, model)[0]


def on_all_workers(live, is_so, model="sentiment"):
    """Wait until every worker says so."""
    until(lambda: all(is_so(states) for states in states_of_each(live, model)))


def default_is(version):
    return lambda states: [v for v, one in states.items() if one["is_default"]] == [version]


def test_promote_and_rollback_reach_all_workers_and_no_request_fails(
    live, store_dir, truth, traffic
):
    running = traffic(live.base_url, classify_asks(truth) + generate_asks(truth))
    command(store_dir, "promote", "sentiment", "3", "--force")
    on_all_workers(live, default_is(3))
    command(store_dir, "rollback", "sentiment")
    on_all_workers(live, default_is(2))
    running.wait_for(50)
    assert set(running.stop()) == {"right"}


def swap_many_times(live, store_dir, truth, traffic, num_swaps):
    running = traffic(live.base_url, classify_asks(truth) + generate_asks(truth))
    store = Store(store_dir)
    for swap in range(num_swaps):
        version = 1 + swap % 3
        store.write_serving("sentiment", ServingPlan(default=version))
        store.write_serving("shakespeare", ServingPlan(default=1 + swap % 2))
        on_all_workers(live, default_is(version))
        running.wait_for(10)
    outcomes = running.stop()
    slowest_ms = 1000 * max(running.latencies)
    print(f"{num_swaps} swaps, {outcomes}, slowest {slowest_ms:.0f} ms")
    assert set(outcomes) == {"right"}, outcomes


def test_a_few_swaps_under_load_fail_no_request(live, store_dir, truth, traffic):
    swap_many_times(live, store_dir, truth, traffic, num_swaps=4)


@pytest.mark.slow
def test_fifty_swaps_under_load_fail_no_request(live, store_dir, truth, traffic):
    swap_many_times(live, store_dir, truth, traffic, num_swaps=50)


def test_a_new_version_that_fails_is_refused_with_its_reason_and_nothing_else_changes(
    live, store_dir, truth, traffic
):
    Store(store_dir).write_serving("sentiment", ServingPlan(default=2))
    on_all_workers(live, default_is(2))
    running = traffic(live.base_url, classify_asks(truth))
    spoiled = publish_classifier(store_dir, seed=9, golden_error=0.1)
    Store(store_dir).write_serving("sentiment", ServingPlan(default=spoiled.version))
    on_all_workers(live, lambda states: spoiled.version in states)
    refused = states(live)[spoiled.version]
    assert (refused["state"], refused["is_default"]) == ("refused", False)
    assert "golden.json" in refused["reason"]
    assert default_is(2)(states(live))
    assert set(running.stop()) == {"right"}
    assert set(running.versions) == {2}
    assert "refused sentiment:4: golden.json" in live.log_path.read_text()
    until(lambda: figure(live, "rnn_refusals_total", model="sentiment") == WORKERS)


def test_labels_old_versions_and_the_canary_are_reached_by_name(live, store_dir, truth, traffic):
    plan = ServingPlan(
        default=2, also=(1,), labels={"stable": 1}, canary=Canary(version=3, weight=0.3)
    )
    Store(store_dir).write_serving("sentiment", plan)
    on_all_workers(live, lambda states: 3 in states and states[3]["canary_weight"] == 0.3)
    wanted = {"sentiment:1": 1, "sentiment:stable": 1, "sentiment:canary": 3, "sentiment:2": 2}
    for name, version in wanted.items():
        running = traffic(live.base_url, classify_asks(truth, name), num_threads=1)
        running.wait_for(3)
        assert set(running.stop()) == {"right"}
        assert set(running.versions) == {version}
    running = traffic(live.base_url, classify_asks(truth))
    running.wait_for(400)
    assert set(running.stop()) == {"right"}
    share = running.versions[3] / running.versions.total()
    assert set(running.versions) == {2, 3}
    assert 0.15 < share < 0.45


def test_a_shadow_answers_nobody(live, store_dir, truth, traffic):
    Store(store_dir).write_serving("sentiment", ServingPlan(default=2, shadow=3))
    on_all_workers(live, lambda states: 3 in states and states[3]["is_shadow"])
    asked = {"model": "sentiment:3", "input": "a good film"}
    refused = requests.post(f"{live.base_url}/v1/classify", json=asked, timeout=60)
    assert (refused.status_code, "shadow" in refused.text) == (404, True)
    assert (
        requests.get(
            f"{live.base_url}/v2/models/sentiment/versions/3/ready", timeout=60
        ).status_code
        == 404
    )
    running = traffic(live.base_url, classify_asks(truth))
    running.wait_for(100)
    assert set(running.stop()) == {"right"}
    assert set(running.versions) == {2}
    counted = {"model": "sentiment", "version": "3"}
    until(
        lambda: (
            figure(live, "rnn_shadow_answers_total", **counted) >= running.outcomes.total()
            and figure(live, "rnn_shadow_answers_total", result="different", **counted) > 0
        )
    )


def contents(folder):
    """Every file and folder, with what a writer of any kind would change."""
    stats = {path: path.lstat() for path in [folder, *folder.rglob("*")]}
    return {path: (one.st_ino, one.st_size, one.st_mtime_ns) for path, one in stats.items()}


def test_a_store_that_may_only_be_read_is_served_and_left_as_it_is(
    start_process, store_dir, truth, traffic
):
    for path in [store_dir, *store_dir.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(store_dir)
    live = start_process(store_dir, {"WORKERS": str(WORKERS), "STORE_POLL_S": "0.1"})
    running = traffic(live.base_url, classify_asks(truth) + generate_asks(truth))
    running.wait_for(100)
    assert set(running.stop()) == {"right"}
    assert contents(store_dir) == before


def test_a_store_that_vanishes_and_comes_back_changes_nothing(live, store_dir, truth, traffic):
    on_all_workers(live, default_is(2))
    running = traffic(live.base_url, classify_asks(truth))
    away = store_dir.with_name("away")
    store_dir.rename(away)
    until(lambda: "what is served stays as it is" in live.log_path.read_text())
    running.wait_for(100)
    away.rename(store_dir)
    Store(store_dir).write_serving("sentiment", ServingPlan(default=3))
    on_all_workers(live, default_is(3))
    running.wait_for(20)
    assert set(running.stop()) == {"right"}


def test_a_half_copied_version_is_not_served_until_it_is_whole(live, store_dir, truth, traffic):
    running = traffic(live.base_url, classify_asks(truth))
    model = store_dir / "sentiment"
    (model / "serving.json").unlink()
    on_all_workers(live, default_is(3))
    for seed in range(4):
        source = publish_classifier(store_dir.with_name("other"), seed=seed).path
    copy = model / "4"
    copy.mkdir()
    shutil.copy(source / "manifest.json", copy)
    on_all_workers(live, lambda states: states.get(4, {}).get("state") == "refused")
    running.wait_for(20)
    assert set(running.stop()) == {"right"}
    for path in source.iterdir():
        if path.name != "manifest.json":
            shutil.copy(path, copy)
    on_all_workers(live, default_is(4))
