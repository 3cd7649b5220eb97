"""The Open Inference Protocol's metadata, generation, statistics and repository."""

import json
from dataclasses import replace

import pytest

from service.api.app import create_app
from service.api.open_inference.statistics import ModelStatistics
from service.api.tasks.generation.extension_schemas import GenerateParameters, TextBody
from service.errors import EngineFailure, QueueFull
from service.observability.model_counts import ModelCounts
from service.observability.request_record import RequestRecord
from tests.fakes import STATUSES


def get(client, path):
    answer = client.get(f"/v2{path}")
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def generate(client, path="generate", model="shakespeare", **fields):
    body = {"text_input": "hello"} | fields
    return client.post(f"/v2/models/{model}/{path}", json=body)


def events(client, **fields):
    answer = generate(client, "generate_stream", **fields)
    assert answer.content_type.startswith("text/event-stream")
    lines = answer.get_data(as_text=True).split("\n\n")
    answer.close()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]


def test_the_server_tells_its_name_and_extensions(client):
    assert set(get(client, "")["extensions"]) >= {"binary_tensor_data", "classification"}
    assert get(client, "/") == get(client, "")


def test_health_has_both_keys(client):
    assert get(client, "/health/live") == {"live": True}
    assert get(client, "/health/ready") == {"ready": True, "live": True}


def test_a_draining_worker_is_alive_but_not_ready(client, engine):
    engine.drain()
    answer = client.get("/v2/health/ready")
    assert (answer.status_code, answer.get_json()["ready"]) == (503, False)
    assert answer.get_json()["error"] == "the worker is draining"
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2/models/sentiment/ready").status_code == 503


def test_names_are_listed(client):
    assert get(client, "/models") == {"models": ["names", "sentiment", "shakespeare"]}


def test_a_classifiers_metadata(client):
    assert get(client, "/models/sentiment") == {
        "name": "sentiment",
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "score", "datatype": "FP32", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
        ],
    }


def test_a_generators_options_are_listed_as_optional(client):
    inputs = get(client, "/models/shakespeare/config")["input"]
    assert [one["name"] for one in inputs if not one["optional"]] == ["text_input"]
    options = {one["name"] for one in inputs if one["optional"]}
    assert options == set(GenerateParameters.model_fields) - {"details"}


def test_a_configuration_tells_labels_and_limits(client):
    config = get(client, "/models/sentiment/versions/1/config")
    assert config["parameters"]["labels"] == {"string_value": "negative,positive"}
    assert config["parameters"]["version"] == {"string_value": "1"}
    assert config["output"][2] == {
        "name": "probabilities",
        "data_type": "TYPE_FP32",
        "dims": [-1, 2],
        "optional": False,
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("sentiment", 200),
        ("sentiment/versions/1", 200),
        ("sentiment/versions/3", 503),
        ("sentiment/versions/4", 404),
        ("nix", 404),
    ],
)
def test_a_model_is_ready_refused_or_unknown(client, path, status):
    answer = client.get(f"/v2/models/{path}/ready")
    assert answer.status_code == status
    if status == 503:
        assert "golden.json" in answer.get_json()["error"]


@pytest.mark.parametrize(("body", "num"), [(b"", 5), (b"{}", 5), (b'{"ready": true}', 4)])
def test_the_repository_lists_versions(client, body, num):
    listed = client.post("/v2/repository/index", data=body).get_json()
    assert len(listed) == num
    assert listed[1] == {"name": "sentiment", "version": "2", "state": "READY", "reason": ""}
    assert ("UNAVAILABLE" in {item["state"] for item in listed}) == (num == 5)


@pytest.mark.parametrize("what", ["load", "unload"])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_loading_is_refused_and_the_way_told(client, what, body):
    answer = client.post(f"/v2/repository/models/sentiment/{what}", data=body)
    assert answer.status_code == 403
    assert "python -m model_store promote" in answer.get_json()["error"]
    assert "serving.json" in answer.get_json()["error"]


def test_a_text_is_continued(client, engine):
    answer = generate(client, id="5", parameters={"seed": 1, "max_tokens": 4}).get_json()
    assert answer == {
        "id": "5",
        "model_name": "shakespeare",
        "model_version": "1",
        "text_output": "ello",
    }
    TextBody.model_validate(answer)


def test_20_tokens_are_written_if_nothing_is_said(client, engine):
    generate(client)
    assert engine.requests[0].sampling.max_tokens == 20


def test_parameters_may_stand_at_the_top_as_triton_has_them(client, engine):
    generate(client, temperature=0.3, max_tokens=7, parameters={"max_tokens": 5, "top_p": 0})
    sampling = engine.requests[0].sampling
    assert (sampling.temperature, sampling.max_tokens) == (0.3, 5)
    assert 0 < sampling.top_p < 1e-300


def test_details_tell_tokens_and_why_it_ended(client):
    answer = generate(client, parameters={"details": True, "max_tokens": 1, "seed": 0}).get_json()
    assert answer["details"] == {
        "finish_reason": "length",
        "logprobs": [{"id": 104, "text": "h", "logprob": -0.5, "special": False}],
    }


@pytest.mark.parametrize("details", [True, False])
def test_a_stream_joins_to_the_whole_text(client, details):
    parameters = {"seed": 2, "max_tokens": 6, "details": details}
    whole = generate(client, parameters=parameters).get_json()["text_output"]
    pieces = events(client, parameters=parameters)
    assert "".join(piece["text_output"] for piece in pieces) == whole
    for piece in pieces:
        TextBody.model_validate(piece)
    if details:
        assert pieces[-1]["details"]["finish_reason"] == "length"
        assert pieces[0]["details"]["token"]["id"] == ord("l")


@pytest.mark.parametrize(
    ("fault", "status"), [(QueueFull("full"), 429), (EngineFailure("no"), 424), (OSError(), 500)]
)
@pytest.mark.parametrize("path", ["generate", "generate_stream"])
def test_generation_fails_as_its_specification_says(client, engine, path, fault, status):
    engine.fails_with = fault
    answer = generate(client, path)
    assert answer.status_code == status
    assert list(answer.get_json()) == ["error"]


def test_after_the_first_piece_a_failure_is_an_event(client, engine):
    engine.fails_midway = EngineFailure("the model failed")
    assert events(client)[-1] == {"error": "the model failed"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text_input": 5}, "`text_input` must be a text"),
        ({"parameters": {"max_tokens": 0}}, "`parameters.max_tokens`"),
        ({"max_tokens": 101}, "at most 100"),
    ],
)
def test_what_cannot_be_is_a_validation_error(client, fields, words):
    answer = generate(client, **fields)
    assert answer.status_code == 422
    assert words in answer.get_json()["error"]


def test_a_classifier_has_no_route_that_generates(client):
    answer = generate(client, model="sentiment")
    assert answer.status_code == 404
    assert "does text-classification" in answer.get_json()["error"]


def test_statistics_count_what_was_answered(client):
    for text in ("good", "bad"):
        client.post("/v1/classify", json={"input": [text, text]})
    [stats] = get(client, "/models/sentiment/versions/2/stats")["model_stats"]
    ModelStatistics.model_validate(stats)
    assert (stats["inference_count"], stats["execution_count"]) == (4, 2)
    assert stats["inference_stats"]["success"]["count"] == 2
    assert stats["inference_stats"]["compute_infer"] == {"count": 2, "ns": 4_000_000}
    assert stats["batch_stats"][0]["batch_size"] == 2


def test_statistics_are_of_a_version_a_model_or_all(client):
    def listed(path):
        return [(one["name"], one["version"]) for one in get(client, path)["model_stats"]]

    assert listed("/models/sentiment/versions/1/stats") == [("sentiment", "1")]
    assert listed("/models/sentiment/stats") == [("sentiment", "1"), ("sentiment", "2")]
    assert len(listed("/models/stats")) == 4
    assert client.get("/v2/models/nix/stats").status_code == 404


def test_failures_are_counted_apart_and_unknown_models_not_at_all(client, engine):
    engine.fails_with = EngineFailure("no")
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}
    client.post("/v2/models/sentiment/infer", json={"inputs": [tensor]})
    client.post("/v2/models/nix/infer", json={"inputs": [tensor]})
    [_, stats] = get(client, "/models/sentiment/stats")["model_stats"]
    assert stats["inference_stats"]["fail"]["count"] == 1
    assert stats["inference_stats"]["success"]["count"] == 0


def test_every_part_of_computing_is_counted_as_often_as_the_others(client):
    """Triton's perf_analyzer ends only once they are: input and output once counted 0."""
    client.post("/v1/classify", json={"input": "good"})
    client.post("/v1/generate", json={"prompt": "a", "max_tokens": 3, "stream": True}).close()
    for model in ("sentiment/versions/2", "shakespeare"):
        [stats] = get(client, f"/models/{model}/stats")["model_stats"]
        for shown in (stats["inference_stats"], *stats["batch_stats"]):
            parts = [shown[f"compute_{part}"] for part in ("input", "infer", "output")]
            assert [part["count"] for part in parts] == [1, 1, 1]
            assert all(part["ns"] >= 0 for part in parts)


def test_requests_that_share_a_batch_count_as_parts_of_one(engine, settings):
    counts = ModelCounts(wall_clock=lambda: 12.5)
    record = RequestRecord("id", "POST", "/v1/classify", 0.0, 200)
    record.model, record.version, record.batch_size, record.num_rows = "sentiment", 2, 8, 2
    counts([record] * 4)
    client = create_app(engine, settings, read_counts=counts.read).test_client()
    [told] = get(client, "/models/sentiment/versions/2/stats")["model_stats"]
    assert (told["inference_count"], told["execution_count"]) == (8, 1)
    assert told["last_inference"] == 12_500


def test_a_model_none_of_whose_versions_answers_is_not_ready(client, engine):
    refused = [one for one in STATUSES if one.state == "refused"]
    engine.models = lambda: refused
    answer = client.get("/v2/models/sentiment/ready")
    assert (answer.status_code, "golden.json" in answer.get_data(as_text=True)) == (503, True)
    engine.models = lambda: STATUSES
    assert client.get("/v2/models/sentiment/ready").status_code == 200


def test_a_shadow_is_not_told_as_one_that_answers(client, engine):
    engine.models = lambda: [replace(STATUSES[0], is_shadow=True), STATUSES[1]]
    assert get(client, "/models/sentiment")["versions"] == ["2"]
    states = client.post("/v2/repository/index").get_json()
    assert [(one["state"], one["reason"]) for one in states] == [
        ("UNAVAILABLE", "a shadow"),
        ("READY", ""),
    ]
    assert len(client.post("/v2/repository/index", json={"ready": True}).get_json()) == 1
