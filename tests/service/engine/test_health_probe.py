import time
from pathlib import Path

import pytest

from service.engine import health_probe
from service.engine.activity import Tally
from service.engine.health_probe import HealthProbe
from service.engine.loading import LoadedModel
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.tasks.text_classification.worker import TextClassifier
from service.engine.types import ModelInfo, VersionId
from service.errors import EngineFailure, QueueFull
from tests.models import classifier_config, publish_generator, word_tokenizer
from tests.service.engine import fakes
from tests.service.engine.fakes import fake_generator

INFO = ModelInfo("m", 1, "text-generation", "generate", created=0, vocab_size=10, max_tokens=500)


class Stuck:
    """A generator that takes no request."""

    def __init__(self):
        self.tally = Tally()
        self.num_asked = 0

    def probe(self, deadline):
        self.num_asked += 1
        raise QueueFull("the line is full")


@pytest.fixture
def stuck():
    return LoadedModel(INFO, (), Stuck())  # type: ignore[arg-type]


def test_models_that_answer_are_proved_by_the_way_of_every_request(engine):
    before = {one.name: one.tally.num_sound for one in engine.activity().workloads}
    engine.prove()
    engine.prove()
    assert all(one.tally.num_sound > before[one.name] for one in engine.activity().workloads)
    assert engine.health().is_ready


def test_every_model_is_asked_before_the_engine_is_ready(engine):
    assert [one.name for one in engine.activity().workloads if one.tally.num_sound == 0] == []


def test_a_generator_with_a_list_of_prompts_is_asked_one_of_them(tmp_path, make_engine):
    publish_generator(tmp_path, "names", prompts=("Italian", "Polish"))
    assert make_engine(store_dir=tmp_path).health().is_ready


def test_a_silent_model_makes_the_worker_unready_and_says_why(stuck):
    found = HealthProbe()
    found.renew([stuck])
    assert found.problem is not None
    assert "m:1 has not answered" in found.problem
    assert "the line is full" in found.problem
    assert not found.is_dead


def test_a_model_that_does_well_is_not_asked(stuck):
    found = HealthProbe()
    found.renew([stuck])
    stuck.worker.tally.num_sound += 1
    found.renew([stuck])
    assert stuck.worker.num_asked == 1
    assert found.problem is None


def broken(*args):
    raise RuntimeError("broken")


def test_a_classifier_that_fails_on_all_that_it_is_sent_is_no_proof():
    graph, tokenizer = fakes.FakeClassifierGraph(), word_tokenizer()
    options = EngineOptions(store_dir=Path("unused"))
    config = classifier_config(tokenizer)
    version = VersionId("m", 1)
    worker = TextClassifier(
        *(version, graph, config),
        tokenizer=tokenizer,
        options=options,
        inside=ClassifierInside(fakes.NO_WEIGHTS, config),
    )
    model, found = LoadedModel(INFO, (), worker), HealthProbe()
    found.renew([model])
    assert found.problem is None
    graph.on_run = broken
    with pytest.raises(EngineFailure):
        worker.classify(ClassifyRequest(("a good film",)))
    assert worker.tally.num_batches == 2  # it is busy
    found.renew([model])
    assert "the model failed" in str(found.problem)


def test_a_generator_that_fails_on_all_that_it_is_sent_is_no_proof(graph, make_generator, stepper):
    worker = make_generator()
    stepper.free()
    model, found = LoadedModel(INFO, (), worker), HealthProbe()
    found.renew([model])
    assert found.problem is None
    graph.run = graph.step = broken
    with pytest.raises(EngineFailure):
        fakes.ask(worker, max_tokens=5).result()
    found.renew([model])
    assert "the model failed" in str(found.problem)


def test_a_generator_that_reads_but_cannot_step_is_no_proof(graph, make_generator):
    worker = make_generator()
    model, found = LoadedModel(INFO, (), worker), HealthProbe()
    graph.step = broken
    run = graph.run
    graph.run = lambda sequences, state: run(sequences, state) if not state[0].any() else broken()
    for _ in range(2):
        found.renew([model])
        assert "the model failed" in str(found.problem)
        with pytest.raises(EngineFailure):
            fakes.ask(worker, max_tokens=5).result()


def test_a_generator_that_writes_one_long_answer_is_not_asked(make_generator, stepper, graph):
    worker = make_generator(max_queue_size=1, max_generation_rows=1)
    model, found = LoadedModel(INFO, (), worker), HealthProbe()
    stepper.let(1)
    found.renew([model])
    running = fakes.ask(worker, max_tokens=500)
    stepper.let(3)
    fakes.until(lambda: len(graph.steps) == 4)
    waiting = fakes.ask(worker, max_tokens=5)
    found.renew([model])
    assert found.problem is None
    running.cancel()
    waiting.cancel()


def test_a_model_that_stays_silent_is_given_up(stuck, monkeypatch):
    found = HealthProbe()
    found.renew([stuck])
    monkeypatch.setattr(health_probe, "DEAD_AFTER_S", 0.0)
    time.sleep(0.001)
    assert found.is_dead


def test_a_model_that_is_served_no_longer_is_forgotten(stuck):
    found = HealthProbe()
    found.renew([stuck])
    found.renew([])
    assert found.problem is None


def test_an_answer_that_does_not_come_in_time_is_no_answer():
    generator = fake_generator()
    model = LoadedModel(INFO, (), generator)
    busy = generator.generate(GenerateRequest("a", Sampling(max_tokens=500, seed=0)))
    with pytest.raises(Exception, match="time limit"):
        model.worker.probe(time.monotonic() - 1)
    busy.cancel()
    generator.close(5)
