"""Publishers that are killed, or find the disk full, beside a service that watches their store."""

import os
import signal
from multiprocessing import get_context

import pytest

from model_store import About, PublishFailed, Store, StoreReader
from tests.faults.test_swaps import default_is, on_all_workers
from tests.faults.traffic import Truth, classify_asks
from tests.faults.watching import figure
from tests.model_store.faults import disk_full, kill_at
from tests.models import publish_classifier

pytestmark = pytest.mark.e2e

NAME = "sentiment"
NUM_TO_PUBLISH = 20
DISK_IS_FULL = 28  # exit status
PATIENCE_S = 60
# Forked from a process without threads; one with threads may leave its locks held in the child.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@pytest.fixture(scope="module")
def drafts(tmp_path_factory):
    """A store that nobody serves: what is to be published, under the number it will have."""
    root = tmp_path_factory.mktemp("drafts")
    for seed in range(NUM_TO_PUBLISH):
        publish_classifier(root, seed=seed)
    return root


@pytest.fixture(scope="module")
def truth(drafts):
    truth = Truth(drafts)
    truth.learn(NAME)
    return truth


@pytest.fixture
def store_dir(tmp_path):
    publish_classifier(tmp_path, seed=0)
    return tmp_path


@pytest.fixture
def live(start_process, store_dir):
    return start_process(store_dir, {"WORKERS": "2", "STORE_POLL_S": "0.05"})


@pytest.fixture
def running(live, truth, traffic):
    running = traffic(live.base_url, classify_asks(truth), num_threads=2)
    running.wait_for(5)
    return running


def publish_next(store_dir, drafts, *, step=None, max_file_bytes=None):
    """Publish the next draft, and be killed at a step, or write no longer files than so many."""
    store = Store(store_dir)
    draft = StoreReader(drafts).open(NAME, store.versions(NAME)[-1] + 1)
    files = {filename: draft.read(filename) for filename in draft.manifest.files}
    about = About(task=draft.manifest.task)
    if step is not None:
        kill_at(step)
    if max_file_bytes is None:
        store.publish(NAME, files, about)
        os._exit(0)
    try:
        with disk_full(max_file_bytes):
            store.publish(NAME, files, about)
    except PublishFailed:
        os._exit(DISK_IS_FULL)


def publisher(store_dir, drafts, **faults):
    """Publish in a process of its own and return its exit status."""
    process = PROCESSES.Process(target=publish_next, args=(store_dir, drafts), kwargs=faults)
    process.start()
    process.join(PATIENCE_S)
    return process.exitcode


def expect(live, running, store_dir, versions):
    """Check that the store holds these versions whole, and that all workers serve the last."""
    store = Store(store_dir)
    assert store.versions(NAME) == versions
    assert [store.verify(NAME, version) for version in versions] == [[]] * len(versions)
    on_all_workers(live, default_is(versions[-1]))
    running.wait_for(5)


def expect_no_harm(live, running, said):
    """Check that no answer was wrong, and no version refused by any worker at any time."""
    outcomes = running.stop()
    print(f"{said}: {dict(outcomes)}, by version {dict(running.versions)}")
    assert set(outcomes) == {"right"}
    assert figure(live, "rnn_refusals_total") == 0
    assert not [line for line in live.logged() if line["level"] in ("warning", "error")]


def kill_publishers(live, running, store_dir, drafts, *, stride):
    """Kill a publisher at its first step and at every so many after it, until one lives."""
    versions, hidden = [1], 0
    statuses: list[int] = []
    while not statuses or statuses[-1] != 0:
        step = stride * len(statuses)
        statuses.append(publisher(store_dir, drafts, step=step))
        assert statuses[-1] in (0, -signal.SIGKILL)
        found = Store(store_dir).versions(NAME)
        assert found in (versions, [*versions, versions[-1] + 1])
        hidden += found == versions
        versions = found
        expect(live, running, store_dir, versions)
    num_killed = len(statuses) - 1
    whole = num_killed - hidden
    expect_no_harm(live, running, f"{num_killed} killed, {hidden} left nothing, {whole} a version")
    assert hidden >= 2
    assert len(versions) == whole + 2


def fill_disks(live, running, store_dir, drafts, limits):
    """Let publishers find the disk full after so many bytes of a file; then there is room."""
    for limit in limits:
        assert publisher(store_dir, drafts, max_file_bytes=limit) == DISK_IS_FULL
        assert os.listdir(store_dir / NAME) == ["1"]
        expect(live, running, store_dir, [1])
    assert publisher(store_dir, drafts) == 0
    expect(live, running, store_dir, [1, 2])
    expect_no_harm(live, running, f"{len(limits)} found the disk full")


def limits_of(drafts):
    """One byte less than each file of a version needs."""
    version = StoreReader(drafts).open(NAME, 2)
    return sorted({path.stat().st_size - 1 for path in version.path.iterdir()})


def test_a_publisher_killed_at_some_steps_harms_no_request(live, running, store_dir, drafts):
    kill_publishers(live, running, store_dir, drafts, stride=6)


@pytest.mark.slow
def test_a_publisher_killed_at_any_step_harms_no_request(live, running, store_dir, drafts):
    kill_publishers(live, running, store_dir, drafts, stride=1)


def test_a_full_disk_harms_no_request(live, running, store_dir, drafts):
    fill_disks(live, running, store_dir, drafts, limits_of(drafts)[::3])


@pytest.mark.slow
def test_a_disk_full_at_any_file_harms_no_request(live, running, store_dir, drafts):
    fill_disks(live, running, store_dir, drafts, [0, *limits_of(drafts)])
