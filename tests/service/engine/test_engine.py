import time
from pathlib import Path

import pytest

from service.engine import health_probe
from service.engine.continuous_batching import Generator
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import DeadlineExceeded, InvalidInput, ModelNotFound, NotReady, WrongTask
from tests.models import publish_classifier, publish_generator


def test_a_request_without_a_model_goes_to_the_default(engine):
    assert engine.answer(ClassifyRequest(("a good film",))).model == "sentiment"
    assert engine.answer(GenerateRequest("To be")).model == "shakespeare"


def test_other_defaults_may_be_named(make_engine):
    engine = make_engine(default_models={"classify": "last:1", "generate": "bytes"})

    assert engine.answer(ClassifyRequest(("a good film",))).model == "last"
    assert engine.resolve(None, "generate").name == "bytes"


def test_a_default_that_is_not_served_is_no_puzzle_to_who_named_none(make_engine):
    engine = make_engine(default_models={"classify": "sentimant", "generate": "sentiment"})

    with pytest.raises(ModelNotFound, match="names no model.*did you mean 'sentiment'") as missing:
        engine.answer(ClassifyRequest(("a good film",)))
    assert missing.value.param == "model"
    with pytest.raises(ModelNotFound, match="names no model.*'sentiment' classifies texts"):
        engine.answer(GenerateRequest("To be"))


def test_the_answer_names_the_version_that_gave_it(engine):
    answer = engine.answer(ClassifyRequest(("a good film", "so dull")))

    assert (answer.model, answer.version, len(answer.results)) == ("sentiment", 1, 2)
    assert answer.timing.batch_size == 2


def test_explanations_come_with_the_answer(engine):
    plain = engine.answer(ClassifyRequest(("a good film",))).results[0]
    explained = engine.answer(ClassifyRequest(("a good film",), explain="trajectory")).results[0]

    assert explained.probs == plain.probs
    assert explained.explanation[-1].probs == pytest.approx(plain.probs)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (ClassifyRequest(("a",), "nothing"), ModelNotFound),
        (ClassifyRequest(("a",), "shakespeare"), WrongTask),
        (ClassifyRequest(()), InvalidInput),
        (ClassifyRequest(("a",), deadline=0.0), DeadlineExceeded),
        (GenerateRequest("a", model="sentiment"), WrongTask),
        (GenerateRequest("a", model="gru:7"), ModelNotFound),
        (GenerateRequest("a", deadline=0.0), DeadlineExceeded),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_cannot_be_done_is_told_by_its_error(engine, request_, error):

    with pytest.raises(error):
        engine.answer(request_)


def test_what_a_model_takes_can_be_asked(engine):
    info = engine.resolve("sentiment", "classify")

    assert (info.classes, info.can_trace) == (("negative", "positive"), True)
    with pytest.raises(WrongTask):
        engine.resolve("sentiment", "generate")


def test_models_are_listed_by_name(engine):
    names = [status.name for status in engine.models()]

    assert names == sorted(names)
    assert {"sentiment", "shakespeare", "rnn"} <= set(names)


def test_nothing_is_answered_before_the_start(options):
    engine = Engine(options)

    assert not engine.health().is_ready
    with pytest.raises(NotReady):
        engine.answer(ClassifyRequest(("a",)))


@pytest.mark.parametrize("is_there", [True, False], ids=["empty", "absent"])
def test_a_store_without_models_is_told_at_the_start(tmp_path, is_there):
    store_dir = tmp_path / "store"
    if is_there:
        store_dir.mkdir()

    with pytest.raises(NotReady, match=str(store_dir)):
        Engine(EngineOptions(store_dir=store_dir)).start()


def test_a_store_of_refused_models_is_told_with_the_reason(tmp_path):
    publish_classifier(tmp_path, golden_error=0.5)

    with pytest.raises(NotReady, match=r"sentiment:1: golden.json"):
        Engine(EngineOptions(store_dir=tmp_path)).start()


def test_a_draining_engine_refuses_new_requests_and_finishes_running_ones(engine):
    running = engine.answer(GenerateRequest("To be", Sampling(max_tokens=200, seed=1)))

    engine.drain()

    assert engine.health().reason == "the worker is draining"
    with pytest.raises(NotReady) as refused:
        engine.answer(ClassifyRequest(("a",)))
    assert refused.value.retry_after_s
    assert running.result()[0].num_tokens > 0


def test_a_swap_lets_running_requests_finish_on_their_version(tmp_path):
    publish_generator(tmp_path, eos_id=None)
    engine = Engine(EngineOptions(store_dir=tmp_path))
    engine.start()
    sampling = Sampling(max_tokens=300, seed=3)
    truth = engine.answer(GenerateRequest("To be", sampling)).result()
    running = engine.answer(GenerateRequest("To be", sampling))

    publish_generator(tmp_path, seed=5, eos_id=None)
    engine.refresh()
    after = engine.answer(GenerateRequest("To be", sampling))

    assert (running.version, after.version) == (1, 2)
    assert running.result() == truth != after.result()
    engine.close()


def test_a_version_that_goes_between_finding_and_asking_is_found_again(tmp_path, monkeypatch):
    publish_generator(tmp_path)
    engine = Engine(EngineOptions(store_dir=tmp_path))
    engine.start()
    old = engine._registry.find("shakespeare", "generate").worker
    assert isinstance(old, Generator)
    generate = old.generate

    def swap_first(request):
        publish_generator(tmp_path)
        engine.refresh()
        return generate(request)

    monkeypatch.setattr(old, "generate", swap_first)

    assert engine.answer(GenerateRequest("To be")).version == 2
    engine.close()


def test_a_dead_generator_makes_the_engine_unready_and_says_which(engine, monkeypatch):
    worker = engine._registry.find("gru", "generate").worker
    monkeypatch.setattr(worker._writer, "write", None)
    engine.answer(GenerateRequest("a", model="gru"))
    deadline = time.monotonic() + 30
    while worker.failure is None and time.monotonic() < deadline:
        time.sleep(0.001)

    health = engine.health()

    assert not health.is_ready
    assert not health.is_alive
    assert "gru:1" in health.reason


def test_a_model_that_fails_for_too_long_makes_the_engine_dead(engine, monkeypatch):
    worker = engine._registry.find("gru", "generate").worker
    monkeypatch.setattr(worker._writer, "read", None)
    monkeypatch.setattr(Generator, "failure", None)  # silent only: nobody knows that it is dead
    engine.prove()
    engine.prove()
    assert (engine.health().is_ready, engine.health().is_alive) == (False, True)
    monkeypatch.setattr(health_probe, "DEAD_AFTER_S", 0.0)
    assert not engine.health().is_alive
    assert "gru:1 has not answered" in engine.health().reason


def test_closing_twice_does_no_harm(make_engine):
    engine = make_engine()
    engine.answer(GenerateRequest("To be", Sampling(max_tokens=5)))

    engine.close()
    engine.close()

    assert not engine.health().is_ready


def test_the_engine_needs_no_writable_store(tmp_path):
    publish_classifier(tmp_path / "store")
    for path in [*Path(tmp_path / "store").rglob("*"), tmp_path / "store"]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    engine = Engine(EngineOptions(store_dir=tmp_path / "store"))

    engine.start()

    assert engine.answer(ClassifyRequest(("a good film",))).version == 1
    engine.close()


def test_an_engine_without_models_starts_with_the_first_that_comes(tmp_path):
    engine = Engine(EngineOptions(store_dir=tmp_path))
    with pytest.raises(NotReady):
        engine.start()
    assert "the model store cannot be read" in engine.health().reason
    assert str(tmp_path) not in engine.health().reason  # anybody may ask
    with pytest.raises(NotReady):
        engine.answer(ClassifyRequest(("a",)))

    publish_classifier(tmp_path)
    engine.refresh()

    assert engine.health().is_ready
    assert engine.answer(ClassifyRequest(("a",))).version == 1
    engine.close()
