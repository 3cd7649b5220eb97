import json

import pytest

from service.api.tasks.classification.responses import ClassifyAnswerBody
from service.engine.requests.classify import ClassifyRequest
from tests.fakes import MAX_WORDS


def classify(client, **fields):
    return client.post("/v1/classify", json=fields)


def test_one_text_gets_its_label_and_probabilities(client):
    answer = classify(client, input="a good film").get_json()
    assert answer["object"] == "list"
    assert (answer["model"], answer["version"]) == ("sentiment", 2)
    [item] = answer["data"]
    assert (item["index"], item["label"], item["num_classes"]) == (0, "positive", 2)
    assert item["probs"] == pytest.approx([1 / 3, 2 / 3])
    assert item["score"] == item["probs"][1]


def test_answers_keep_the_order_of_the_texts(client):
    texts = ["good", "dull", "good great", "bad dull awful"]
    data = classify(client, input=texts).get_json()["data"]
    assert [item["index"] for item in data] == [0, 1, 2, 3]
    assert [item["label"] for item in data] == ["positive", "negative", "positive", "negative"]


def test_usage_counts_the_tokens_of_all_texts(client):
    usage = classify(client, input=["one two", "three"]).get_json()["usage"]
    assert usage == {
        "prompt_tokens": 3,
        "total_tokens": 3,
        "completion_tokens": 0,
        "prompt_tokens_details": None,
    }


def test_a_long_text_is_flagged_as_truncated(client):
    data = classify(client, input=["word " * (MAX_WORDS + 1), "word"]).get_json()["data"]
    assert [item["truncated"] for item in data] == [True, False]


@pytest.mark.parametrize(
    ("explain", "key", "kind"),
    [
        (True, "trajectory", "trajectory"),
        ("trajectory", "trajectory", "trajectory"),
        ("occlusion", "occlusion", "occlusion"),
    ],
)
def test_explain_adds_scores_at_offsets_into_the_callers_text(client, engine, explain, key, kind):
    text = "né 😀 good film"
    [item] = classify(client, input=text, explain=explain).get_json()["data"]
    assert engine.requests[0].explain == kind
    pieces = item[key]
    assert [piece["text"] for piece in pieces] == text.split()
    assert all(text[piece["start"] : piece["end"]] == piece["text"] for piece in pieces)
    assert all(piece["score"] == piece["probs"][1] for piece in pieces)


def test_a_trajectory_ends_with_the_answers_own_probabilities(client):
    [item] = classify(client, input="a good dull good film", explain=True).get_json()["data"]
    assert item["trajectory"][-1]["probs"] == item["probs"]


@pytest.mark.parametrize("explain", [False, None])
def test_nothing_is_explained_unless_asked_for(client, explain):
    fields = {} if explain is None else {"explain": explain}
    [item] = classify(client, input="good", **fields).get_json()["data"]
    assert not {"trajectory", "occlusion"} & item.keys()


def test_the_engine_gets_texts_model_and_deadline(client, engine, settings, records):
    classify(client, input=["a", "b"], model="sentiment:1")
    [asked] = engine.requests
    expected = records[0].started + settings.request_timeout_s
    assert asked == ClassifyRequest(("a", "b"), "sentiment:1", None, expected)


@pytest.mark.parametrize("explain", [False, True, "occlusion"])
def test_answers_are_what_the_schema_says(client, explain):
    answer = classify(client, input=["a good film", "dull"], explain=explain)
    ClassifyAnswerBody.model_validate_json(answer.data)


def test_the_record_tells_who_answered_and_where_the_time_went(client, records):
    classify(client, input=["one two", "three"])
    [record] = records
    assert (record.route, record.status, record.reason) == ("/v1/classify", 200, None)
    assert (record.model, record.version, record.prompt_tokens) == ("sentiment", 2, 3)
    assert (record.queue_s, record.compute_s, record.batch_size) == (0.001, 0.002, 2)
    assert record.duration_s > 0


def test_the_last_of_two_equal_keys_counts(client):
    body = b'{"input": "dull", "input": "good"}'
    answer = client.post("/v1/classify", data=body, content_type="application/json")
    assert answer.get_json()["data"][0]["label"] == "positive"


def test_a_whole_surrogate_pair_is_a_character(client, engine):
    body = json.dumps({"input": "good 😀"}, ensure_ascii=True)
    client.post("/v1/classify", data=body, content_type="application/json")
    assert engine.requests[0].texts == ("good 😀",)


def test_each_row_has_its_state_if_that_was_asked_for(client):
    answer = classify(client, input=["good", "dull"], return_state=True)
    assert [item["state"] for item in answer.get_json()["data"]] == ["good", "dull"]
    assert "state" not in classify(client, input="good").get_json()["data"][0]
    ClassifyAnswerBody.model_validate_json(answer.data)


@pytest.mark.parametrize(
    ("text", "state", "states"),
    [
        ("film", "a good", ("a good",)),
        ("", "a good", ("a good",)),
        (["film", "so dull"], ["a good", None], ("a good", None)),
        (["film", ""], ["a good", "bad"], ("a good", "bad")),
    ],
)
def test_a_state_for_each_text_reaches_the_engine(client, engine, text, state, states):
    answer = classify(client, input=text, state=state)
    assert answer.status_code == 200
    assert engine.requests[0].states == states


@pytest.mark.parametrize(
    ("state", "param"),
    [(5, "state"), ("", "state"), ([], "state"), (["a", 5], "state[1]")],
)
def test_what_is_no_state_is_refused(client, state, param):
    answer = classify(client, input=["a", "b"], state=state)
    assert (answer.status_code, answer.get_json()["error"]["param"]) == (422, param)
