"""Memory stays flat, whatever is loaded, unloaded and answered."""

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from model_store import ServingPlan, Store
from service.version import VERSION
from tests.e2e.test_lifecycle import until
from tests.faults.test_swaps import states
from tests.faults.traffic import Truth, classify_asks, generate_asks
from tests.faults.watching import figure, memory_bytes
from tests.models import publish_classifier, publish_generator

pytestmark = pytest.mark.e2e


@pytest.fixture
def store_dir(tmp_path):
    for seed in range(2):
        publish_classifier(tmp_path, seed=seed, hidden_size=128, embedding_dim=64)
    publish_generator(tmp_path)
    return tmp_path


@pytest.fixture
def live(start_process, store_dir):
    return start_process(store_dir, {"STORE_POLL_S": "0.05"})


def swap(live, store_dir, num_cycles):
    """Load and unload a version so many times."""
    store = Store(store_dir)
    for cycle in range(num_cycles):
        version = 1 + cycle % 2
        store.write_serving("sentiment", ServingPlan(default=version))
        until(lambda version=version: states(live).get(version, {}).get("is_default"))
    return memory_bytes(live)


def load_and_unload(live, store_dir, warm_up, num_cycles):
    before = swap(live, store_dir, warm_up)
    after = swap(live, store_dir, num_cycles)
    until(lambda: figure(live, "rnn_loads_total", model="sentiment") >= num_cycles)
    each = (after - before) / num_cycles
    print(f"{num_cycles} loads and unloads: {each / 1000:+.1f} kB each")
    return each


def test_loading_and_unloading_leaves_nothing_behind(live, store_dir):
    assert load_and_unload(live, store_dir, warm_up=10, num_cycles=20) < 100e3


@pytest.mark.slow
def test_two_hundred_loads_and_unloads_leave_nothing_behind(live, store_dir):
    assert load_and_unload(live, store_dir, warm_up=20, num_cycles=200) < 20e3


def answer_many(live, store_dir, traffic, num_requests):
    truth = Truth(store_dir)
    truth.learn("sentiment")
    truth.learn("shakespeare")
    asks = classify_asks(truth) * 4 + generate_asks(truth)
    warm_up = traffic(live.base_url, asks)
    warm_up.wait_for(500)
    warm_up.stop()
    before = memory_bytes(live)
    running = traffic(live.base_url, asks)
    for _ in range(num_requests // 500):
        running.wait_for(500)
    outcomes = running.stop()
    grown = memory_bytes(live) - before
    print(f"{outcomes.total()} mixed requests, {dict(outcomes)}: {grown / 1e6:+.2f} MB")
    assert set(outcomes) == {"right"}
    return grown


def test_answering_leaves_nothing_behind(live, store_dir, traffic):
    assert answer_many(live, store_dir, traffic, num_requests=1000) < 5e6


@pytest.mark.slow
def test_a_hundred_thousand_requests_leave_nothing_behind(live, store_dir, traffic):
    assert answer_many(live, store_dir, traffic, num_requests=100_000) < 10e6


def label_values(live, name):
    """Every value that a label has in any figure."""
    text = requests.get(f"{live.base_url}/metrics", timeout=60).text
    families = text_string_to_metric_families(text)
    samples = [sample for family in families for sample in family.samples]
    return {sample.labels[name] for sample in samples if name in sample.labels}


def test_unknown_models_paths_and_callers_become_no_figures(live):
    """The values that labels may have are known beforehand, whatever is asked."""
    for number in range(50):
        requests.get(f"{live.base_url}/nonsense/{number}", timeout=60)
        fields = {"input": "a", "model": f"nonsense-{number}"}
        requests.post(f"{live.base_url}/v1/classify", json=fields, timeout=60)
    until(lambda: figure(live, "rnn_workers") == 1)  # what is looked up each second is there
    assert label_values(live, "route") == {"unmatched", "/v1/classify", "/readyz", "/metrics"}
    assert label_values(live, "model") == {"none", "sentiment", "shakespeare"}
    assert label_values(live, "version") <= {"none", "1", "2", VERSION}
    assert label_values(live, "reason") == {"none", "route_not_found", "model_not_found"}
