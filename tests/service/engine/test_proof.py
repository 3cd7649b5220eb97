import time

import pytest

from service.engine import proof
from service.engine.activity import Tally
from service.engine.loading import LoadedModel
from service.engine.proof import Proof, ask
from service.engine.types import GenerateRequest, ModelInfo, Sampling
from service.errors import QueueFull
from tests.models import publish_generator
from tests.service.engine.fakes import fake_generator

INFO = ModelInfo("m", 1, "text-generation", created=0, vocab_size=10)


class Stuck:
    """A generator that takes no request."""

    def __init__(self):
        self.tally = Tally()
        self.num_asked = 0

    def generate(self, request):
        self.num_asked += 1
        raise QueueFull("the line is full")


@pytest.fixture
def stuck():
    return LoadedModel(INFO, (), Stuck())  # type: ignore[arg-type]


def test_models_that_answer_are_proved_by_the_way_of_every_request(engine):
    before = {one.name: one.tally.num_batches for one in engine.activity().workloads}
    engine.prove()
    engine.prove()
    assert all(one.tally.num_batches > before[one.name] for one in engine.activity().workloads)
    assert engine.health().is_ready


def test_a_generator_with_a_list_of_prompts_is_asked_one_of_them(tmp_path, make_engine):
    publish_generator(tmp_path, "names", prompts=("Italian", "Polish"))
    assert make_engine(store_dir=tmp_path).health().is_ready


def test_a_silent_model_makes_the_worker_unready_and_says_why(stuck):
    found = Proof()
    found.renew([stuck])
    assert found.problem is not None
    assert "m:1 has not answered" in found.problem
    assert "the line is full" in found.problem
    assert not found.is_dead


def test_a_busy_model_is_not_asked(stuck):
    found = Proof()
    found.renew([stuck])
    stuck.worker.tally.add([3], 0.001)
    found.renew([stuck])
    assert stuck.worker.num_asked == 1
    assert found.problem is None


def test_a_model_that_stays_silent_is_given_up(stuck, monkeypatch):
    found = Proof()
    found.renew([stuck])
    monkeypatch.setattr(proof, "DEAD_AFTER_S", 0.0)
    time.sleep(0.001)
    assert found.is_dead


def test_a_model_that_is_served_no_longer_is_forgotten(stuck):
    found = Proof()
    found.renew([stuck])
    found.renew([])
    assert found.problem is None


def test_an_answer_that_does_not_come_in_time_is_no_answer():
    generator = fake_generator()
    model = LoadedModel(INFO, (), generator)
    busy = generator.generate(GenerateRequest("a", Sampling(max_tokens=500, seed=0)))
    with pytest.raises(Exception, match="time limit"):
        ask(model, time.monotonic() - 1)
    busy.cancel()
    generator.close(5)
