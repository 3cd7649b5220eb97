"""Each route's requests to the bare name reach the shadow: the API over the real engine."""

import time

import pytest

from model_store import ServingPlan, Store
from service.api.app import create_app
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from tests.models import publish_classifier, publish_generator

PATIENCE_S = 30
TEXT = {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["a good film", "so bad"]}
PROMPTS = {"name": "text_input", "datatype": "BYTES", "shape": [2], "data": ["To", "be"]}
ROUTES = [
    ("/v1/classify", {"input": ["a good film", "so bad"]}, 2),
    ("/predict", {"inputs": ["a good film", "so bad"]}, 2),
    ("/classify", {"input": ["a good film", "so bad"]}, 2),
    ("/v2/models/sentiment/infer", {"inputs": [TEXT]}, 2),
    ("/v1/generate", {"prompt": "To be", "max_tokens": 3}, 1),
    ("/v1/completions", {"prompt": ["a", "b", "c"], "max_tokens": 3}, 3),
    ("/v2/models/shakespeare/generate", {"text_input": "To be", "max_tokens": 3}, 1),
    ("/v2/models/shakespeare/infer", {"inputs": [PROMPTS], "parameters": {"max_tokens": 3}}, 2),
]


@pytest.fixture(scope="module")
def store_dir(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    for publish, name in ((publish_classifier, "sentiment"), (publish_generator, "shakespeare")):
        publish(root)
        publish(root)
        Store(root).write_serving(name, ServingPlan(default=1, shadow=2))
    return root


@pytest.fixture
def engine(store_dir):
    engine = Engine(EngineOptions(store_dir=store_dir))
    engine.start()
    yield engine
    engine.close()


@pytest.mark.parametrize(("path", "body", "num_answers"), ROUTES, ids=[one[0] for one in ROUTES])
def test_requests_to_the_bare_name_are_copied(engine, settings, path, body, num_answers):
    answer = create_app(engine, settings).test_client().post(path, json=body)
    assert answer.status_code == 200, answer.get_json()
    until = time.monotonic() + PATIENCE_S
    while sum(tally.same for tally in engine.activity().shadows) < num_answers:
        assert time.monotonic() < until, engine.activity().shadows
        time.sleep(0.005)
