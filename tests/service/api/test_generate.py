import json

import pytest

from service.api.app import create_app
from service.api.tasks.generation.responses import GenerateAnswerBody
from service.engine.requests.generate import GenerateRequest, Sampling
from service.errors import (
    DeadlineExceeded,
    EngineFailure,
    InvalidInput,
    QueueFull,
    StateMismatch,
)
from tests.fakes import FakeEngine


def generate(client, **fields):
    return client.post("/v1/generate", json={"prompt": "hello", **fields})


def stream(client, **fields):
    """The events of a stream: decoded objects, and "[DONE]" or comments as they are."""
    answer = generate(client, stream=True, **fields)
    lines = answer.get_data(as_text=True).split("\n\n")
    answer.close()  # as every server does
    assert lines.pop() == ""
    return [json.loads(line[6:]) if line.startswith("data: {") else line for line in lines]


def test_a_prompt_is_continued(client):
    answer = generate(client, max_tokens=4, seed=1).get_json()
    assert (answer["object"], answer["model"], answer["version"]) == (
        "generation",
        "shakespeare",
        1,
    )
    assert answer["choices"] == [{"index": 0, "text": "ello", "finish_reason": "length", "seed": 1}]
    assert answer["usage"]["completion_tokens"] == 4
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + 4


def test_the_time_to_the_first_token_is_that_which_the_engine_took(settings, records):
    engine = FakeEngine(pause_s=0.02, is_slow=True)
    client = create_app(engine, settings, observers=[records.append]).test_client()
    stream(client, max_tokens=3)
    [record] = records
    assert 0.02 <= record.first_token_s <= record.duration_s - 2 * 0.02


def test_all_sampling_fields_reach_the_engine(client, engine, records, settings):
    generate(
        client,
        model="shakespeare:1",
        max_tokens=5,
        min_tokens=3,
        ignore_eos=True,
        temperature=0.5,
        top_k=3,
        top_p=0.9,
        min_p=0.1,
        repetition_penalty=1.2,
        stop=["x", "yz"],
        seed=9,
        n=2,
        logprobs=3,
    )
    sampling = Sampling(
        max_tokens=5,
        min_tokens=3,
        ignore_eos=True,
        temperature=0.5,
        top_k=3,
        top_p=0.9,
        min_p=0.1,
        repetition_penalty=1.2,
        stop=("x", "yz"),
        seed=9,
        n=2,
        logprobs=3,
    )
    deadline = records[0].started + settings.request_timeout_s
    assert engine.requests == [
        GenerateRequest("hello", sampling, "shakespeare:1", deadline=deadline)
    ]


def test_what_is_left_out_or_null_takes_the_models_default(client, engine):
    generate(client, temperature=None, stop=None)
    assert engine.requests[0].sampling == Sampling()


def test_one_stop_text_needs_no_list(client, engine):
    generate(client, stop="end")
    assert engine.requests[0].sampling.stop == ("end",)


def test_an_empty_prompt_is_fine(client):
    assert client.post("/v1/generate", json={"prompt": ""}).status_code == 200


@pytest.mark.parametrize("n", [1, 3])
def test_a_streams_pieces_joined_are_the_whole_answer(client, n):
    whole = generate(client, n=n, seed=4).get_json()
    texts = [""] * n
    for event in stream(client, n=n, seed=4)[:-1]:
        for choice in event["choices"]:
            texts[choice["index"]] += choice["text"]
            assert choice["seed"] == whole["choices"][choice["index"]]["seed"]
    assert texts == [choice["text"] for choice in whole["choices"]]


def test_a_stream_ends_with_reason_usage_and_done(client):
    *events, done = stream(client, max_tokens=3)
    assert done == "data: [DONE]"
    reasons = [event["choices"][0]["finish_reason"] for event in events]
    assert reasons == [None] * (len(events) - 1) + ["length"]
    assert [event for event in events if "usage" in event] == [events[-1]]
    usage = generate(client, max_tokens=3).get_json()["usage"]
    assert events[-1]["usage"] == usage
    counts = [event["choices"][0]["num_tokens"] for event in events]
    assert sum(counts) == usage["completion_tokens"]


def test_a_streams_headers_keep_caches_and_proxies_from_holding_it_back(client):
    answer = generate(client, stream=True)
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("fields", [{}, {"logprobs": 2, "n": 2}])
def test_answers_and_events_are_what_the_schema_says(client, fields):
    GenerateAnswerBody.model_validate_json(generate(client, **fields).data)
    for event in stream(client, **fields)[:-1]:
        GenerateAnswerBody.model_validate_json(json.dumps(event))


def test_logprobs_come_with_their_candidates(client):
    [choice] = generate(client, max_tokens=1, seed=0, logprobs=1).get_json()["choices"]
    assert choice["logprobs"] == [
        {
            "token_id": 104,
            "text": "h",
            "logprob": -0.5,
            "special": False,
            "top": [{"text": "h", "logprob": -0.5}],
        }
    ]


def test_a_whole_answer_frees_its_generation(client, engine):
    generate(client)
    assert engine.generations[0].is_cancelled


def test_a_record_tells_tokens_and_times(client, records):
    generate(client, max_tokens=5)
    stream(client, max_tokens=5)
    for record in records:
        assert (record.model, record.version, record.completion_tokens) == ("shakespeare", 1, 5)
        assert (record.queue_s, record.compute_s) == (0.003, 0.004)
    assert len(records) == 2


class TestSlowStream:
    @pytest.fixture
    def engine(self):
        return FakeEngine(is_slow=True)

    def test_silence_is_filled_with_comments(self, client):
        events = stream(client, max_tokens=2)
        assert events[0] == ": still here"
        assert events[1]["choices"][0]["text"]

    def test_a_client_that_leaves_cancels_and_is_noted_once(self, client, engine, records):
        answer = generate(client, stream=True)
        next(answer.iter_encoded())
        assert not engine.generations[0].is_cancelled
        answer.close()
        assert engine.generations[0].is_cancelled
        assert [record.status for record in records] == [200]

    def test_a_client_that_left_before_the_first_byte_cancels(self, client, engine):
        generate(client, stream=True).close()
        assert engine.generations[0].is_cancelled


class TestFailureMidway:
    @pytest.fixture
    def engine(self):
        return FakeEngine(fails_midway=DeadlineExceeded("it took too long"))

    def test_of_a_stream_is_its_last_event(self, client, engine, records):
        *pieces, last = stream(client)
        assert len(pieces) == 2
        assert last["error"] == {
            "message": "it took too long",
            "type": "server_error",
            "param": None,
            "code": "deadline_exceeded",
        }
        assert engine.generations[0].is_cancelled
        told = [(record.status, record.reason, record.error_status) for record in records]
        assert told == [(200, "deadline_exceeded", 504)]

    def test_of_a_whole_answer_is_a_status(self, client, engine):
        assert generate(client).status_code == 504
        assert engine.generations[0].is_cancelled

    @pytest.mark.parametrize("fault", [EngineFailure("the model failed"), ZeroDivisionError("no")])
    def test_that_is_our_fault_tells_no_internals(self, client, engine, fault):
        engine.fails_midway = fault
        error = stream(client)[-1]["error"]
        assert error["type"] == "server_error"
        assert "no" not in error["message"].split()


def test_a_failure_before_the_first_piece_has_a_status(client, engine):
    engine.fails_with = QueueFull("12 are waiting already", retry_after_s=2.2)
    answer = generate(client, stream=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert answer.get_json()["error"]["code"] == "queue_full"


def test_each_choice_has_its_state_if_that_was_asked_for(client):
    choices = generate(client, max_tokens=3, n=2, seed=0, return_state=True).get_json()["choices"]
    assert [choice["state"] for choice in choices] == ["hellohel", "helloell"]
    assert "state" not in generate(client).get_json()["choices"][0]


def test_a_state_and_what_follows_it_reach_the_engine(client, engine):
    answer = client.post("/v1/generate", json={"state": "hello", "max_tokens": 2, "seed": 3})
    generate(client, state="oh ")
    assert answer.get_json()["choices"][0]["text"] == "lo"
    assert [(one.prompt, one.state) for one in engine.requests] == [("", "hello"), ("hello", "oh ")]


def test_a_stream_has_the_state_in_the_last_event_of_each_choice(client):
    *events, _ = stream(client, max_tokens=3, n=2, seed=0, return_state=True)
    choices = [choice for event in events for choice in event["choices"]]
    assert {choice["index"]: choice["state"] for choice in choices if "state" in choice} == {
        0: "hellohel",
        1: "helloell",
    }
    assert all(("state" in one) == (one["finish_reason"] is not None) for one in choices)
    for event in events:
        GenerateAnswerBody.model_validate_json(json.dumps(event))


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (StateMismatch("of another version", param="state"), 409, "state_mismatch"),
        (InvalidInput("changed", param="state"), 422, "invalid_value"),
    ],
)
def test_a_state_that_cannot_be_gone_on_from_is_the_callers_fault(
    client, engine, fault, status, code
):
    engine.fails_with = fault
    answer = generate(client, state="x")
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, "state")


def test_conflicts_of_states_are_documented_where_states_are_taken(client):
    paths = client.get("/openapi.json").get_json()["paths"]
    listed = {
        path
        for path, one in paths.items()
        if "409" in one.get("post", {"responses": ()})["responses"]
    }
    assert listed == {"/v1/generate", "/v1/classify", "/classify"}
