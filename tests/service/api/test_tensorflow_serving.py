"""KServe's protocol v1 and TensorFlow Serving's: rows, columns, explanations, status, metadata."""

import base64

import pytest

from service.api.models import ModelPageBody
from service.api.tensorflow_serving import schemas

PREDICT = "/v1/models/sentiment:predict"


def post(client, path, body, status=200):
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    return answer.json


def refusal(client, path, body, status=400):
    answer = post(client, path, body, status)
    assert list(answer) == ["error"]
    return answer["error"]


@pytest.mark.parametrize(
    "instances",
    [
        ["good", "dull"],
        [["good"], ["dull"]],
        [{"text": "good"}, {"text": "dull"}],
        [{"b64": base64.b64encode(text).decode()} for text in (b"good", b"dull")],
    ],
    ids=["texts", "lists", "objects", "packed"],
)
def test_rows_are_answered_in_rows(client, instances):
    answer = post(client, PREDICT, {"instances": instances})
    assert [row["label"] for row in answer["predictions"]] == ["positive", "negative"]
    assert answer["predictions"][0]["probabilities"] == pytest.approx([1 / 3, 2 / 3])
    schemas.PredictionsBody.model_validate(answer)


@pytest.mark.parametrize("inputs", [["good", "dull"], {"text": ["good", "dull"]}])
def test_columns_are_answered_in_columns(client, inputs):
    outputs = post(client, PREDICT, {"inputs": inputs})["outputs"]
    assert outputs["label"] == ["positive", "negative"]
    assert [len(row) for row in outputs["probabilities"]] == [2, 2]


@pytest.mark.parametrize(
    ("place", "version"), [("", 2), ("/versions/1", 1), ("/labels/stable", 2), (":1", 1)]
)
def test_a_version_and_a_label_stand_in_the_path(client, engine, place, version):
    post(client, f"/v1/models/sentiment{place}:predict", {"instances": ["good"]})
    assert engine.requests[-1].version == version


def test_a_generator_writes_for_each_row_with_the_request_s_own_parameters(client):
    path, parameters = "/v1/models/shakespeare:predict", {"max_tokens": 3, "seed": 0}
    answer = post(client, path, {"instances": ["abc", "xyz"], "parameters": parameters})
    assert [row["text_output"] for row in answer["predictions"]] == ["abc", "xyz"]
    rows = [{"text_input": text, "max_tokens": 3, "seed": 0} for text in ("abc", "xyz")]
    assert post(client, path, {"instances": rows}) == answer


def test_examples_are_classified_by_every_label(client):
    body = {"examples": [{"text": ["good"]}, {"text": ["dull"]}], "signature_name": ""}
    answer = post(client, "/v1/models/sentiment:classify", body)
    schemas.ClassifyResultBody.model_validate(answer)
    [good, dull] = answer["result"]
    assert [label for label, _ in good] == ["negative", "positive"]
    assert good[1][1] == pytest.approx(2 / 3)
    assert dull[0][1] == pytest.approx(2 / 3)
    shared = {"examples": [{}], "context": {"text": "good"}}
    assert post(client, "/v1/models/sentiment:classify", shared)["result"] == [good]


@pytest.mark.parametrize(
    ("model", "verb", "unread"),
    [
        ("sentiment", "predict", ["brand_new", "explain", "max_tokens"]),
        ("sentiment", "explain", ["brand_new", "max_tokens"]),
        ("shakespeare", "predict", ["brand_new", "explain"]),
    ],
)
def test_parameters_that_are_not_read_are_named(client, model, verb, unread):
    parameters = {"explain": "occlusion", "max_tokens": 3, "brand_new": 1}
    body = {"instances": ["good"], "parameters": parameters}
    answer = client.post(f"/v1/models/{model}:{verb}", json=body)
    assert answer.status_code == 200, answer.text
    named = answer.headers["X-Ignored-Fields"].split(", ")
    assert sorted(named) == [f"parameters.{name}" for name in unread]


@pytest.mark.parametrize("way", ["occlusion", "trajectory"])
def test_explanations_are_those_of_classify(client, way):
    own = client.post("/v1/classify", json={"input": "a good film", "explain": way}).json
    body = {"instances": ["a good film"], "parameters": {"explain": way}}
    answer = post(client, "/v1/models/sentiment:explain", body)
    assert answer["explanations"] == [own["data"][0][way]]
    assert answer["predictions"][0]["label"] == "positive"


def test_one_page_of_a_model_is_for_three_protocols(client, engine):
    page = client.get("/v1/models/sentiment").json
    ModelPageBody.model_validate(page)
    assert (page["object"], page["ready"]) == ("model", True)
    states = {one["version"]: one["state"] for one in page["model_version_status"]}
    assert states == {"1": "AVAILABLE", "2": "AVAILABLE", "3": "END"}
    [one] = client.get("/v1/models/sentiment/versions/3").json["model_version_status"]
    assert one["status"]["error_message"] == "golden.json: answers differ"
    assert client.get("/v1/models/sentiment/labels/stable").json["version"] == 2
    assert client.get("/v1/models").json["models"] == ["names", "sentiment", "shakespeare"]
    engine.drain()
    assert client.get("/v1/models/sentiment").json["ready"] is False


def test_metadata_names_the_inputs_and_outputs(client):
    body = client.get("/v1/models/sentiment/versions/1/metadata").json
    schemas.ModelMetadataBody.model_validate(body)
    assert body["model_spec"] == {"name": "sentiment", "signature_name": "", "version": "1"}
    signature = body["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["text"]["dtype"] == "DT_STRING"
    shape = signature["outputs"]["probabilities"]["tensor_shape"]
    assert [dim["size"] for dim in shape["dim"]] == ["-1", "2"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either `instances` or `inputs`"),
        ({"instances": ["a"], "inputs": ["a"]}, "either `instances` or `inputs`"),
        ({"instances": []}, "send 1 to 8"),
        ({"instances": ["good"] * 9}, "send 1 to 8"),
        ({"inputs": ["good"] * 9}, "send 1 to 8"),
        ({"inputs": []}, "send 1 to 8"),
        ({"instances": [[]]}, "one text in each row"),
        ({"instances": [["a", "b"]]}, "one text in each row"),
        ({"instances": [5]}, "no BYTES"),
        ({"instances": [["a"], "b"]}, "not evenly"),
        ({"instances": [["a"], ["b", "c"]]}, "different lengths"),
        ({"instances": [{"txt": "a"}]}, "'txt'; the model takes text (BYTES)"),
        ({"instances": [{"text": "a"}, {}]}, "no 'text'"),
        ({"instances": [{"b64": "?"}]}, "base64"),
        ({"instances": ["  "]}, "only spaces"),
        ({"instances": ["a"], "signature_name": "other"}, "signature_name"),
        ({"instances": "a"}, "must be a list"),
    ],
)
def test_what_cannot_be_is_refused_in_the_protocol_s_shape(client, body, words):
    assert words in refusal(client, PREDICT, body)


def test_a_call_takes_no_other_method(client):
    """Else the page of a model named `sentiment:predict` would be meant."""
    answer = client.get(PREDICT)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("name", ["nix", "sentiment:9"])
@pytest.mark.parametrize("verb", [":predict", ":classify", ":explain"])
def test_a_model_that_there_is_not_is_404(client, name, verb):
    body = {"instances": ["a"], "examples": [{"text": "a"}]}
    assert "no model" in refusal(client, f"/v1/models/{name}{verb}", body, 404)


@pytest.mark.parametrize(
    ("verb", "body"),
    [(":classify", {"examples": [{"text_input": "a"}]}), (":explain", {"instances": ["a"]})],
)
def test_a_generator_neither_classifies_nor_explains(client, verb, body):
    assert ":predict" in refusal(client, f"/v1/models/shakespeare{verb}", body)


def test_options_must_be_the_same_in_all_rows(client):
    rows = [{"text_input": "a", "max_tokens": number} for number in (1, 2)]
    words = refusal(client, "/v1/models/shakespeare:predict", {"instances": rows})
    assert "different values for max_tokens" in words
