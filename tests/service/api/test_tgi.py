"""`/generate`, `/generate_stream`, `POST /` and `/info`, as text-generation-inference has them."""

import json

import pytest

from service.api.tasks.generation.tgi import schemas
from service.errors import EngineFailure, QueueFull

WHOLE = ["/generate", "/"]


def ask(inputs="abc", stream=None, **parameters):
    body = {"inputs": inputs, "parameters": parameters}
    return body if stream is None else body | {"stream": stream}


def post(client, path, body, status=200):
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer


def events(answer):
    assert answer.content_type.startswith("text/event-stream")
    lines = answer.text.splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_a_text_is_continued(client):
    body = post(client, "/generate", ask(max_new_tokens=4, seed=0)).json
    assert body == {"generated_text": "abca"}


def test_at_the_root_the_answer_is_a_list_or_a_stream(client):
    assert post(client, "/", ask(max_new_tokens=4, seed=0)).json == [{"generated_text": "abca"}]
    streamed = events(post(client, "/", ask(stream=True, max_new_tokens=4, seed=0)))
    assert streamed == events(post(client, "/generate_stream", ask(max_new_tokens=4, seed=0)))


def test_details_tell_each_token(client):
    own = {"max_new_tokens": 2, "seed": 0, "details": True}
    body = post(client, "/generate", ask(**own)).json
    schemas.TgiBody.model_validate(body)
    details = body["details"]
    assert (details["finish_reason"], details["generated_tokens"]) == ("length", 2)
    assert [(token["id"], token["text"]) for token in details["tokens"]] == [(97, "a"), (98, "b")]
    assert details["prefill"] == []
    more = post(client, "/generate", ask(**own, decoder_input_details=True)).json
    assert more["generated_text"] == body["generated_text"]
    assert [token["text"] for token in more["details"]["prefill"]] == list("abc")
    assert more["details"]["tokens"] == details["tokens"]


def test_a_stream_has_an_event_for_each_token_and_the_text_with_the_last(client):
    answer = post(client, "/generate_stream", ask(max_new_tokens=4, seed=0, details=True))
    found = events(answer)
    for event in found:
        schemas.TgiEventBody.model_validate(event)
    assert [event["index"] for event in found] == [1, 2, 3, 4]
    assert "".join(event["token"]["text"] for event in found) == "abca"
    assert [event["generated_text"] for event in found] == [None, None, None, "abca"]
    assert found[-1]["details"] == {
        "finish_reason": "length", "generated_tokens": 4, "input_length": 3, "seed": 0,
    }  # fmt: skip
    assert answer.headers["x-compute-characters"] == "3"


def test_a_text_without_a_token_is_a_stream_with_an_end(client):
    [event] = events(post(client, "/generate_stream", ask(max_new_tokens=0)))
    assert (event["generated_text"], event["token"]["special"]) == ("", True)


def test_the_prompt_may_stand_before_the_text(client):
    own = {"max_new_tokens": 2, "seed": 0, "return_full_text": True}
    assert post(client, "/generate", ask(**own)).json["generated_text"] == "abcab"
    assert events(post(client, "/generate_stream", ask(**own)))[-1]["generated_text"] == "abcab"


def test_the_best_of_several_is_given_and_the_others_with_the_details(client):
    own = {"max_new_tokens": 1, "seed": 0, "best_of": 3, "do_sample": True, "details": True}
    body = post(client, "/generate", ask("zab", **own)).json
    schemas.TgiBody.model_validate(body)
    assert body["generated_text"] == "a"  # the fake's likeliest
    others = body["details"]["best_of_sequences"]
    assert [one["generated_text"] for one in others] == ["b", "z"]


@pytest.mark.parametrize(
    ("parameters", "temperature"),
    [
        ({}, 0.0),
        ({"do_sample": False}, 0.0),
        ({"do_sample": True}, 1.0),
        ({"top_k": 5}, 1.0),
        ({"top_p": 0.9}, 1.0),
        ({"temperature": 0.5}, 0.5),
    ],
)
def test_the_likeliest_is_taken_unless_a_draw_is_asked_for(client, engine, parameters, temperature):
    post(client, "/generate", ask(**parameters))
    sampling = engine.requests[-1].sampling
    assert (sampling.temperature, sampling.max_tokens) == (temperature, 100)


def test_headers_tell_where_the_time_went(client):
    headers = post(client, "/generate", ask(max_new_tokens=4)).headers
    assert (headers["x-prompt-tokens"], headers["x-generated-tokens"]) == ("3", "4")
    assert (headers["x-compute-type"], headers["x-compute-characters"]) == ("cpu", "3")
    assert (headers["x-queue-time"], headers["x-inference-time"]) == ("3", "4")
    assert {"x-compute-time", "x-total-time", "x-validation-time"} <= {
        name.lower() for name, _ in headers
    }


def test_a_model_is_named_by_the_path_or_a_field_but_not_by_an_address(client, engine):
    for path, more in [("/models/names", {}), ("/generate", {"model": "names"})]:
        post(client, path, ask("Italian") | more)
        assert engine.requests[-1].model == "names"
    post(client, "/", ask() | {"model": "http://127.0.0.1:8000"})
    assert engine.requests[-1].model == "shakespeare"
    assert events(post(client, "/models/names", ask("Polish", stream=True)))


def test_what_is_served_is_told(client):
    body = client.get("/info").json
    schemas.TgiInfoBody.model_validate(body)
    assert (body["model_id"], body["model_pipeline_tag"]) == ("shakespeare", "text-generation")
    assert (body["max_input_tokens"], body["max_total_tokens"]) == (5000, 5100)


@pytest.mark.parametrize("path", WHOLE)
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "`inputs` is missing"),
        (ask(""), 422, "`inputs`"),
        (ask("a\0"), 422, "NUL"),
        (ask("a" * 5001), 413, "`inputs`"),
        (ask(max_new_tokens=101), 422, "max_new_tokens"),
        (ask(best_of=129), 422, "best_of"),
        (ask(grammar={"type": "regex", "value": "a"}), 422, "grammar"),
        (ask(watermark=True), 422, "watermark"),
        (ask(truncate=3), 422, "truncate"),
        (ask() | {"model": "sentiment"}, 404, "sentiment"),
        (ask() | {"model": "nix"}, 404, "nix"),
    ],
)
def test_what_cannot_be_is_refused_in_its_shape(client, path, body, status, words):
    error = post(client, path, body, status).json
    schemas.TgiErrorBody.model_validate(error)
    assert error["error_type"] == "validation"
    assert words in error["error"]


@pytest.mark.parametrize("parameters", [{"best_of": 2}, {"decoder_input_details": True}])
def test_what_does_not_go_with_a_stream_is_refused(client, parameters):
    body = post(client, "/generate_stream", ask(**parameters), 422).json
    assert "stream" in body["error"]


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (QueueFull("full", retry_after_s=1), 429, "overloaded"),
        (EngineFailure("no"), 424, "generation"),
        (RuntimeError("no"), 500, "incomplete_generation"),
    ],
)
def test_faults_have_its_statuses_and_kinds(client, engine, fault, status, kind):
    engine.fails_with = fault
    assert post(client, "/generate", ask(), status).json["error_type"] == kind


def test_a_failure_in_a_stream_is_its_last_event(client, engine):
    engine.fails_midway = EngineFailure("it broke")
    found = events(post(client, "/generate_stream", ask(max_new_tokens=4)))
    assert found[-1] == {"error": "it broke", "error_type": "generation"}


def test_the_page_is_still_at_the_root(client):
    assert "POST /generate_stream" in client.get("/").text
    assert client.get("/", headers={"Accept": "text/html"}).content_type.startswith("text/html")
