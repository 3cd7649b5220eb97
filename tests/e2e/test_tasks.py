"""Tagging and translating over HTTP: whole, streamed, by tensors and by Hugging Face's client."""

import json

import pytest
import requests

from tests.task_models import publish_tagger, publish_translator

pytestmark = pytest.mark.e2e
TEXTS = ["She reads in Paris.", "Where is it?"]


@pytest.fixture(scope="module")
def url(live_service, tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    publish_tagger(root)
    publish_tagger(root, "entities", labels=("B-X", "I-X", "O"), scheme="bio", seed=3)
    publish_translator(root)
    return live_service(store_dir=root)


def post(url, path, body, status=200):
    answer = requests.post(url + path, json=body, timeout=30)
    assert answer.status_code == status, answer.text
    return answer


def events(answer):
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_tags_have_the_caller_s_own_words_and_offsets(url):
    body = post(url, "/v1/tag", {"input": TEXTS}).json()
    assert [item["index"] for item in body["data"]] == [0, 1]
    for item, text in zip(body["data"], TEXTS, strict=True):
        for token in item["tokens"]:
            assert token["text"] == text[token["start"] : token["end"]]
    assert body["usage"]["prompt_tokens"] == sum(len(item["tokens"]) for item in body["data"])


def test_spans_of_a_bio_model_never_begin_inside(url):
    [item] = post(url, "/v1/tag", {"model": "entities", "input": "a b " * 20}).json()["data"]
    before = "O"
    for token in item["tokens"]:
        assert not (token["label"] == "I-X" and before == "O")
        before = token["label"]


def test_a_stream_joins_to_the_whole(url):
    whole = post(url, "/v1/translate", {"input": TEXTS}).json()
    pieces = events(post(url, "/v1/translate", {"input": TEXTS, "stream": True}))
    joined = ["", ""]
    for event in pieces:
        [item] = event["data"]
        joined[item["index"]] += item["text"]
    assert joined == [item["text"] for item in whole["data"]]
    assert pieces[-1]["usage"] == whole["usage"]


def test_beams_and_attention_are_told_whole_or_as_events(url):
    ask = {"input": TEXTS, "num_beams": 3, "attention": True, "max_tokens": 9}
    data = post(url, "/v1/translate", ask).json()["data"]
    assert [event["data"][0] for event in events(post(url, "/v1/translate", ask | {"stream": True}))
            ] == data  # fmt: skip
    for item, text in zip(data, TEXTS, strict=True):
        attention = item["attention"]
        assert "".join(piece["text"] for piece in attention["source"]) == text
        assert len(attention["weights"]) == len(attention["target"])
        assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in attention["weights"])


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/v1/tag", {"input": ""}, 422, "input"),
        ("/v1/tag", {"input": [TEXTS[0], " "]}, 422, "input[1]"),
        ("/v1/tag", {"input": "a " * 51}, 422, "input[0]"),
        ("/v1/tag", {"input": "a", "modle": "pos"}, 422, "modle"),
        ("/v1/tag", {"input": "a", "model": "en-fr"}, 422, "model"),
        ("/v1/tag", {"input": "a", "model": "poss"}, 404, "model"),
        ("/v1/translate", {"input": "x" * 65}, 422, "input"),
        ("/v1/translate", {"input": "a", "num_beams": 0}, 422, "num_beams"),
        ("/v1/translate", {"input": "a", "num_beams": 17}, 422, "num_beams"),
        ("/v1/translate", {"input": "a", "max_tokens": 81}, 422, "max_tokens"),
        ("/v1/translate", {"input": "a", "max_tokens": -1}, 422, "max_tokens"),
        ("/v1/translate", {"input": [[1]]}, 422, "input"),
        ("/v1/classify", {"input": [[1]], "model": "pos"}, 422, "model"),
    ],
)
def test_a_mistake_names_its_field(url, path, body, status, param):
    error = post(url, path, body, status).json()["error"]
    assert (error["param"] or "").startswith(param)


def test_tensors_go_in_and_out(url):
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS}
    tagged = post(url, "/v2/models/pos/infer", {"inputs": [tensor]}).json()["outputs"]
    found = {output["name"]: output["data"] for output in tagged}
    assert sum(found["num_tokens"]) == len(found["label"]) == len(found["token"])
    translated = post(url, "/v2/models/en-fr/infer", {"inputs": [tensor]}).json()["outputs"]
    whole = post(url, "/v1/translate", {"input": TEXTS}).json()["data"]
    assert translated[0]["data"] == [item["text"] for item in whole]


def test_hugging_face_s_client_works_unmodified(url):
    hub = pytest.importorskip("huggingface_hub")
    tagger = hub.InferenceClient(model=f"{url}/models/pos")
    own = post(url, "/v1/tag", {"input": TEXTS[0]}).json()["data"][0]["tokens"]
    found = tagger.token_classification(TEXTS[0])
    assert [(one.word, one.entity) for one in found] == [(t["text"], t["label"]) for t in own]
    translator = hub.InferenceClient(model=f"{url}/models/en-fr")
    whole = post(url, "/v1/translate", {"input": TEXTS[0]}).json()["data"][0]["text"]
    assert translator.translation(TEXTS[0]).translation_text == whole


def test_the_models_tell_what_they_are(url):
    models = {m["id"]: m for m in requests.get(f"{url}/v1/models", timeout=30).json()["data"]}
    assert models["en-fr"]["facts"] == {"source_language": "en", "target_language": "fr"}
    assert models["pos"]["classes"] == ["NOUN", "PUNCT", "VERB"]
