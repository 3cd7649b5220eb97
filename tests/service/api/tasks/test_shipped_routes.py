"""The routes of the newer tasks over the shipped models, in this process."""

import json

import numpy as np
import pytest

from model_store import StoreReader
from service.api.app import create_app
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.settings import Settings

BIG = 10**400
TEXTS = ["She reads in Paris.", "Where is the station?"]
ROWS = np.random.default_rng(0).normal(size=(5, 12)).round(2).tolist()


@pytest.fixture(scope="module")
def client():
    settings = Settings()
    engine = Engine(EngineOptions(store_dir=settings.store_dir))
    engine.start()
    yield create_app(engine, settings).test_client()
    engine.close()


def post(client, path, body, status=200):
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json


def outputs(client, model, *tensors):
    found = post(client, f"/v2/models/{model}/infer", {"inputs": list(tensors)})["outputs"]
    return {tensor["name"]: tensor["data"] for tensor in found}


def tensor(name, datatype, values):
    array = np.array(values, object)
    return {"name": name, "datatype": datatype, "shape": array.shape, "data": values}


def test_an_image_may_be_a_list_or_rows(client):
    flat = [[float(place % 17) for place in range(64)]]
    square = [np.reshape(flat[0], (8, 8)).tolist()]
    first, second = (
        post(client, "/v1/classify", {"model": "digits", "input": one})["data"]
        for one in (flat, square)
    )
    assert first == second
    assert sum(first[0]["probs"]) == pytest.approx(1, abs=1e-4)


def test_sequences_are_cut_to_their_lengths_as_tensors(client):
    short = post(client, "/v1/classify", {"model": "vowels", "input": [ROWS[:3]]})["data"][0]
    values, lengths = tensor("values", "FP32", [ROWS]), tensor("lengths", "INT32", [3])
    found = outputs(client, "vowels", values, lengths)
    assert found["probabilities"] == short["probs"]


def test_token_ids_are_labelled_as_their_text(client):
    text = "a tender, funny and beautifully acted film"
    ids = StoreReader(Settings().store_dir).open("sentiment").tokenizer().encode_ids(text)
    [expected] = post(client, "/v1/classify", {"input": text})["data"]
    for given in (ids, [ids], text):
        assert post(client, "/classify", {"input": given, "user": "me"})["data"] == [expected]
    for fields in ({"input": ids, "explain": True}, {"input": [10**6]}):
        post(client, "/classify", fields, 422)
    short = {"input": text, "truncate_prompt_tokens": 3, "explain": True}
    [item] = post(client, "/classify", short)["data"]
    assert (item["num_tokens"], item["truncated"], len(item["trajectory"])) == (3, True, 3)
    pixels = [[0.0] * 64]
    [item] = post(client, "/classify", {"model": "digits", "input": pixels})["data"]
    assert item == post(client, "/v1/classify", {"model": "digits", "input": pixels})["data"][0]


def test_an_image_is_written_about_as_tensor_and_as_input(client):
    image = [0.0] * 64
    body = {"model": "digit-names", "input": image, "temperature": 0}
    [choice] = post(client, "/v1/generate", body)["choices"]
    assert outputs(client, "digit-names", tensor("image", "FP32", [image]))["text_output"] == [
        choice["text"]
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/classify", {"model": "digits", "input": [[BIG] * 64]}, 422, "input"),
        ("/v1/classify", {"model": "vowels", "input": [ROWS[0]]}, 422, "rows of 12 numbers"),
        ("/v1/classify", {"model": "vowels", "input": [ROWS] * 1025}, 422, "1 to 1024"),
        ("/v1/classify", {"model": "vowels", "input": [ROWS], "explain": True}, 422, "explain"),
        ("/v1/generate", {"model": "digit-names", "input": [BIG] * 64}, 422, "input"),
        ("/v1/generate", {"model": "digit-names", "input": [1.0]}, 422, "64 numbers"),
        ("/v1/generate", {"model": "digit-names"}, 422, "`prompt` is missing"),
    ],
)
def test_numbers_that_cannot_be_are_the_callers_fault(client, path, body, status, words):
    assert words in post(client, path, body, status)["error"]["message"]


@pytest.mark.parametrize(
    ("model", "tensors", "words"),
    [
        ("digits", [tensor("values", "FP32", [[BIG] * 64])], "not finite"),
        ("digits", [tensor("values", "FP32", [[1.0] * 63])], "takes [-1, 64]"),
        ("digits", [tensor("text", "BYTES", ["a"])], "takes values (FP32)"),
        ("digit-names", [tensor("image", "FP32", [[BIG] * 64])], "not finite"),
        ("digit-names", [tensor("image", "FP32", [[1.0] * 63])], "takes [-1, 64]"),
        (
            "vowels",
            [tensor("values", "FP32", [ROWS]), tensor("lengths", "INT32", [6])],
            "1 numbers from 1 to 5",
        ),
        (
            "en-fr",
            [tensor("text", "BYTES", ["a"]), tensor("max_tokens", "INT32", [0])],
            "`max_tokens` must be",
        ),
    ],
)
def test_tensors_that_cannot_be_are_the_callers_fault(client, model, tensors, words):
    answer = client.post(f"/v2/models/{model}/infer", json={"inputs": tensors})
    assert answer.status_code in (400, 422), answer.text
    assert words in answer.json["error"]


def test_tags_and_translations_are_the_same_by_every_route(client):
    own = post(client, "/v1/tag", {"input": TEXTS})["data"]
    text = tensor("text", "BYTES", TEXTS)
    labels = [token["label"] for item in own for token in item["tokens"]]
    assert outputs(client, "pos", text)["label"] == labels
    hub = post(client, "/models/pos", {"inputs": TEXTS})
    assert [word["entity"] for words in hub for word in words] == labels
    whole = [item["text"] for item in post(client, "/v1/translate", {"input": TEXTS})["data"]]
    assert outputs(client, "en-fr", text)["translation"] == whole
    hub = post(client, "/models/en-fr", {"inputs": TEXTS})
    assert [item["translation_text"] for item in hub] == whole
    told = post(client, "/v1/translate", {"input": TEXTS, "attention": True})["data"]
    assert [item["text"] for item in told] == whole


@pytest.mark.parametrize("extra", [{}, {"num_beams": 3}])
def test_a_stream_of_translations_joins_to_the_whole(client, extra):
    whole = post(client, "/v1/translate", {"input": TEXTS, **extra})["data"]
    answer = client.post("/v1/translate", json={"input": TEXTS, "stream": True, **extra})
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    joined = ["", ""]
    for line in lines[:-1]:
        [item] = json.loads(line)["data"]
        joined[item["index"]] += item["text"]
    assert joined == [item["text"] for item in whole]


def test_spans_are_grouped_and_labels_limited_for_hugging_face_s_client(client):
    ask = {"inputs": TEXTS[0], "parameters": {"aggregation_strategy": "simple"}}
    groups = post(client, "/models/pos", ask)
    assert [group["word"] for group in groups] == ["She", "reads", "in", "Paris", "."]
    ask = {"inputs": TEXTS[0], "parameters": {"top_k": 1}}
    assert [len(labels) for labels in post(client, "/models/sentiment", ask)] == [1]


def test_labels_are_left_out_as_hugging_face_s_client_wants_it(client):
    tags = {word["entity"] for word in post(client, "/models/pos", {"inputs": TEXTS[0]})}
    assert "PUNCT" in tags
    ask = {"inputs": TEXTS[0], "parameters": {"ignore_labels": ["PUNCT"]}}
    assert {word["entity"] for word in post(client, "/models/pos", ask)} == tags - {"PUNCT"}


def test_unknown_parameters_of_tensors_are_named(client):
    body = {"inputs": [tensor("text", "BYTES", TEXTS[:1])], "parameters": {"new": 1, "top_k": 2}}
    answer = client.post("/v2/models/sentiment/infer", json=body)
    assert answer.headers["X-Ignored-Fields"] == "parameters.new, parameters.top_k"
    prompt = tensor("text_input", "BYTES", ["To be"])
    body = {"inputs": [prompt], "parameters": {"top_k": 2, "max_tokens": 2}}
    answer = client.post("/v2/models/shakespeare/infer", json=body)
    assert "X-Ignored-Fields" not in answer.headers


@pytest.mark.parametrize(
    ("model", "parameters", "status"),
    [
        ("pos", {"aggregation_strategy": "best"}, 422),
        ("sentiment", {"candidate_labels": ["a", "b"]}, 422),
        ("en-fr", {"src_lang": "de"}, 422),
        ("en-fr", {"tgt_lang": "de_DE"}, 422),
        ("sentiment", {"top_k": 0}, 422),
        ("digits", {}, 422),
        ("shakespeare", {"watermark": True}, 422),
        ("digit-names", {}, 422),
        ("nobody", {}, 404),
    ],
)
def test_what_hugging_face_s_client_cannot_have_is_told_its_way(client, model, parameters, status):
    body = {"inputs": TEXTS[0], "parameters": parameters}
    assert post(client, f"/models/{model}", body, status)["error"]


def predict(client, model, instances):
    return post(client, f"/v1/models/{model}:predict", {"instances": instances})["predictions"]


def test_every_kind_of_model_is_asked_by_rows(client):
    image = np.arange(64.0).reshape(8, 8).tolist()
    [own] = post(client, "/v1/classify", {"model": "digits", "input": [image]})["data"]
    assert [row["probabilities"] for row in predict(client, "digits", [image])] == [own["probs"]]
    tagged = post(client, "/v1/tag", {"input": TEXTS})["data"]
    assert [row["label"] for row in predict(client, "pos", TEXTS)] == [
        [token["label"] for token in item["tokens"]] for item in tagged
    ]
    whole = [item["text"] for item in post(client, "/v1/translate", {"input": TEXTS})["data"]]
    assert [row["translation"] for row in predict(client, "en-fr", TEXTS)] == whole
    [caption] = predict(client, "digit-names", [{"image": [0.0] * 64, "temperature": 0}])
    assert caption["text_output"]


def test_sequences_of_different_lengths_are_asked_by_rows(client):
    alone = [predict(client, "vowels", [rows])[0] for rows in (ROWS, ROWS[:3])]
    assert predict(client, "vowels", [ROWS, ROWS[:3]]) == alone


@pytest.mark.parametrize(
    ("model", "instances", "words"),
    [
        ("digits", [[1.0] * 63], "takes [-1, 64]"),
        ("digits", ["a"], "no FP32"),
        ("digits", [[BIG] * 64], "not finite"),
        ("vowels", [ROWS, [[1.0]]], "different lengths"),
        ("vowels", [[[1.0] * 300_000]] + [[[1.0]] * 300_000], "too different lengths"),
    ],
)
def test_rows_of_numbers_that_cannot_be_are_the_callers_fault(client, model, instances, words):
    body = {"instances": instances}
    assert words in post(client, f"/v1/models/{model}:predict", body, 400)["error"]


def test_numbers_are_not_explained(client):
    body = {"instances": [[0.0] * 64]}
    assert "texts" in post(client, "/v1/models/digits:explain", body, 400)["error"]
