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
        ("good", {"raw_scores": False, "truncation_direction": "right"}, GOOD),
        ([["good"], ["bad"]], {}, [GOOD, BAD]),
    ],
)
def test_labels_come_best_first_nested_for_hugging_faces_client(client, inputs, fields, wanted):
    answer = predict(client, inputs, **fields)
    assert answer.get_json() == [
        pytest.approx(one) if isinstance(one, dict) else [pytest.approx(label) for label in one]
        for one in wanted
    ]
    PredictBody.model_validate_json(answer.data)


@pytest.mark.parametrize(
    ("direction", "truncation"),
    [("Right", "head"), ("right", "head"), ("Left", "tail"), ("left", "tail"), (None, None)],
)
def test_a_long_text_is_cut_on_the_side_that_is_named(client, engine, direction, truncation):
    assert predict(client, "good", truncation_direction=direction).status_code == 200
    assert engine.requests[0].truncation == truncation


def test_zero_shot_is_refused_with_the_remedy(client):
    """It was answered with the sentiment's own labels, which is a wrong answer."""
    answer = predict(client, "good", parameters={"candidate_labels": ["sports", "politics"]})
    assert answer.status_code == 422
    assert "only its own labels" in answer.get_json()["error"]
    assert "leave it out" in answer.get_json()["error"]


def test_a_long_text_is_cut_unless_that_is_forbidden(client):
    assert predict(client, "good " * 60).status_code == 200
    answer = predict(client, ["good", "good " * 60], truncate=False)
    assert answer.status_code == 413
    assert "text 1 is longer than the 50 tokens" in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"raw_scores": True}, "raw_scores"),
        ({"truncation_direction": "both"}, "truncation_direction"),
        ({"inputs": [["a", "b"]]}, "inputs[0]"),
        ({"inputs": [["a", "b", "c"]]}, "inputs"),
        ({"inputs": [["a"], []]}, "inputs"),
        ({"parameters": {"candidate_labels": ["a", "b"]}}, "parameters.candidate_labels"),
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
    answer = predict(client, "good", new=1, parameters={"top_k": 1, "newer": 2})
    assert answer.headers["X-Ignored-Fields"] == "new, parameters.newer"
