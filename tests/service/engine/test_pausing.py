import subprocess
import sys

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
