import json

import pytest

from service.api.tasks.generation.openai.schemas import Completion, CompletionAsk
from service.engine.requests.generate import Sampling
from service.errors import EngineFailure, ModelNotFound, QueueFull
from tests.fakes import FakeEngine


def complete(client, **fields):
    return client.post("/v1/completions", json={"prompt": "hello", "max_tokens": 4} | fields)


def texts(client, **fields):
    return [choice["text"] for choice in complete(client, **fields).get_json()["choices"]]


def error(client, **fields):
    answer = complete(client, **fields)
    assert answer.status_code == 400, answer.get_json()
    return answer.get_json()["error"]


def events(client, **fields):
    """The objects of a stream, which must end as OpenAI's do."""
    answer = complete(client, stream=True, **fields)
    *lines, done, nothing = answer.get_data(as_text=True).split("\n\n")
    answer.close()
    assert (done, nothing) == ("data: [DONE]", "")
    return [json.loads(line.removeprefix("data: ")) for line in lines if not line.startswith(":")]


def joined(chunks, index=0):
    return "".join(
        choice["text"]
        for chunk in chunks
        for choice in chunk["choices"]
        if choice["index"] == index
    )


def test_a_prompt_is_completed_in_openais_shape(client):
    answer = complete(client, seed=1, model="shakespeare").get_json()
    assert answer["id"].startswith("cmpl-")
    assert (answer["object"], answer["model"]) == ("text_completion", "shakespeare")
    assert answer["choices"] == [
        {"text": "ello", "index": 0, "logprobs": None, "finish_reason": "length"}
    ]
    assert answer["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 4,
        "total_tokens": 9,
        "prompt_tokens_details": None,
    }


def test_all_fields_reach_the_engine(client, engine):
    complete(
        client,
        temperature=0.5,
        top_p=0.9,
        n=2,
        best_of=3,
        logprobs=2,
        echo=True,
        stop=["a", "b"],
        seed=-3,
        presence_penalty=1,
        frequency_penalty=-1.5,
        logit_bias={"5": 3, "6": -100},
        top_k=-1,
        min_p=0.1,
        repetition_penalty=1.3,
        min_tokens=2,
        ignore_eos=True,
    )
    [request] = engine.requests
    assert request.echo
    assert request.sampling == Sampling(
        max_tokens=4,
        min_tokens=2,
        ignore_eos=True,
        temperature=0.5,
        top_k=0,
        top_p=0.9,
        min_p=0.1,
        repetition_penalty=1.3,
        presence_penalty=1,
        frequency_penalty=-1.5,
        logit_bias=((5, 3), (6, -100)),
        stop=("a", "b"),
        seed=-3,
        n=3,
        logprobs=2,
    )


@pytest.mark.parametrize("value", [None, "left out"])
def test_null_means_openais_default_not_the_models(client, engine, value):
    names = set(CompletionAsk.model_fields) - {"prompt"}
    fields = dict.fromkeys(names) if value is None else {}
    client.post("/v1/completions", json={"prompt": "hello"} | fields)
    assert engine.requests[0].sampling == Sampling(
        max_tokens=16, temperature=1, top_k=0, top_p=1, min_p=0, repetition_penalty=1
    )


def test_top_p_0_is_one_token_not_none(client, engine):
    complete(client, top_p=0)
    assert 0 < engine.requests[0].sampling.top_p < 1e-300


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("abc", ["abca"]),
        (["abc", "xyz"], ["abca", "xyzx"]),
        ([97, 98, 99], ["abca"]),
        ([[97, 98, 99], [120, 121]], ["abca", "xyxy"]),
    ],
)
def test_a_prompt_has_four_forms(client, prompt, wanted):
    assert texts(client, prompt=prompt, seed=0) == wanted


def test_choices_are_numbered_over_prompts_and_answers(client):
    answer = complete(client, prompt=["abc", "xyz"], n=2, seed=0).get_json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert [choice["text"] for choice in answer["choices"]] == ["abca", "bcab", "xyzx", "yzxy"]
    assert answer["usage"]["prompt_tokens"] == 6
    assert answer["usage"]["completion_tokens"] == 16


def test_all_prompts_go_to_the_version_that_the_first_one_got(client, engine):
    complete(client, prompt=["abc", "xyz"])
    assert [request.version for request in engine.requests] == [None, 1]


def test_a_prompt_that_is_refused_frees_those_before_it(client, engine):
    fields = {"model": "names", "prompt": ["Italian", "Klingon"]}
    assert error(client, **fields)["param"] == "prompt"
    assert [generation.is_cancelled for generation in engine.generations] == [True]


def test_the_best_are_those_of_the_highest_mean_logprob(client):
    """The fake's early letters are likelier; answer i begins with letter i of the prompt."""
    assert texts(client, prompt="zyxa", max_tokens=1, best_of=4, n=2, seed=0) == ["a", "x"]


def test_the_echoed_prompt_counts_for_none_of_the_best(client):
    fields = {"prompt": "zyxa", "max_tokens": 1, "best_of": 4, "n": 1, "seed": 0, "echo": True}
    assert texts(client, **fields) == ["zyxaa"]
    assert complete(client, **fields).get_json()["choices"][0]["logprobs"] is None


def test_tokens_of_answers_that_are_not_shown_are_counted(client):
    usage = complete(client, best_of=3).get_json()["usage"]
    assert usage["completion_tokens"] == 12


def test_echo_with_logprobs_begins_with_null_and_offsets_cover_all(client):
    fields = {"prompt": "héy", "echo": True, "logprobs": 1, "max_tokens": 2, "seed": 0}
    [choice] = complete(client, **fields).get_json()["choices"]
    logprobs = choice["logprobs"]
    assert choice["text"] == "héyhé"
    assert logprobs["tokens"] == ["h", "é", "y", "h", "é"]
    assert logprobs["text_offset"] == [0, 1, 2, 3, 4]
    assert logprobs["token_logprobs"][0] is logprobs["top_logprobs"][0] is None
    assert logprobs["top_logprobs"][3] == {"h": -0.5}


def test_a_stream_joins_to_the_whole_answer(client):
    fields = {"prompt": ["abc", "xyz"], "n": 2, "seed": 3, "echo": True, "logprobs": 0}
    whole = complete(client, **fields).get_json()["choices"]
    chunks = events(client, **fields)
    for choice in whole:
        own = [c for chunk in chunks for c in chunk["choices"] if c["index"] == choice["index"]]
        assert "".join(piece["text"] for piece in own) == choice["text"]
        for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
            assert sum((piece["logprobs"][name] for piece in own), []) == choice["logprobs"][name]
        assert [piece["finish_reason"] for piece in own] == [None] * (len(own) - 1) + ["length"]


@pytest.mark.parametrize(
    "fields", [{}, {"logprobs": 2, "echo": True}, {"n": 3, "best_of": 4}, {"user": "me"}]
)
def test_answers_are_as_documented(client, fields):
    Completion.model_validate_json(complete(client, **fields).data)
    for event in events(client, **{k: v for k, v in fields.items() if k != "best_of"}):
        Completion.model_validate_json(json.dumps(event))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("suffix", "the end"),
        ("use_beam_search", True),
        ("stop_token_ids", [1]),
        ("truncate_prompt_tokens", 5),
        ("prompt_logprobs", 0),
    ],
)
def test_what_no_model_can_honour_is_refused_by_name(client, field, value):
    told = error(client, **{field: value})
    assert (told["param"], told["code"]) == (field, "unsupported_field")
    assert field in told["message"]
    assert "ot supported" in told["message"]


@pytest.mark.parametrize("field", ["suffix", "bad_words", "length_penalty", "typical_p"])
def test_what_changes_nothing_is_let_through(client, field):
    values = {"suffix": "", "bad_words": [], "length_penalty": 1.0, "typical_p": 1}
    assert complete(client, **{field: values[field]}).status_code == 200


def test_unknown_fields_are_ignored_and_named_in_a_header(client):
    answer = complete(client, **{"service_tier": 1, "bad\nname": 2, "x" * 61: 3})
    assert answer.headers["X-Ignored-Fields"] == "service_tier, 2 more"
    assert "X-Ignored-Fields" not in complete(client).headers


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"best_of": 1, "n": 2}, "best_of"),
        ({"best_of": 2, "stream": True}, "best_of"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"max_tokens": 101}, "max_tokens"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a"] * 5, "n": 2}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": ["a", "b\0"]}, "prompt[1]"),
        ({"temperature": 2.1}, "temperature"),
        ({"n": 0}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"logit_bias": {"x": 1}}, "logit_bias.x"),
        ({"stop": ["a"] * 33}, "stop"),
        ({"min_tokens": -1}, "min_tokens"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"model": "sentiment"}, "model"),
    ],
)
def test_what_cannot_be_is_a_bad_request_that_names_the_field(client, fields, param):
    told = error(client, **fields)
    assert told["param"].startswith(param)
    assert told["type"] == "invalid_request_error"
    assert set(told) == {"message", "type", "param", "code"}


def test_an_unknown_model_is_not_found(client):
    answer = complete(client, model="gpt-9")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "model_not_found"


def test_chat_is_refused_and_completions_named(client):
    answer = client.post("/v1/chat/completions", json={"messages": []})
    assert answer.status_code == 404
    assert "/v1/completions" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "retry_after", "should_retry"),
    [
        (QueueFull("full", retry_after_s=1.5), "2", None),
        (EngineFailure("the model failed"), None, "false"),
        (RuntimeError("no"), None, "false"),
        (ModelNotFound("gone"), None, None),
    ],
)
def test_clients_are_told_whether_to_try_again(client, engine, fault, retry_after, should_retry):
    engine.fails_with = fault
    headers = complete(client).headers
    assert headers.get("Retry-After") == retry_after
    assert headers.get("X-Should-Retry") == should_retry


class TestFailureMidway:
    @pytest.fixture
    def engine(self):
        return FakeEngine(fails_midway=EngineFailure("the model failed"))

    def test_is_the_last_event(self, client, engine):
        answer = complete(client, stream=True, prompt=["abc", "xyz"])
        last = answer.get_data(as_text=True).split("\n\n")[-2]
        answer.close()
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "engine_failure"
        assert all(generation.is_cancelled for generation in engine.generations)
