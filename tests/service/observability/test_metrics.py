import fcntl
import subprocess
import sys
import threading
from functools import partial

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from service.engine.activity import Activity, ShadowTally, Tally, Workload
from service.engine.types import Health, ModelStatus
from service.errors import NotReady
from service.http.startup_checks import METRICS_DIR
from service.observability.metrics import Metrics, Spread
from service.observability.metrics_sampler import Sampler
from service.observability.request_record import RequestRecord
from service.observability.worker_files import locked, retire


def read(text, name, **labels):
    """The sum of a figure's values with these labels."""
    wanted = set(labels.items())
    return sum(
        sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name == name and wanted <= set(sample.labels.items())
    )


def record(**changes):
    answered = RequestRecord("id", "POST", "/v1/classify", 0.0)
    for name, value in ({"status": 200, "duration_s": 0.004} | changes).items():
        setattr(answered, name, value)
    return answered


@pytest.fixture
def metrics():
    return Metrics(CollectorRegistry())


def test_a_classification_is_counted_with_its_times_and_tokens(metrics):
    story = record(
        model="sentiment",
        version=2,
        queue_s=0.002,
        compute_s=0.0005,
        batch_size=3,
        prompt_tokens=7,
    )
    metrics([story])
    text = metrics.render()
    labels = {"status": "200", "reason": "none", "model": "sentiment", "version": "2"}
    assert read(text, "rnn_requests_total", route="/v1/classify", **labels) == 1
    assert read(text, "rnn_request_seconds_sum", route="/v1/classify") == 0.004
    assert read(text, "rnn_queue_seconds_sum", model="sentiment") == 0.002
    assert read(text, "rnn_compute_seconds_bucket", model="sentiment", le="0.001") == 1
    assert read(text, "rnn_compute_seconds_bucket", model="sentiment", le="0.0003") == 0
    assert read(text, "rnn_batch_size_sum", model="sentiment") == 3
    assert read(text, "rnn_tokens_total", model="sentiment", kind="prompt") == 7


def test_a_refusal_is_counted_with_its_reason_and_no_model(metrics):
    metrics([record(status=429, reason="rate_limit_exceeded")])
    text = metrics.render()
    labels = {"status": "429", "reason": "rate_limit_exceeded", "model": "none"}
    assert read(text, "rnn_requests_total", **labels) == 1
    assert read(text, "rnn_queue_seconds_count") == 0


def test_a_stream_tells_the_time_to_its_first_token_and_between_tokens(metrics):
    stream = {"route": "/v1/generate", "model": "m", "version": 1, "num_rows": 1}
    long = record(**stream, first_token_s=0.01, duration_s=0.11, completion_tokens=11)
    metrics([long, record(**stream, first_token_s=0.01, duration_s=0.02, completion_tokens=1)])
    text = metrics.render()
    assert read(text, "rnn_first_token_seconds_count", model="m") == 2
    assert read(text, "rnn_token_seconds_count", model="m") == 1
    assert read(text, "rnn_token_seconds_sum", model="m") == pytest.approx(0.01)


def test_the_time_between_tokens_is_that_within_one_of_several_answers(metrics):
    stream = {"route": "/v1/generate", "model": "m", "version": 1, "num_rows": 3}
    metrics([record(**stream, first_token_s=0.01, duration_s=0.11, completion_tokens=33)])
    assert read(metrics.render(), "rnn_token_seconds_sum", model="m") == pytest.approx(0.01)


def test_requests_taken_together_count_as_one_by_one(metrics):
    """Sums and buckets are the same, also for values on a bound and beyond all bounds."""
    model = {"model": "m", "version": 1}
    stories = [
        *[record(**model, batch_size=size, queue_s=size / 1000) for size in (1, 2, 3, 512, 9999)],
        record(status=404, reason="model_not_found", duration_s=99.0),
        record(**model, num_rows=1, completion_tokens=4, first_token_s=0.5, duration_s=0.7),
        record(route="/predict", **model, duration_s=0.0025),
    ]
    metrics(stories)
    apart = Metrics(CollectorRegistry())
    for story in stories:
        apart([story])
    assert samples_of(metrics) == pytest.approx(samples_of(apart))


def test_values_taken_together_fill_the_buckets_that_the_library_fills():
    bounds = (1, 2, 4, 8)
    for values in ([1], [0, 9], [2, 2, 3, 8], [4, 1, 100, 4.5, 0.5], [8, 8.1]):
        ours, theirs = CollectorRegistry(), CollectorRegistry()
        Spread("spread", "", buckets=bounds, registry=ours).observe_all(values)
        library = Histogram("spread", "", buckets=bounds, registry=theirs)
        for value in values:
            library.observe(value)
        assert samples_in(generate_latest(ours)) == samples_in(generate_latest(theirs))


def samples_of(metrics):
    return samples_in(metrics.render())


def samples_in(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


class Engine:
    """Tells what it is told to."""

    def __init__(self, **values):
        self.values = {
            "workloads": (),
            "num_loads": {},
            "num_refusals": {},
            "shadows": (),
            "store_problem": None,
        } | values
        self.statuses: list[ModelStatus] = []

    def activity(self):
        return Activity(**self.values)

    def models(self):
        return self.statuses

    def health(self):
        return Health(is_ready=True, reason="")


def test_what_the_engine_did_is_counted_once(metrics):
    tally = Tally()
    engine = Engine(
        workloads=(Workload("m", 1, num_waiting=4, num_running=2, tally=tally),),
        num_loads={"m": 3},
        num_refusals={"m": 1},
        shadows=(ShadowTally("m", 2, same=5, different=1, distance=0.25),),
    )
    sampler = Sampler(metrics, engine)
    tally.add([3, 5], 0.5)
    sampler()
    tally.add([1], 0.25)
    sampler()
    text = metrics.render()
    assert read(text, "rnn_batches_total", model="m", version="1") == 2
    assert read(text, "rnn_batch_rows_total", model="m") == 3
    assert read(text, "rnn_batch_tokens_total", model="m") == 9
    assert read(text, "rnn_batch_places_total", model="m") == 11
    assert read(text, "rnn_busy_seconds_total", model="m") == 0.75
    assert read(text, "rnn_queue_depth", model="m") == 4
    assert read(text, "rnn_running_rows", model="m") == 2
    assert read(text, "rnn_loads_total", model="m") == 3
    assert read(text, "rnn_refusals_total", model="m") == 1
    assert read(text, "rnn_shadow_answers_total", model="m", result="same") == 5
    assert read(text, "rnn_shadow_answers_total", model="m", result="different") == 1
    assert read(text, "rnn_shadow_distance_total", model="m") == 0.25


def test_a_version_that_is_gone_shows_nothing_any_more(metrics):
    engine = Engine(workloads=(Workload("m", 1, 4, 0, Tally()),))
    engine.statuses = [ModelStatus("m", 1, "text-generation", "ready", is_default=True)]
    sampler = Sampler(metrics, engine)
    sampler()
    assert read(metrics.render(), "rnn_model_info", model="m", state="ready") == 1
    engine.values["workloads"], engine.statuses = (), []
    sampler()
    assert read(metrics.render(), "rnn_queue_depth", model="m") == 0
    assert read(metrics.render(), "rnn_model_info", model="m") == 0


def test_the_workers_state_memory_and_connections_are_told(metrics):
    sampler = Sampler(metrics, Engine(store_problem="the mount is gone"))
    sampler.num_in_flight = lambda: 7
    sampler.num_connections = lambda: 9
    sampler()
    text = metrics.render()
    assert read(text, "rnn_workers", state="ready") == 1
    assert read(text, "rnn_workers", state="not_ready") == 0
    assert read(text, "rnn_requests_in_flight") == 7
    assert read(text, "rnn_connections") == 9
    assert read(text, "rnn_store_followed") == 0
    assert read(text, "rnn_resident_memory_bytes") > 10e6


WORKER = """
from pathlib import Path
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from service.observability.metrics import Metrics
from service.observability.request_record import RequestRecord
import os, sys
metrics = Metrics(CollectorRegistry(), Path(sys.argv[1]))
metrics([RequestRecord("id", "GET", "/", 0.0, status=200, duration_s=0.5)])
metrics.gauge("level", "Level", []).set(3)
print(os.getpid())
print(metrics.render().decode())
"""


def work(run_dir):
    """Let a worker answer one request; return its number and the figures it shows."""
    run = subprocess.run(
        [sys.executable, "-c", WORKER, str(run_dir)],
        env={"PROMETHEUS_MULTIPROC_DIR": str(run_dir / METRICS_DIR)},
        capture_output=True,
        check=True,
        timeout=120,
    )
    pid, _, text = run.stdout.partition(b"\n")
    return int(pid), text


def test_counts_of_workers_that_ended_stay_and_their_levels_and_files_go(tmp_path):
    folder = tmp_path / METRICS_DIR
    folder.mkdir()
    for number in range(1, 4):
        pid, text = work(tmp_path)
        assert read(text, "rnn_requests_total") == number
        assert read(text, "rnn_request_seconds_bucket", le="0.5") == number
        assert read(text, "rnn_request_seconds_bucket", le="0.25") == 0
        assert read(text, "level") == 3
        retire(tmp_path, pid)
        names = {path.name for path in folder.iterdir()}
        assert names == {"counter_ended.db", "histogram_ended.db", "lock"}


def test_figures_are_not_read_while_a_worker_is_retired_nor_the_other_way_round(tmp_path):
    folder = tmp_path / METRICS_DIR
    folder.mkdir()
    metrics = Metrics(CollectorRegistry(), tmp_path)
    for held, work in (
        (fcntl.LOCK_EX, metrics.render),
        (fcntl.LOCK_SH, partial(retire, tmp_path, 1)),
    ):
        waiting = threading.Thread(target=work)
        with locked(folder, held):
            waiting.start()
            waiting.join(0.2)
            assert waiting.is_alive()
        waiting.join(30)
        assert not waiting.is_alive()


@pytest.mark.parametrize("size", [0, 100])
def test_a_broken_file_of_an_ended_worker_is_dropped_and_no_other_counts(tmp_path, size, caplog):
    folder = tmp_path / METRICS_DIR
    folder.mkdir()
    (sound, _), (broken, _) = work(tmp_path), work(tmp_path)
    file = folder / f"histogram_{broken}.db"
    file.write_bytes(file.read_bytes()[:size])
    for pid in (broken, sound):
        retire(tmp_path, pid)
    assert f"lost: {file.name}" in caplog.text
    _, text = work(tmp_path)
    assert read(text, "rnn_requests_total") == 3
    assert read(text, "rnn_request_seconds_count") == 2


@pytest.mark.parametrize("damage", [b"", b"\x40\x00\x00\x00" * 32, b"\x40\x00\x00\x00" + b"x" * 60])
def test_a_damaged_file_of_a_worker_that_lives_is_left_out_and_named(tmp_path, damage, caplog):
    folder = tmp_path / METRICS_DIR
    folder.mkdir()
    (damaged, _), _ = work(tmp_path), work(tmp_path)
    (folder / f"counter_{damaged}.db").write_bytes(damage)
    text = Metrics(CollectorRegistry(), tmp_path).render()
    assert read(text, "rnn_requests_total") == 1
    assert read(text, "rnn_request_seconds_count") == 2
    assert f"counter_{damaged}.db are left out" in caplog.text


def test_figures_whose_folder_is_gone_say_what_to_do(tmp_path):
    with pytest.raises(NotReady, match="restart the service") as caught:
        Metrics(CollectorRegistry(), tmp_path / "gone").render()
    assert str(tmp_path) not in caught.value.message
