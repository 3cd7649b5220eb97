import subprocess
import sys
import threading

import pytest

from service.background_jobs import BackgroundJob, aside

PATIENCE_S = 30


def test_a_chore_is_done_again_and_again_until_it_is_stopped():
    done = threading.Semaphore(0)
    chore = BackgroundJob("count", done.release, 0.001)
    chore.start()
    assert all(done.acquire(timeout=PATIENCE_S) for _ in range(3))
    chore.stop(PATIENCE_S)
    while done.acquire(blocking=False):
        pass
    assert not done.acquire(timeout=0.02)


def test_a_chore_that_fails_is_logged_and_tried_again(caplog):
    tried = threading.Semaphore(0)

    def fail():
        tried.release()
        raise OSError("no disk")

    chore = BackgroundJob("fail", fail, 0.001)
    chore.start()
    assert all(tried.acquire(timeout=PATIENCE_S) for _ in range(2))
    chore.stop(PATIENCE_S)
    assert "the chore 'fail' failed" in caplog.text
    assert "no disk" in caplog.text


def test_work_aside_returns_and_raises_what_it_would_here():
    assert aside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 // 0)


ASIDE = """
from gevent import monkey; monkey.patch_all()
from service.background_jobs import aside

def fail():
    raise OSError("the store is away")

try:
    aside(fail)
except OSError as exc:
    print(aside(lambda: 7), exc)
"""


def test_work_aside_that_fails_writes_nothing_beside_the_log():
    done = subprocess.run([sys.executable, "-c", ASIDE], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("7 the store is away\n", "")
