"""What of a network's inside cannot be told, is too much, or nobody waits for any more."""

import pytest

from model_store import StoreReader, StoreUnavailable
from service.engine.engine import Engine
from service.engine.gates.inside import Inside
from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.gates import GatesAsk
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import Cancelled, InvalidInput, NotReady
from service.settings import Settings
from tests.models import classifier_config, publish_classifier, publish_generator, word_tokenizer

STORE = Settings().store_dir
HELD = set(StoreReader(STORE).names())
ALL = GatesAsk("all", is_packed=True)
LONG = "One of those rare films that made me laugh, then cry, and then call my mother. " * 40


@pytest.fixture
def start():
    """Starts engines over stores, and closes them."""
    engines = []

    def started(root):
        engines.append(Engine(EngineOptions(store_dir=root)))
        engines[-1].start()
        return engines[-1]

    yield started
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(start, tmp_path):
    publish_classifier(tmp_path, "lstm", num_layers=2)
    publish_generator(tmp_path, "writes-lstm", num_layers=2)
    return start(tmp_path)


def read(engine, model, text, ask=ALL, **changes):
    request = ClassifyRequest((text,), model, explain="gates", gates=ask, **changes)
    return engine.answer(request).results[0]


def refused(engine, ask, text="a good film", model="lstm", **changes):
    with pytest.raises(InvalidInput) as caught:
        read(engine, model, text, ask, **changes)
    return caught.value


@pytest.mark.parametrize(
    ("ask", "param", "words"),
    [
        (GatesAsk((3, 8)), "units", "`units` of this model are 0 to 7, and it has no 8"),
        (GatesAsk((3, 3)), "units", "takes each once"),
        (GatesAsk(layers=(2,)), "layers", "`layers` of this model are 0 to 1"),
    ],
)
def test_units_and_layers_that_are_not_there_are_refused(engine, ask, param, words):
    error = refused(engine, ask)
    assert error.param == param
    assert words in error.message


def test_more_than_may_be_told_is_refused_with_the_remedy(start):
    if "sentiment" not in HELD:
        pytest.skip("this store does not hold it")
    shipped = start(STORE)
    error = refused(shipped, GatesAsk("all"), LONG, "sentiment")
    assert error.param == "units"
    assert "tells up to 262144 numbers as JSON" in error.message
    assert '"encoding_format": "base64"' in error.message
    both = refused(shipped, ALL, LONG, "sentiment")
    assert "tells up to 2097152 numbers in base64" in both.message
    assert read(shipped, "sentiment", LONG, GatesAsk("all", (1,), is_packed=True)).gates


def test_more_tokens_than_a_request_may_read_are_refused(engine):
    sampling = Sampling(max_tokens=410, n=5)
    request = GenerateRequest("a", sampling, "writes-lstm", gates=GatesAsk())
    many = r"up to 2048 tokens in a request, these are 2060: ask for a smaller `n` or fewer"
    with pytest.raises(InvalidInput, match=many):
        engine.answer(request)


def test_a_version_with_its_weights_in_the_graph_alone_says_so(start, tmp_path):
    publish_classifier(tmp_path, has_weights=False)
    error = refused(start(tmp_path), GatesAsk(), model="sentiment")
    assert error.param == "explain"
    assert "has its weights in its graph alone" in error.message


def test_a_version_of_layers_that_are_not_known_says_so():
    config = classifier_config(word_tokenizer())
    inside = Inside.of(config, lambda: b"unread", has_other_layers=True)
    with pytest.raises(InvalidInput, match="made elsewhere, of layers that are not known here"):
        inside.check(GatesAsk(), 1, "")


def test_weights_that_cannot_be_read_now_are_no_fault_of_the_caller():
    def away():
        raise StoreUnavailable("it is away")

    inside = Inside.of(classifier_config(word_tokenizer()), away)
    with pytest.raises(NotReady):
        inside.check(GatesAsk(), 1, "")


def test_what_nobody_waits_for_is_not_told(engine):
    with pytest.raises(Cancelled):
        read(engine, "lstm", "a good film", is_caller_gone=lambda: True)
