"""Shipped generators end where the request says: `min_tokens`, `ignore_eos`, many stop texts."""

import json

import pytest

from service.api.app import create_app
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.settings import Settings

NAMES = {"prompt": "Italian", "seed": 1}
EXTENSION = {"text_input": "Italian", "seed": 1, "details": True}
ALL = [
    ("/v1/generate", NAMES | {"model": "names", "logprobs": 0}),
    ("/v1/completions", NAMES | {"model": "names", "logprobs": 0}),
    ("/v2/models/names/generate", EXTENSION),
]
ROUTES = pytest.mark.parametrize(("path", "fields"), ALL, ids=[path for path, _ in ALL])


@pytest.fixture(scope="module")
def client():
    settings = Settings()
    engine = Engine(EngineOptions(store_dir=settings.store_dir))
    engine.start()
    yield create_app(engine, settings).test_client()
    engine.close()


def written(client, path, **fields):
    """Text, the texts of its tokens, and why it ended."""
    answer = client.post(path, json=fields)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    if "choices" not in body:
        tokens = [one["text"] for one in body["details"]["logprobs"]]
        return body["text_output"], tokens, body["details"]["finish_reason"]
    [choice] = body["choices"]
    listed = choice["logprobs"]
    tokens = [one["text"] for one in listed] if isinstance(listed, list) else listed["tokens"]
    return choice["text"], tokens, choice["finish_reason"]


@ROUTES
def test_without_its_end_an_answer_goes_on_to_its_limit(client, path, fields):
    assert len(written(client, path, **fields, max_tokens=60)[1]) < 60
    text, tokens, reason = written(client, path, **fields, max_tokens=60, ignore_eos=True)
    assert (len(tokens), "".join(tokens), reason) == (60, text, "length")
    assert "<eos>" not in tokens


@ROUTES
def test_neither_the_end_nor_a_stop_text_comes_before_the_fewest_tokens(client, path, fields):
    fields = fields | {"max_tokens": 60, "min_tokens": 20}
    text, tokens, _ = written(client, path, **fields)
    assert len(tokens) > 20
    assert "".join(tokens).removesuffix("<eos>") == text
    stopped, tokens, _ = written(client, path, **fields, stop=list("aeiou"), ignore_eos=True)
    assert len(tokens) > 20
    assert set("aeiou") & set(stopped[:20])


@ROUTES
def test_many_stop_texts_are_taken(client, path, fields):
    stop = ["\nclass", "\ndef", "\n#", "\nif", "\nprint", *(f"~{n}" for n in range(26)), "a"]
    text, _, reason = written(client, path, **fields, max_tokens=60, ignore_eos=True, stop=stop)
    assert "a" not in text
    assert reason in ("stop", "stop_sequence")
    status = client.post(path, json=fields | {"stop": [*stop, "b"]}).status_code
    assert status == (400 if path == "/v1/completions" else 422)


@ROUTES
def test_an_answer_ends_at_its_limit_all_the_same(client, path, fields):
    _, tokens, reason = written(client, path, **fields, max_tokens=5, min_tokens=60)
    assert (len(tokens), reason) == (5, "length")
    status = client.post(path, json=fields | {"min_tokens": 10**6}).status_code
    assert status == (400 if path == "/v1/completions" else 422)


def test_the_settings_may_be_tensors(client):
    tensors = [
        {"name": "text_input", "datatype": "BYTES", "shape": [1], "data": ["Italian"]},
        {"name": "ignore_eos", "datatype": "BOOL", "shape": [1], "data": [True]},
        {"name": "max_tokens", "datatype": "INT32", "shape": [1], "data": [30]},
    ]
    answer = client.post("/v2/models/names/infer", json={"inputs": tensors}).get_json()
    assert len(answer["outputs"][0]["data"][0]) == 30


@pytest.mark.parametrize(
    ("stop", "reason"), [(None, "eos_token"), (["a", "e", "i"], "stop_sequence")]
)
def test_an_end_is_a_token_of_text_generation_inference_s_answers(client, stop, reason):
    own = {"do_sample": True, "seed": 1, "details": True, "stop": stop}
    body = {"inputs": "Italian", "parameters": own}
    [whole] = client.post("/models/names", json=body).get_json()
    streamed = client.post("/models/names", json=body | {"stream": True}).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line[:6] == "data: "]
    tokens = whole["details"]["tokens"]
    assert [event["token"] for event in events] == tokens
    assert events[-1]["generated_text"] == whole["generated_text"]
    assert len(tokens) == whole["details"]["generated_tokens"]
    assert (whole["details"]["finish_reason"], tokens[-1]["text"]) == (reason, "")
    assert [token["special"] for token in tokens[-2:]] == [False, stop is None]
    assert "".join(token["text"] for token in tokens) == whole["generated_text"]
