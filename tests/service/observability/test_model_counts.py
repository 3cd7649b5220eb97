import subprocess
import sys

import pytest

from service.errors import NotReady
from service.http.startup_checks import METRICS_DIR
from service.observability.model_counts import Counts, ModelCounts
from service.observability.request_record import RequestRecord
from service.observability.worker_files import COUNTS, ENDED, retire


def record(**changes):
    story = {"status": 200, "model": "m", "version": 1, "batch_size": 2, "num_rows": 2}
    story |= {"queue_s": 0.25, "compute_s": 0.5, "answered_s": 1.0, "duration_s": 1.125}
    answered = RequestRecord("id", "POST", "/v1/classify", 0.0)
    for name, value in (story | changes).items():
        setattr(answered, name, value)
    return answered


def test_the_parts_of_a_requests_time_make_up_the_whole():
    counts = ModelCounts(wall_clock=lambda: 7.0)
    counts([record(), record()])
    assert counts.read() == {
        ("m", 1, 2): Counts(
            requests=2,
            duration_ns=2_250_000_000,
            queue_ns=500_000_000,
            input_ns=500_000_000,
            infer_ns=1_000_000_000,
            output_ns=250_000_000,
            rows=4,
            millionths=2_000_000,
            last_s=7.0,
        )
    }


@pytest.mark.parametrize(
    "times",
    [
        {"answered_s": 9.0},
        {"queue_s": 9.0, "compute_s": 9.0},
        {"answered_s": 0.0},
        {"queue_s": -1.0, "compute_s": -1.0},
    ],
)
def test_no_time_is_negative_whatever_the_parts_say(times):
    counts = ModelCounts()
    counts([record(**times)])
    [told] = counts.read().values()
    assert min(told.queue_ns, told.input_ns, told.infer_ns, told.output_ns) >= 0
    assert told.input_ns + told.output_ns <= told.duration_ns


def test_a_failure_is_counted_apart_and_a_request_to_no_model_not_at_all():
    counts = ModelCounts()
    counts([record(reason="engine_failure"), record(model=None, version=None)])
    failed = Counts(failures=1, failures_ns=1_125_000_000)
    assert counts.read() == {("m", 1, 0): failed}


WORKER = """
import os, sys
from pathlib import Path
from service.observability.model_counts import ModelCounts
from tests.service.observability.test_model_counts import record
counts = ModelCounts(Path(sys.argv[1]), wall_clock=lambda: float(sys.argv[2]))
counts([record(), record(reason="engine_failure"), record(batch_size=4)])
counts([record()])
print(os.getpid())
"""


def work(run_dir, now_s):
    """Let a worker answer some requests and end; return its number."""
    command = [sys.executable, "-c", WORKER, str(run_dir), str(now_s)]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / METRICS_DIR
    folder.mkdir()
    return folder


def test_the_counts_of_all_workers_are_added_up_and_stay_when_they_end(folder):
    one, other = work(folder.parent, 100.0), work(folder.parent, 90.0)
    counts = ModelCounts(folder.parent)
    before = counts.read()
    told = before["m", 1, 2]
    assert (told.requests, told.infer_ns, told.last_s) == (4, 2_000_000_000, 100.0)
    assert (before["m", 1, 4].requests, before["m", 1, 0].failures) == (2, 2)
    for pid in (one, other):
        retire(folder.parent, pid)
        assert counts.read() == before
    assert (folder / COUNTS.format(ENDED)).exists()
    assert not (folder / COUNTS.format(one)).exists()


@pytest.mark.parametrize("damage", [b"", b"\x40\x00\x00\x00" * 32])
def test_a_damaged_file_is_left_out_and_named(folder, damage, caplog):
    work(folder.parent, 100.0)
    (folder / COUNTS.format(1)).write_bytes(damage)
    assert ModelCounts(folder.parent).read()["m", 1, 2].requests == 2
    assert f"{COUNTS.format(1)} are left out" in caplog.text


def test_counts_whose_folder_is_gone_say_what_to_do(folder):
    counts = ModelCounts(folder.parent)
    for path in (*folder.iterdir(), folder):
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(NotReady, match="restart the service"):
        counts.read()
