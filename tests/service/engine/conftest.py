import threading
from dataclasses import replace

import pytest

from model_store import Store
from model_store.quantize import quantize
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from tests.models import CHARACTERS, byte_tokenizer, publish_classifier, publish_generator
from tests.service.engine.fakes import (
    PATIENCE_S,
    FakeGeneratorGraph,
    Stepper,
    fake_generator,
)


@pytest.fixture(autouse=True)
def leak_detector():
    """Fail a test that leaves an engine thread alive."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread.name for thread in left if thread.name == "generator"] == []


@pytest.fixture
def root(tmp_path):
    """Where a store of the test's own will be."""
    return tmp_path / "store"


@pytest.fixture
def store(root):
    """That store, to write to."""
    return Store(root)


@pytest.fixture(scope="session")
def store_dir(tmp_path_factory):
    """A store with one small model of each kind."""
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root, "sentiment", hidden_size=16)
    publish_classifier(root, "two-layer-gru", cell="gru", num_layers=2)
    publish_classifier(root, "both-ways", bidirectional=True)
    publish_classifier(root, "last", cell="rnn", pooling="last", labels=("x", "y", "z"))
    publish_generator(root, "shakespeare", hidden_size=16, num_layers=2)
    publish_generator(root, "gru", cell="gru", eos_id=None)
    publish_generator(root, "rnn", cell="rnn")
    publish_generator(root, "bytes", tokenizer=byte_tokenizer(), eos_id=None)
    publish_classifier(root, "eight-bit-lstm", num_layers=2, hidden_size=24)
    publish_classifier(root, "eight-bit-both-ways", cell="gru", bidirectional=True)
    publish_generator(root, "eight-bit", num_layers=2)
    publish_generator(root, "eight-bit-gru", cell="gru", tokenizer=byte_tokenizer())
    for name in ("eight-bit-lstm", "eight-bit-both-ways", "eight-bit", "eight-bit-gru"):
        quantize(Store(root), name, 1)
    return root


@pytest.fixture
def options(store_dir):
    return EngineOptions(store_dir=store_dir)


@pytest.fixture
def make_engine(options):
    """Return a function that starts an engine; changes go to its options."""
    engines = []

    def make(**changes):
        engine = Engine(replace(options, **changes))
        engines.append(engine)
        engine.start()
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(make_engine):
    return make_engine()


@pytest.fixture
def stepper():
    return Stepper()


@pytest.fixture
def graph(stepper):
    return FakeGeneratorGraph(len(CHARACTERS) + 4, stepper)


@pytest.fixture
def make_generator(graph, stepper):
    generators = []

    def make(**options):
        generators.append(fake_generator(graph, **options))
        return generators[-1]

    yield make
    stepper.free()
    for generator in generators:
        generator.close(PATIENCE_S)
