"""Workers are killed under traffic: only what they were answering is lost, and nothing is wrong.

So it is also while what a worker needs to start is away or damaged: the others go on.
"""

import os
import random
import shutil
import signal
import time

import pytest

from service.http.startup_checks import METRICS_DIR, RUN_DIR_PREFIX, memory_dir
from tests.e2e.test_keys import classify, line, write_whole
from tests.e2e.test_lifecycle import until
from tests.faults.traffic import Truth, classify_asks, generate_asks
from tests.faults.watching import ask_each_worker, figure

pytestmark = pytest.mark.e2e

NUM_THREADS = 4


@pytest.fixture
def live(start_process, tiny_store):
    return start_process(tiny_store, {"WORKERS": "2"})


@pytest.fixture
def asks(tiny_store):
    truth = Truth(tiny_store)
    truth.learn("sentiment")
    truth.learn("shakespeare")
    return classify_asks(truth) + generate_asks(truth)


def num_lost(outcomes):
    """How many requests were not answered, or not to the end."""
    return outcomes["broken"] + outcomes["cut"]


def kill_again_and_again(live, running, num_kills):
    """Kill a worker each second; return the seconds until there were two again."""
    chance = random.Random(1)
    gaps_s = []
    for _ in range(num_kills):
        before = live.worker_pids()
        os.kill(chance.choice(before), signal.SIGKILL)
        started = time.monotonic()
        until(lambda before=before: len(set(live.worker_pids()) - set(before)) >= 1)
        gaps_s.append(time.monotonic() - started)
        running.wait_for(20)
        time.sleep(max(0.0, 1 - (time.monotonic() - started)))
    return gaps_s


def check_kills(live, asks, traffic, num_kills):
    running = traffic(live.base_url, asks, num_threads=NUM_THREADS)
    running.wait_for(20)
    gaps_s = kill_again_and_again(live, running, num_kills)
    outcomes = running.stop()
    share = num_lost(outcomes) / outcomes.total()
    print(
        f"{num_kills} kills, {dict(outcomes)}, {share:.2%} lost, replaced after "
        f"{max(gaps_s):.2f} s at most"
    )
    assert set(outcomes) <= {"right", "broken", "cut"}
    assert num_lost(outcomes) <= NUM_THREADS * num_kills
    live.wait_until_ready()
    assert figure(live, "rnn_requests_total", route="/v1/classify", status="500") == 0


def test_two_kills_lose_only_what_was_being_answered(live, asks, traffic):
    check_kills(live, asks, traffic, num_kills=2)


@pytest.mark.slow
def test_a_kill_each_second_for_a_minute_loses_only_what_was_being_answered(live, asks, traffic):
    check_kills(live, asks, traffic, num_kills=60)


def run_dir(live):
    [folder] = memory_dir().glob(f"{RUN_DIR_PREFIX}{live.process.pid}-*")
    return folder


def kill_one(live):
    """Kill a worker, wait until another has come and answers, and return its number."""
    until(lambda: len(live.worker_pids()) == 2)
    before = live.worker_pids()
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(live.worker_pids()) == 2 and before[0] not in live.worker_pids())
    ask_each_worker(live, "/readyz")
    [made] = set(live.worker_pids()) - set(before)
    return made


def have_read(live, num_keys):
    """The workers that have taken over so many keys, by the log."""
    words = f"read {num_keys} API keys"
    return {line["pid"] for line in live.logged() if line.get("message") == words}


def wait_for_both(live):
    """Wait until two workers answer."""
    until(lambda: len(ask_each_worker(live, "/readyz")) == 2)


def all_are_ready(live):
    answers = ask_each_worker(live, "/readyz").values()
    return all(answer == {"status": "ready"} for answer in answers)


@pytest.mark.parametrize("damage", ["a wrong line", "gone"])
def test_a_worker_lost_while_the_keys_cannot_be_read_comes_back_with_the_last_ones(
    start_process, tiny_store, asks, traffic, tmp_path, damage
):
    keys = tmp_path / "keys"
    keys.write_text(line("ann", "old") + line("bob", "key"))
    live = start_process(tiny_store, {"WORKERS": "2", "API_KEYS_FILE": str(keys)})
    running = traffic(live.base_url, asks, headers={"Authorization": "Bearer key"})
    write_whole(keys, line("bob", "key"))
    until(lambda: have_read(live, 1) == set(live.worker_pids()))
    if damage == "gone":
        keys.unlink()
    else:
        write_whole(keys, line("bob", "key") + "no line of a key")
    kill_one(live)
    running.wait_for(20)
    for key, status in (("key", 200), ("old", 401), (None, 401)):
        assert {classify(live, key).status_code for _ in range(16)} == {status}
    outcomes = running.stop()
    assert set(outcomes) <= {"right", "broken", "cut"}
    assert num_lost(outcomes) <= NUM_THREADS
    write_whole(keys, line("cleo", "new"))
    until(lambda: all(classify(live, "new").status_code == 200 for _ in range(16)))


def test_a_worker_lost_while_the_store_is_away_waits_for_it_and_the_other_answers(
    start_process, tiny_store, asks, traffic, tmp_path
):
    store = shutil.copytree(tiny_store, tmp_path / "store")
    live = start_process(store, {"WORKERS": "2", "STORE_POLL_S": "0.1"})
    wait_for_both(live)
    running = traffic(live.base_url, asks, pause_s=0.005)
    running.wait_for(20)
    store.rename(tmp_path / "elsewhere")
    made = kill_one(live)
    answers = ask_each_worker(live, "/readyz")
    assert "the model store cannot be read" in answers.pop(made)["error"]["message"]
    assert list(answers.values()) == [{"status": "ready"}]
    listed = ask_each_worker(live, "/v1/models")
    assert "the model store cannot be read" in listed[made]["error"]["message"]
    assert "the worker is not ready" in live.log_path.read_text()
    (tmp_path / "elsewhere").rename(store)
    until(lambda: all_are_ready(live))
    running.wait_for(20)
    outcomes = running.stop()
    assert set(outcomes) <= {"right", "broken", "cut", 503}
    assert num_lost(outcomes) <= NUM_THREADS


@pytest.mark.parametrize("damage", ["no run folder", "an empty file", "half a file"])
def test_a_worker_lost_with_its_files_is_replaced_and_the_others_figures_stay(
    live, asks, traffic, damage
):
    wait_for_both(live)
    running = traffic(live.base_url, asks)
    running.wait_for(20)
    lost = live.worker_pids()[0]
    counts = run_dir(live) / METRICS_DIR / f"histogram_{lost}.db"
    until(counts.exists)  # a request is noted after its answer
    os.kill(lost, signal.SIGSTOP)  # else it would fall over the end of its own file
    if damage == "no run folder":
        # Moved first: the other worker may just be making a file there.
        shutil.rmtree(run_dir(live).rename(memory_dir() / f"lost-{live.process.pid}"))
    else:
        size = 0 if damage == "an empty file" else 100
        os.truncate(counts, size)
    kill_one(live)
    running.wait_for(20)
    outcomes = running.stop()
    assert set(outcomes) <= {"right", "broken", "cut"}
    assert num_lost(outcomes) <= NUM_THREADS
    assert all_are_ready(live)
    until(lambda: figure(live, "rnn_requests_total", status="200") > 0)
