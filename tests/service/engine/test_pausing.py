import subprocess
import sys
import threading

from service.engine.pausing import CROWDED_TURN_S, Stretches

SCRIPT = """
from gevent import monkey; monkey.patch_all()
import time
import gevent
from service.engine.pausing import Turns

def work(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass

done = {"steps": 0.0, "others": 0.0}

def others():
    while True:
        work(0.004)
        done["others"] += 0.004
        gevent.sleep(1e-6)

gevent.spawn(others)
turns, until = Turns(), time.monotonic() + 1
while time.monotonic() < until:
    work(0.0002)
    done["steps"] += 0.0002
    turns.next()
print(done["steps"] / (done["steps"] + done["others"]))
"""


def test_steps_get_half_of_the_time_beside_a_crowd():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout) > 0.3


REFUSALS = """
from gevent import monkey; monkey.patch_all()
import time
import gevent
from service.engine.pausing import Turns

turns, rounds = Turns(), [0]

def refused():
    while True:
        turns.note_refusal()
        rounds[0] += 1
        gevent.sleep(1e-6)

gevent.spawn(refused)
until = time.monotonic() + 0.5
while time.monotonic() < until:
    time.process_time()
    turns.next()
print(rounds[0])
"""


def test_those_who_are_refused_are_refused_together():
    done = subprocess.run(
        [sys.executable, "-c", REFUSALS], capture_output=True, text=True, check=True, timeout=60
    )
    assert 1 < int(done.stdout) <= 2 * 0.5 / CROWDED_TURN_S


CROWD = """
from gevent import monkey; monkey.patch_all()
import socket
import gevent
from service.engine.pausing import Stretches

stretches, done = Stretches(), [0]

def work():
    for _ in range(100):
        with stretches.next():
            done[0] += 1

ours, theirs = socket.socketpair()

def echo():
    while data := theirs.recv(1):
        theirs.send(data)

gevent.spawn(echo)
workers = [gevent.spawn(work) for _ in range(8)]
most = 0
while not all(worker.ready() for worker in workers):
    before = done[0]
    ours.send(b"x")
    ours.recv(1)
    most = max(most, done[0] - before)
print(done[0], most)
"""


def test_a_socket_waits_for_one_stretch_of_eight_who_work_long():
    done = subprocess.run(
        [sys.executable, "-c", CROWD], capture_output=True, text=True, check=True, timeout=60
    )
    stretches, most = map(int, done.stdout.split())
    assert stretches == 800
    assert most <= 3  # an echo is two waits for a socket


def test_stretches_on_threads_do_not_wait_for_one_another():
    stretches, begun = Stretches(), threading.Event()

    def begin_both():
        with stretches.next(), stretches.next():
            begun.set()

    threading.Thread(target=begin_both, daemon=True).start()
    assert begun.wait(30)
