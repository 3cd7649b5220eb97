import time

import pytest

from model_store import ServingPlan, Store
from service.engine.loading import load
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.shadow import MAX_WAITING
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.worker import MAX_COMPARED
from service.engine.worker import Difference
from tests.models import publish_classifier, publish_generator

PATIENCE_S = 30


@pytest.fixture
def shadowed(tmp_path, make_engine):
    """A function that starts an engine whose default is 1 and whose shadow is 2."""

    def start(publish, name, *, seeds, **changes):
        for seed in seeds:
            publish(tmp_path, name, seed=seed, **changes)
        Store(tmp_path).write_serving(name, ServingPlan(default=1, shadow=2))
        return make_engine(store_dir=tmp_path)

    return start


def tally_of(engine, num_answers):
    """What was counted, once so many answers were."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for tally in engine.activity().shadows:
            if tally.same + tally.different + tally.failed + tally.skipped >= num_answers:
                return tally
        time.sleep(0.005)
    return pytest.fail("nothing was compared")


def test_a_shadow_that_is_the_same_model_never_differs(shadowed):
    engine = shadowed(publish_classifier, "sentiment", seeds=(0, 0))
    answer = engine.answer(ClassifyRequest(("a good film", "so bad")))
    tally = tally_of(engine, 2)
    assert answer.version == 1
    assert (tally.name, tally.version) == ("sentiment", 2)
    assert (tally.same, tally.different, tally.distance) == (2, 0, 0.0)


def test_the_distance_is_the_change_of_the_labels_score(shadowed, tmp_path, options):
    engine = shadowed(publish_classifier, "sentiment", seeds=(0, 1))
    [old] = engine.answer(ClassifyRequest(("a good film",))).results
    tally = tally_of(engine, 1)
    shadow = load(Store(tmp_path).open("sentiment", 2), options)
    assert isinstance(shadow.worker, Classifier)
    [new], _ = shadow.worker.classify(ClassifyRequest(("a good film",)))
    column = old.probs.index(old.score)
    assert tally.distance == abs(old.score - new.probs[column])
    assert tally.same == (old.label == new.label)


def test_requests_that_name_a_version_are_not_copied(shadowed):
    engine = shadowed(publish_classifier, "sentiment", seeds=(0, 1))
    engine.answer(ClassifyRequest(("a good film",), "sentiment:1"))
    engine.answer(ClassifyRequest(("a good film",), "sentiment"))
    tally = tally_of(engine, 1)
    assert tally.same + tally.different == 1


def test_of_a_bulk_request_a_part_is_compared(shadowed):
    engine = shadowed(publish_classifier, "sentiment", seeds=(0, 0))
    engine.answer(ClassifyRequest(("a good film",) * (MAX_COMPARED + 9)))
    assert tally_of(engine, 1).same == MAX_COMPARED


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_generators_texts_are_compared_with_the_same_seed(shadowed, is_streamed):
    engine = shadowed(publish_generator, "shakespeare", seeds=(0, 0))
    request = GenerateRequest("To be", Sampling(max_tokens=30, temperature=1.0, n=3))
    generation = engine.answer(request)
    _ = list(generation.events(1.0)) if is_streamed else generation.result()
    tally = tally_of(engine, 3)
    assert (tally.same, tally.different, tally.failed) == (3, 0, 0)


def test_another_generator_writes_another_text(shadowed):
    engine = shadowed(publish_generator, "shakespeare", seeds=(0, 1))
    engine.answer(GenerateRequest("To be", Sampling(max_tokens=30, seed=1))).result()
    assert tally_of(engine, 1).different == 1


def test_a_generation_that_was_given_up_is_not_compared(shadowed):
    engine = shadowed(publish_generator, "shakespeare", seeds=(0, 0))
    given_up = engine.answer(GenerateRequest("To be", Sampling(max_tokens=400, seed=1)))
    given_up.cancel()
    engine.answer(GenerateRequest("To be", Sampling(max_tokens=5, seed=1))).result()
    assert tally_of(engine, 1).same == 1


def test_a_shadow_that_does_another_task_is_counted_as_failed_and_harms_nobody(shadowed, tmp_path):
    publish_classifier(tmp_path, "sentiment")
    engine = shadowed(publish_generator, "sentiment", seeds=(0,))
    answer = engine.answer(ClassifyRequest(("a good film",)))
    assert answer.version == 1
    assert tally_of(engine, 1).failed == 1


def test_copies_beyond_the_line_are_skipped(shadowed):
    engine = shadowed(publish_classifier, "sentiment", seeds=(0, 0))
    shadows = engine._shadows
    with shadows._has_work:  # as long as the thread cannot take one
        shadows._waiting.extend([None] * MAX_WAITING)
    shadow = engine._registry.shadow_of("sentiment")
    shadows.offer(shadow, lambda: Difference(1, 0))
    shadows._waiting.clear()
    assert tally_of(engine, 1).skipped == 1
