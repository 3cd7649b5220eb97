import pytest

from service.api.tasks.classification.predict import PredictBody
from service.errors import EngineFailure, QueueFull

GOOD = [{"label": "positive", "score": 2 / 3}, {"label": "negative", "score": 1 - 2 / 3}]
BAD = [{"label": "negative", "score": 2 / 3}, {"label": "positive", "score": 1 / 3}]


def predict(client, inputs, **fields):
    return client.post("/predict", json={"inputs": inputs} | fields)


@pytest.mark.parametrize(
    ("inputs", "fields", "wanted"),
    [
        ("good", {}, GOOD),
        (["good"], {}, [GOOD]),
        (["good", "bad"], {}, [GOOD, BAD]),
        ("good", {"parameters": {}}, [GOOD]),
        ("good", {"parameters": {"top_k": 1}}, [GOOD[:1]]),
        ("good", {"model": "sentiment:1", "truncate": True}, GOOD),
        ("good", {"raw_scores": False, "truncation_direction": "Right"}, GOOD),
    ],
)
def test_labels_come_best_first_nested_for_hugging_faces_client(client, inputs, fields, wanted):
    answer = predict(client, inputs, **fields)
    assert answer.get_json() == [
        pytest.approx(one) if isinstance(one, dict) else [pytest.approx(label) for label in one]
        for one in wanted
    ]
    PredictBody.model_validate_json(answer.data)


def test_a_long_text_is_cut_unless_that_is_forbidden(client):
    assert predict(client, "good " * 60).status_code == 200
    answer = predict(client, ["good", "good " * 60], truncate=False)
    assert answer.status_code == 413
    assert "text 1 is longer than the 50 tokens" in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"raw_scores": True}, "raw_scores"),
        ({"truncation_direction": "Left"}, "truncation_direction"),
        ({"parameters": {"function_to_apply": "sigmoid"}}, "function_to_apply"),
        ({"parameters": {"top_k": 0}}, "parameters.top_k"),
        ({"inputs": ""}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": 5}, "inputs"),
        ({"model": "shakespeare"}, "shakespeare"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, fields, name):
    answer = client.post("/predict", json={"inputs": "good"} | fields)
    assert answer.status_code == 422
    assert name in answer.get_json()["error"]
    assert answer.get_json()["error_type"] == "validation"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [(QueueFull("full"), 503, "overloaded"), (EngineFailure("no"), 500, "backend")],
)
def test_failures_have_hugging_faces_shape(client, engine, fault, status, kind):
    engine.fails_with = fault
    answer = predict(client, "good")
    assert (answer.status_code, answer.get_json()["error_type"]) == (status, kind)


def test_unknown_fields_are_ignored_and_named(client):
    assert predict(client, "good", new=1).headers["X-Ignored-Fields"] == "new"
