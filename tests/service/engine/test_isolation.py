"""Two failures known from published batchers come first: one bad row that ends the thread for
everyone, and one caller who leaves and strands those batched with it.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from service.engine.isolation import is_sound, outputs_of_each, run_each
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.tasks.text_classification.classifier import Classifier
from service.errors import DeadlineExceeded, EngineFailure
from tests.models import CHARACTERS, classifier_config, word_tokenizer
from tests.service.engine.fakes import (
    BAD_CHARACTER_ID,
    BAD_WORD_ID,
    FakeClassifierGraph,
    FakeGeneratorGraph,
    fake_generator,
)

TOKENIZER = word_tokenizer()
BAD_WORD = TOKENIZER.decode([BAD_WORD_ID])
BAD_CHARACTER = CHARACTERS[BAD_CHARACTER_ID - 4]
DEADLINE_S = 30


def make_classifier(graph, **changes):
    config = classifier_config(TOKENIZER)
    options = EngineOptions(store_dir=Path("unused"), **changes)
    return Classifier(graph, config, tokenizer=TOKENIZER, options=options)


class Gate:
    """Holds the first run of a graph until it is opened."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, *_):
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(DEADLINE_S)


def gather(classifier, gate, texts):
    """Let all texts wait behind a first one, then run them; return answers or errors."""
    with ThreadPoolExecutor(len(texts) + 1) as callers:
        first = callers.submit(classifier.classify, ClassifyRequest(("a",)))
        assert gate.reached.wait(DEADLINE_S)
        futures = [callers.submit(classifier.classify, ClassifyRequest((text,))) for text in texts]
        while classifier.num_waiting < len(texts):
            time.sleep(0.001)
        gate.opened.set()
        first.result(DEADLINE_S)
        return [future.exception(DEADLINE_S) or future.result()[0][0] for future in futures]


def test_one_bad_text_fails_alone_and_the_classifier_lives():
    gate = Gate()
    graph = FakeClassifierGraph(gate)
    classifier = make_classifier(graph)

    answers = gather(classifier, gate, ["good", BAD_WORD, "bad", "awful"])

    assert [isinstance(answer, EngineFailure) for answer in answers] == [0, 1, 0, 0]
    assert max(map(len, graph.batches)) == 4, "they were one batch"
    assert classifier.classify(ClassifyRequest(("good",)))[0][0] == answers[0]


def test_a_caller_that_leaves_does_not_strand_its_batch_mates():
    gate = Gate()
    classifier = make_classifier(FakeClassifierGraph(gate))
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(classifier.classify, ClassifyRequest(("a",)))
        assert gate.reached.wait(DEADLINE_S)
        soon = ClassifyRequest(("good",), deadline=time.monotonic() + 0.02)
        leaver = callers.submit(classifier.classify, soon)
        mates = [callers.submit(classifier.classify, ClassifyRequest(("bad",))) for _ in range(2)]
        assert isinstance(leaver.exception(DEADLINE_S), DeadlineExceeded)
        gate.opened.set()

        assert [mate.result(DEADLINE_S)[0][0].label for mate in [first, *mates]]


def test_one_bad_row_fails_alone_and_the_generator_lives(request):
    generator = fake_generator()
    request.addfinalizer(lambda: generator.close(DEADLINE_S))

    def ask(prompt, max_tokens=30):
        return generator.generate(GenerateRequest(prompt, Sampling(max_tokens=max_tokens)))

    good, bad_prompt = ask("e"), ask(BAD_CHARACTER)
    bad_step = ask(
        CHARACTERS[BAD_CHARACTER_ID - 4 - 3], 20
    )  # reaches the bad character in three steps
    other = ask("f")

    for bad in (bad_prompt, bad_step):
        with pytest.raises(EngineFailure):
            bad.result()
    assert len(good.result()[0].text) == len(other.result()[0].text) == 30
    assert ask("g", 3).result()[0].text == "hij"
    assert generator.failure is None


def test_a_caller_that_cancels_frees_its_row_and_strands_nobody(request):
    graph = FakeGeneratorGraph(len(CHARACTERS) + 4)
    generator = fake_generator(graph)
    request.addfinalizer(lambda: generator.close(DEADLINE_S))
    sampling = Sampling(max_tokens=1000, logit_bias=((20, 100.0),))  # never the bad character

    leaver = generator.generate(GenerateRequest("q", sampling))
    mate = generator.generate(GenerateRequest("q", sampling))
    next(leaver.events())
    leaver.cancel()

    assert mate.result()[0].num_tokens == 1000
    assert graph.steps[-1] == 1, "the mate ends alone"


def test_inputs_that_a_model_fails_on_come_back_as_nothing():
    first, bad, last = outputs_of_each(FakeClassifierGraph().probs, [[4], [BAD_WORD_ID], [5]])

    assert bad is None
    np.testing.assert_array_equal([first, last], FakeClassifierGraph().probs([[4], [5]]))


def test_a_failed_step_keeps_the_state_of_rows_it_could_not_run():
    graph = FakeGeneratorGraph(70)
    state = (np.array([[[1.0], [2.0], [3.0]]], np.float32),)

    logits, (counts,) = run_each(graph, [[4], [BAD_CHARACTER_ID], [5]], state, vocab_size=70)

    assert is_sound(logits).tolist() == [True, False, True]
    assert counts[0, :, 0].tolist() == [2, 2, 4]


def test_infinite_outputs_are_not_sound():
    outputs = np.array([[0.5, 0.5], [np.inf, 0.5], [np.nan, 1.0], [-np.inf, 0.1]], np.float32)

    assert is_sound(outputs).tolist() == [True, False, False, True]
