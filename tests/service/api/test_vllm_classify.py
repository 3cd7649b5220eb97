"""`/classify` takes what vLLM's does."""

import pytest

from service.api.tasks.classification.responses import ClassifyAnswerBody


def classify(client, **fields):
    return client.post("/classify", json={"input": "good film"} | fields)


def asked(client, engine, **fields):
    """What the engine was asked."""
    answer = classify(client, **fields)
    assert answer.status_code == 200, answer.text
    ClassifyAnswerBody.model_validate_json(answer.data)
    return engine.requests[-1]


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ([5, 6.0], ((5, 6),)),
        ([[5, 6], [7]], ((5, 6), (7,))),
        ("good", ("good",)),
        (["good", "bad"], ("good", "bad")),
    ],
)
def test_texts_may_be_token_ids(client, engine, given, texts):
    assert asked(client, engine, input=given).texts == texts


@pytest.mark.parametrize(
    ("fields", "most", "truncation"),
    [
        ({}, None, None),
        ({"truncate_prompt_tokens": -1}, None, None),
        ({"truncate_prompt_tokens": 3.0}, 3, None),
        ({"truncate_prompt_tokens": 3, "truncation_side": "left"}, 3, "tail"),
        ({"truncation_side": "right"}, None, "head"),
    ],
)
def test_a_text_is_cut_as_asked(client, engine, fields, most, truncation):
    request = asked(client, engine, **fields)
    assert (request.max_text_tokens, request.truncation) == (most, truncation)


def test_unknown_fields_are_ignored_and_named(client):
    assert classify(client, new=1).headers["X-Ignored-Fields"] == "new"
    assert client.post("/v1/classify", json={"input": "good", "new": 1}).status_code == 422


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"truncate_prompt_tokens": 0}, "truncate_prompt_tokens"),
        ({"truncate_prompt_tokens": -2}, "truncate_prompt_tokens"),
        ({"truncate_prompt_tokens": 2.5}, "truncate_prompt_tokens"),
        ({"input": [1.5]}, "input"),
        ({"input": [[1.5, 2]]}, "input"),
        ({"input": [[1, 2]] * 9}, "input"),
        ({"input": []}, "input"),
        ({"input": [-1]}, "input"),
        ({"input": [True]}, "input"),
        ({"input": ["good", 1]}, "input"),
        ({"use_activation": False}, "use_activation"),
        ({"messages": []}, "messages"),
        ({"priority": 1}, "priority"),
        ({"truncation_side": "middle"}, "truncation_side"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, fields, param):
    answer = classify(client, **fields)
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["param"].startswith(param)
    assert param in error["message"]


def test_the_native_route_cuts_as_well(client, engine):
    fields = {"input": "a good film", "truncate_prompt_tokens": 2}
    [item] = client.post("/v1/classify", json=fields).get_json()["data"]
    assert (item["num_tokens"], item["truncated"]) == (2, True)


@pytest.mark.parametrize(
    ("given", "state", "states"),
    [("", "good", ("good",)), ([[5], [6]], [None, "bad"], (None, "bad")), ([5], None, ())],
    ids=["nothing-more", "ids", "begins"],
)
def test_states_are_taken_and_given_as_on_the_native_route(client, engine, given, state, states):
    request = asked(client, engine, input=given, state=state, return_state=True)
    assert (request.states, request.returns_state) == (states, True)


def test_an_empty_text_goes_on_only_from_a_state(client):
    [item] = classify(client, input="", state="good", return_state=True).get_json()["data"]
    assert (item["label"], item["state"]) == ("positive", "good")
    assert classify(client, input="").get_json()["error"]["param"] == "input"
