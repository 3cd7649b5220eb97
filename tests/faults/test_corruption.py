"""A version spoiled in any of its files is never served; disks that fill up while a version is
published, and publishers killed at every step, are in `tests/model_store/test_disk.py` and
`tests/model_store/test_publish.py`.
"""

import shutil

import pytest

from model_store import ServingPlan, Store
from tests.faults.test_swaps import on_all_workers, states
from tests.faults.traffic import Truth, classify_asks
from tests.models import publish_classifier

pytestmark = pytest.mark.e2e

FILES = ("manifest.json", "config.json", "tokenizer.json", "model.onnx", "head.onnx", "golden.json")


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
