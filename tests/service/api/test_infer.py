"""The Open Inference Protocol's `infer`, over `FakeEngine`."""

import json

import pytest

from service.api.open_inference.response_schemas import InferBody
from service.errors import DeadlineExceeded, EngineFailure, NotReady


def texts(*given, name="text"):
    return {"name": name, "shape": [len(given)], "datatype": "BYTES", "data": list(given)}


def option(name, value, datatype="FP32"):
    return {"name": name, "shape": [1], "datatype": datatype, "data": [value]}


def infer(client, *inputs, model="sentiment", **fields):
    body = {"inputs": list(inputs)} | fields
    return client.post(f"/v2/models/{model}/infer", json=body)


def outputs(answer):
    return {tensor["name"]: tensor for tensor in answer.get_json()["outputs"]}


def refusal(answer, status=400):
    assert answer.status_code == status, answer.get_json()
    assert answer.content_type == "application/json"
    assert list(answer.get_json()) == ["error"]
    return answer.get_json()["error"]


def test_texts_are_classified(client):
    answer = infer(client, texts("good", "dull bad"), id="7").get_json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("sentiment", "2", "7")
    assert answer["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["positive", "negative"]},
        {"name": "score", "datatype": "FP32", "shape": [2], "data": [2 / 3, 0.75]},
        {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": [2, 2],
            "data": [1 - 2 / 3, 2 / 3, 0.75, 0.25],
        },
    ]


@pytest.mark.parametrize(
    ("shape", "data"), [([1, 1], [["good"]]), ([1, 1], ["good"]), ([1], ["good"]), ([], ["good"])]
)
def test_flat_and_nested_data_are_read_alike(client, shape, data):
    tensor = {"name": "text", "shape": shape, "datatype": "BYTES", "data": data}
    assert outputs(infer(client, tensor))["label"]["data"] == ["positive"]


def test_outputs_come_in_the_order_asked_for(client):
    answer = infer(client, texts("good"), outputs=[{"name": "score"}, {"name": "label"}])
    assert [tensor["name"] for tensor in answer.get_json()["outputs"]] == ["score", "label"]


@pytest.mark.parametrize(("k", "shape"), [(1, [2, 1]), (2, [2, 2]), (9, [2, 2])])
def test_the_classification_extension_tells_the_best_classes(client, k, shape):
    wish = {"name": "probabilities", "parameters": {"classification": k}}
    [tensor] = infer(client, texts("good", "bad"), outputs=[wish]).get_json()["outputs"]
    assert (tensor["datatype"], tensor["shape"]) == ("BYTES", shape)
    assert tensor["data"][0] == "0.666667:1:positive"
    assert len(tensor["data"]) == shape[0] * shape[1]


@pytest.mark.parametrize("version", ["1", "2", "stable"])
def test_a_version_is_chosen_by_the_path(client, engine, version):
    answer = infer(client, texts("good"), model=f"sentiment/versions/{version}").get_json()
    assert answer["model_version"] == {"stable": "2"}.get(version, version)
    assert str(engine.requests[0].version) == answer["model_version"]


def test_prompts_are_continued(client, engine):
    given = infer(
        client,
        texts("abc", "xyz", name="text_input"),
        option("max_tokens", 4, "INT32"),
        option("temperature", 0.5),
        option("seed", 1, "INT64"),
        texts("!", "?", name="stop"),
        model="shakespeare",
    )
    assert outputs(given)["text_output"]["data"] == ["bcab", "yzxy"]
    assert outputs(given)["finish_reason"]["data"] == ["length", "length"]
    sampling = engine.requests[0].sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.stop) == (4, 0.5, ("!", "?"))


def test_parameters_of_the_request_say_how_to_draw_too(client, engine):
    fields = {"parameters": {"temperature": 0.25, "max_tokens": 3}}
    infer(client, texts("abc", name="text_input"), model="shakespeare", **fields)
    assert engine.requests[0].sampling.temperature == 0.25


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (texts("a") | {"shape": [2]}, "must have 2 elements by its shape, got 1"),
        (texts("a") | {"shape": [2**31 - 1] * 8}, "up to 8 are allowed"),
        (texts("a") | {"shape": [1] * 9}, "shape"),
        (texts("a") | {"shape": [-1]}, "shape"),
        (texts("a") | {"datatype": "TEXT"}, "datatype"),
        (texts("a") | {"datatype": "FP32", "data": [1.5]}, "takes text (BYTES)"),
        (texts("a") | {"name": "input"}, "takes text (BYTES)"),
        (texts("a") | {"data": [1]}, "no BYTES"),
        (texts("a") | {"data": [["a"], "b"]}, "not evenly"),
        (texts("a") | {"data": None}, "neither"),
        (texts("a") | {"data": [[[[[[[[[["a"]]]]]]]]]]}, "too deeply"),
        (texts(), "holds nothing"),
        (texts(""), "is empty"),
        (texts("good", " "), "`text[1]` has only spaces"),
        (texts("a\0b"), "NUL"),
    ],
    ids=range(15),
)
def test_a_tensor_that_is_not_what_it_says_is_refused(client, tensor, words):
    assert words in refusal(infer(client, tensor))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outputs": [{"name": "nix"}]}, "gives label, score, probabilities"),
        ({"outputs": [{"name": "label", "parameters": {"classification": 1}}]}, "not for 'label'"),
        (
            {"outputs": [{"name": "probabilities", "parameters": {"classification": 0}}]},
            "at least 1",
        ),
        ({"parameters": {"sequence_id": 3}}, "no state is kept"),
        ({"id": 7}, "`id` must be a text"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, fields, words):
    assert words in refusal(infer(client, texts("good"), **fields))


def test_two_tensors_of_a_name_are_refused(client):
    assert "again" in refusal(infer(client, texts("a"), texts("b")))


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([option("temperature", 3.0)], "`temperature` must be a number from 0 to 2, got 3.0"),
        ([option("max_tokens", 1.5)], "`max_tokens`"),
        ([option("max_tokens", 101, "INT32")], "at most 100"),
        ([option("seed", 2**63, "INT64")], "no INT64"),
        ([option("seed", True, "INT64")], "no INT64"),
        ([option("seed", 1, "BOOL")], "no BOOL"),
        ([option("top_p", [0.1, 0.2]) | {"shape": [2], "data": [0.1, 0.2]}], "one element"),
        ([texts("x", name="seed")], "takes"),
    ],
    ids=range(8),
)
def test_an_option_that_cannot_be_is_refused(client, inputs, words):
    answer = infer(client, texts("abc", name="text_input"), *inputs, model="shakespeare")
    assert words in refusal(answer)


def test_json_without_a_content_type_is_read(client):
    body = json.dumps({"inputs": [texts("good")]})
    assert client.post("/v2/models/sentiment/infer", data=body).status_code == 200


@pytest.mark.parametrize("kind", ["application/octet-stream", "Application/Octet-Stream"])
def test_json_that_is_called_bytes_is_read(client, kind):
    """Triton's asyncio client calls every body so, also one without tensors as bytes."""
    body = json.dumps({"inputs": [texts("good")]}, indent=1).encode()
    answer = client.post("/v2/models/sentiment/infer", data=b"\n" + body, content_type=kind)
    assert outputs(answer)["label"]["data"] == ["positive"]


def test_bytes_that_are_no_json_are_no_content_type(client):
    kind = "application/octet-stream"
    answer = client.post("/v2/models/sentiment/infer", data=b"\x01{}", content_type=kind)
    assert "application/json" in refusal(answer, 415)


def test_text_is_no_content_type(client):
    answer = client.post("/v2/models/sentiment/infer", data="{}", content_type="text/plain")
    assert "application/json" in refusal(answer, 415)


@pytest.mark.parametrize("path", ["nix", "sentiment/versions/9", "sentiment/versions/3"])
def test_an_unknown_model_or_version_is_not_found(client, path):
    assert "no model" in refusal(infer(client, texts("a"), model=path), 404)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (NotReady("draining"), 503),
        (EngineFailure("the model failed"), 500),
        (DeadlineExceeded("late"), 504),
        (RuntimeError("no"), 500),
    ],
)
def test_failures_have_the_protocols_shape(client, engine, fault, status):
    engine.fails_with = fault
    refusal(infer(client, texts("good")), status)


def test_the_callers_time_limit_counts_if_it_is_shorter(client, engine, records):
    for timeout_us in (1_000_000, 10**12, 0):
        infer(client, texts("good"), parameters={"timeout": timeout_us})
    patience = [
        request.deadline - record.started
        for request, record in zip(engine.requests, records, strict=True)
    ]
    assert patience == pytest.approx([1, 60, 60])


def test_answers_are_as_documented(client):
    InferBody.model_validate_json(infer(client, texts("good", "bad"), id="x").data)
