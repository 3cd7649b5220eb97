"""The engine on greenlets, as the default server runs it: in a process that is patched first."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

START = """
import gevent.monkey
gevent.monkey.patch_all()
import gevent, socket, sys, time
from pathlib import Path
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import DeadlineExceeded
engine = Engine(EngineOptions(store_dir=Path(sys.argv[1])))
engine.start()
"""

MIXED = """
import random
from tests.service.engine.test_promise import answer, some_request
rng = random.Random(3)
requests = [some_request(rng) for _ in range(64)]
alone = [answer(engine, request) for request in requests]
together = [
    gevent.spawn(answer, engine, request, streams=number % 2 == 0)
    for number, request in enumerate(requests)
]
gevent.joinall(together, timeout=60)
assert [one.value for one in together] == alone
"""

COMPANY = """
def ask(text):
    return engine.answer(ClassifyRequest((text,))).timing.batch_size
asked = [gevent.spawn(ask, "a good film") for _ in range(30)]
gevent.joinall(asked, timeout=60)
assert [one.value for one in asked] == [30] * 30, [one.value for one in asked]
"""

SOCKETS = """
ours, theirs = socket.socketpair()
def echo():
    while data := theirs.recv(1):
        theirs.send(data)
gevent.spawn(echo)
generation = engine.answer(
    GenerateRequest("a", Sampling(max_tokens=500, seed=1, stop=()), model="gru")
)
running = gevent.spawn(generation.result)
echoes = 0
while not running.ready():
    ours.send(b"x")
    assert ours.recv(1) == b"x"
    echoes += 1
assert echoes > 50, echoes
"""

BULK = """
finished = []
def ask(name, count):
    engine.answer(ClassifyRequest(("a good film that was not so dull",) * count))
    finished.append(name)
worker = engine._registry.find("sentiment", "classify").worker
bulk = gevent.spawn(ask, "bulk", 1024)
while not worker.num_waiting:
    gevent.sleep(0)
single = gevent.spawn(ask, "single", 1)
gevent.joinall([bulk, single], timeout=60)
assert finished == ["single", "bulk"], finished
"""

INSIDE = """
finished = []
def ask(name, texts, **fields):
    engine.answer(ClassifyRequest(texts, **fields))
    finished.append(name)
long = ("a good film that was not so dull " * 5,)  # of several texts others pass while it answers
worker = engine._registry.find("sentiment", "classify").worker
before = worker.tally.num_sound
inside = gevent.spawn(ask, "inside", long, explain="gates")
while worker.tally.num_sound == before:
    gevent.sleep(0)
single = gevent.spawn(ask, "single", ("a good film",))
gevent.joinall([inside, single], timeout=60)
assert finished == ["single", "inside"], finished
"""

LEAVERS = """
late = ClassifyRequest(("a good film",) * 800, deadline=time.monotonic() + 0.005)
def ask(request):
    try:
        return engine.answer(request).version
    except DeadlineExceeded:
        return "late"
asked = [gevent.spawn(ask, one) for one in (late, late, ClassifyRequest(("good",)))]
killed = gevent.spawn(ask, ClassifyRequest(("a good film",) * 1000))
gevent.sleep(0)
killed.kill()
gevent.joinall(asked, timeout=60)
assert asked[2].value == 1, [one.value for one in asked]
assert engine.answer(ClassifyRequest(("good",))).version == 1

generation = engine.answer(GenerateRequest("a", Sampling(max_tokens=500), model="gru"))
reader = gevent.spawn(lambda: [None for _ in generation.events()])
gevent.sleep(0.01)
reader.kill()
worker = engine._registry.find("gru", "generate").worker
with gevent.Timeout(60):
    while worker.num_running:
        gevent.sleep(0.001)
"""

END = """
engine.close()
print("done")
"""


@pytest.mark.parametrize(
    "script",
    [MIXED, COMPANY, SOCKETS, BULK, INSIDE, LEAVERS],
    ids=[
        "mixed_requests_are_answered_as_if_each_were_alone",
        "requests_that_are_ready_together_are_one_batch",
        "a_generation_does_not_keep_sockets_waiting",
        "a_single_text_passes_a_bulk",
        "a_single_text_passes_those_whose_inside_is_told",
        "callers_that_leave_strand_nobody",
    ],
)
def test_on_greenlets(script, store_dir):
    command = [sys.executable, "-c", START + script + END, str(store_dir)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
