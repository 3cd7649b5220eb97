"""Every model that comes with the project keeps the promises, whatever its task."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model_store import StoreReader
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.requests.tag import TagRequest
from service.engine.requests.translate import SearchRequest, TranslateRequest
from service.errors import InvalidInput, WrongTask
from service.settings import Settings

STORE = Settings().store_dir
SENTENCES = (
    "Where is the station?",
    "I don't know what he said to her yesterday evening.",
    "Go!",
    "My sister has bought three red books about the history of Rome.",
    "It rains.",
)
DRAW = np.random.default_rng(1)
IMAGES = tuple(DRAW.integers(0, 17, 64).astype(float).tolist() for _ in range(5))
SEQUENCES = tuple(DRAW.normal(size=(n, 12)).round(3).tolist() for n in (7, 29, 1, 15, 22))
GREEDY = Sampling(max_tokens=12, temperature=0.0, logprobs=1, seed=0)
HELD = set(StoreReader(STORE).names())


@pytest.fixture(scope="module")
def engine():
    engine = Engine(EngineOptions(store_dir=STORE))
    engine.start()
    yield engine
    engine.close()


def alone(request, field):
    """The same request for each of its inputs by itself."""
    inputs = getattr(request, field)
    return [replace(request, **{field: (one,)}) for one in inputs]


BATCHES: dict[str, tuple[Any, str]] = {
    "digits": (ClassifyRequest((), "digits", numbers=IMAGES), "numbers"),
    "vowels": (ClassifyRequest((), "vowels", numbers=SEQUENCES), "numbers"),
    "pos": (TagRequest(SENTENCES, "pos"), "texts"),
    "en-fr": (SearchRequest(SENTENCES, 4, model="en-fr"), "texts"),
}
STREAMS: dict[str, list[Any]] = {
    "digit-names": [GenerateRequest("", GREEDY, "digit-names", numbers=one) for one in IMAGES],
    "en-fr": [TranslateRequest(one, GREEDY, "en-fr") for one in SENTENCES],
}


@pytest.mark.parametrize("name", BATCHES)
def test_an_answer_has_the_same_bits_alone_and_in_a_batch(engine, name):
    request, field = BATCHES[name]
    together = engine.answer(request).results
    by_themselves = [engine.answer(one).results[0] for one in alone(request, field)]
    assert list(together) == by_themselves


@pytest.mark.parametrize("name", STREAMS)
def test_what_is_written_has_the_same_bits_alone_and_among_others(engine, name):
    alone = [engine.answer(request).result() for request in STREAMS[name]]
    running = [engine.answer(request) for request in STREAMS[name]]
    assert [one.result() for one in running] == alone


@pytest.mark.parametrize("name", BATCHES)
def test_callers_at_the_same_time_get_their_own_answers(engine, name):
    request, field = BATCHES[name]
    asked = alone(request, field)
    truth = [engine.answer(one).results for one in asked]
    got = [None] * len(asked)

    def ask(place):
        got[place] = engine.answer(asked[place]).results

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == truth


@pytest.mark.parametrize(("name", "start"), [("shakespeare", ""), ("reviews", "positive")])
def test_a_text_read_in_parts_ends_with_the_same_bits(engine, name, start):
    def read(text, state=None):
        sampling = Sampling(max_tokens=0)
        request = GenerateRequest(text, sampling, name, state=state, returns_state=True)
        return engine.answer(request).result()[0].state

    words = f" {' '.join(SENTENCES)}".replace(" ", "\0 ").split("\0")[1:]
    state = read(start)
    whole = read("".join(words), state)

    for word in words:
        state = read(word, state)

    assert state == whole


@pytest.mark.parametrize("name", ["sentiment", "sentiment-small"])
def test_a_text_that_comes_word_by_word_is_scored_with_the_same_bits(engine, name):
    words = " ".join(SENTENCES).split()
    state = None
    for place, word in enumerate(words):
        request = ClassifyRequest((word,), name, states=(state,), returns_state=True)
        [answer] = engine.answer(request).results
        state = answer.state
        if place % 7 == 0 or place == len(words) - 1:
            [whole] = engine.answer(ClassifyRequest((" ".join(words[: place + 1]),), name)).results
            assert answer.probs == whole.probs


def test_one_beam_writes_what_is_written_token_by_token(engine):
    found = engine.answer(SearchRequest(SENTENCES, 1, model="en-fr")).results
    sampling = Sampling(temperature=0.0)
    written = [engine.answer(TranslateRequest(one, sampling, "en-fr")) for one in SENTENCES]
    assert [one.text for one in found] == [one.result()[0].text for one in written]


def test_attention_sums_to_one_over_the_words_that_were_read(engine):
    [found] = engine.answer(SearchRequest(SENTENCES[:1], 4, None, True, "en-fr")).results
    assert found.attention is not None
    weights = np.array(found.attention.weights)
    assert weights.shape == (len(found.attention.target), len(found.attention.source))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    pieces = [SENTENCES[0][span.start : span.end] for span in found.attention.source]
    assert "".join(pieces).replace(" ", "") == SENTENCES[0].replace(" ", "")
    assert found.attention.target[-1].end == len(found.text)


def test_tags_stand_where_their_words_do(engine):
    text = "  Zoë didn’t see “Dr. No” (1962), did she?"
    [tags] = engine.answer(TagRequest((text,), "pos")).results
    words = [text[tag.start : tag.end] for tag in tags]
    assert words[:3] == ["Zoë", "did", "n’t"]
    assert "".join(words) == text.replace(" ", "")
    assert all(0 < tag.score <= 1 for tag in tags)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (ClassifyRequest((), "digits", numbers=([1.0] * 63,)), r"shape \[63\].*64 numbers"),
        (ClassifyRequest((), "vowels", numbers=([[1.0] * 11],)), r"rows of 12 numbers"),
        (ClassifyRequest((), "vowels", numbers=([[1.0] * 12, [1.0]],)), "different lengths"),
        (ClassifyRequest((), "vowels", numbers=([[1e39] * 12],)), "not finite in 32 bits"),
        (ClassifyRequest((), "digits", numbers=([10**400] * 64,)), "not finite in 32 bits"),
        (ClassifyRequest((), "vowels", numbers=([[0.0] * 12] * 401,)), "up to 400: send fewer"),
        (ClassifyRequest(("a",), "digits"), "reads no texts"),
        (
            ClassifyRequest((), "vowels", numbers=SEQUENCES, returns_state=True),
            "`return_state` is for models that read texts",
        ),
        (ClassifyRequest((), "sentiment", numbers=([1.0],)), "reads texts"),
        (GenerateRequest("a", model="digit-names"), "send its 64 numbers as `input`"),
        (GenerateRequest("a", model="shakespeare", numbers=(1.0,)), "send a `prompt`"),
        (
            GenerateRequest("", model="digit-names", numbers=IMAGES[0], returns_state=True),
            "leave out `return_state`",
        ),
        (
            GenerateRequest("", model="digit-names", numbers=IMAGES[0], state="x"),
            "leave out `state`",
        ),
        (TagRequest(("word " * 1001,), "pos"), "1001 words, this model reads up to 1000"),
        (SearchRequest(("word " * 90,), model="en-fr"), "one sentence at a time"),
        (SearchRequest(("a",), 17, model="en-fr"), "from 1 to 16"),
        (TranslateRequest("a", Sampling(max_tokens=10_000), "en-fr"), "max_tokens"),
    ],
)
def test_what_a_model_cannot_take_is_told(engine, request_, words):
    with pytest.raises(InvalidInput, match=words):
        engine.answer(request_)


def test_a_model_of_another_task_is_named_for_what_it_does(engine):
    with pytest.raises(WrongTask, match="translates texts, but was asked to tag"):
        engine.answer(TagRequest(("a",), "en-fr"))


def test_every_model_is_served(engine):
    ready = {status.name for status in engine.models() if status.state == "ready"}
    assert ready == HELD
