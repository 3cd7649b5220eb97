"""A version spoiled in any of its files is never served; disks that fill up while a version is
published, and publishers killed at every step, are in `tests/model_store/test_disk.py` and
`tests/model_store/test_publish.py`.
"""

import os
import shutil
import signal

import pytest

from model_store import ServingPlan, Store
from tests.e2e.test_lifecycle import until
from tests.faults.test_swaps import default_is, on_all_workers, states
from tests.faults.traffic import Truth, classify_asks
from tests.models import publish_classifier

pytestmark = pytest.mark.e2e

FILES = (
    *("manifest.json", "config.json", "tokenizer.json", "model.onnx", "head.onnx", "golden.json"),
    "weights.safetensors",
)


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_byte_flipped_in_any_file_has_the_version_refused_by_name(
    start_process, tmp_path, traffic
):
    good = publish_classifier(tmp_path)
    assert sorted(path.name for path in good.path.iterdir()) == sorted(FILES)
    truth = Truth(tmp_path)
    truth.learn("sentiment")
    live = start_process(tmp_path, {"WORKERS": "2", "STORE_POLL_S": "0.1"})
    running = traffic(live.base_url, classify_asks(truth), num_threads=2)
    for number, name in enumerate(FILES):
        spoiled = publish_classifier(tmp_path.with_name(f"other{number}"), seed=7).path
        flip_a_byte(spoiled / name)
        version = 10 + number
        shutil.copytree(spoiled, tmp_path / "sentiment" / str(version))
        Store(tmp_path).write_serving("sentiment", ServingPlan(default=version))
        on_all_workers(live, lambda states, version=version: version in states)
        refused = states(live)[version]
        assert refused["state"] == "refused"
        assert name in refused["reason"] or "manifest.json" in refused["reason"]
    assert set(running.stop()) == {"right"}
    assert set(running.versions) == {good.version}


def replace_a_worker(live):
    """Kill a worker and wait until another has taken its place."""
    killed, *others = live.worker_pids()
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(live.worker_pids()) - {killed}) > len(others))


def test_a_worker_in_anothers_place_serves_what_the_others_do_beside_a_bad_plan(
    start_process, tmp_path, traffic
):
    """It served the next lower version, which nobody had promoted, or beside a broken plan none."""
    for seed in range(3):
        stored = publish_classifier(tmp_path, seed=seed)
    truth = Truth(tmp_path)
    truth.learn("sentiment")
    flip_a_byte(stored.path / "model.onnx")
    Store(tmp_path).write_serving("sentiment", ServingPlan(default=1))
    live = start_process(tmp_path, {"WORKERS": "2", "STORE_POLL_S": "0.1"})
    running = traffic(live.base_url, classify_asks(truth), num_threads=2)
    bad_plans = {
        '{"default": 3}': lambda states: 3 in states,
        "{": lambda states: "serving.json" in str(states[1]["reason"]),
    }
    for bad_plan, is_noticed in bad_plans.items():
        (tmp_path / "sentiment" / "serving.json").write_text(bad_plan)
        on_all_workers(live, is_noticed)
        replace_a_worker(live)
        on_all_workers(live, default_is(1))
        running.wait_for(50)
    outcomes = running.stop()
    assert set(outcomes) <= {"right", "broken", "cut"}
    assert set(running.versions) == {1}
