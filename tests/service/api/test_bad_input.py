"""Every kind of bad input gets its own clear refusal, and leaves the service well."""

import codecs
import gzip
import json
import zlib

import pytest

DEEP = b'{"input": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
GZIP = {"Content-Encoding": "gzip"}


def bodies_for_classify():
    """Name, body, status, param, words of the message."""
    long_text = json.dumps({"input": "a" * 5_001}).encode()
    return [
        ("not-json", b"input=good", 400, None, "not JSON"),
        ("cut-off", b'{"input": "go', 400, None, "not JSON"),
        ("empty", b"", 400, None, "the body is empty"),
        ("spaces", b" \n ", 400, None, "the body is empty"),
        ("trailing", b'{"input": "a"} {}', 400, None, "trailing"),
        ("utf-16", '{"input": "é"}'.encode("utf-16"), 400, None, "send the text in UTF-8"),
        ("latin-1", '{"input": "é"}'.encode("latin-1"), 400, None, "UTF-8"),
        ("raw-nul", b'{"input": "a\0"}', 400, None, "control character"),
        ("lone-surrogate", b'{"input": "a\\ud800"}', 400, None, "surrogate"),
        ("lone-surrogate-then-text", b'{"input": "\\ud800abcdef"}', 400, None, "surrogate"),
        ("lone-low-surrogate", b'{"input": "\\udc00"}', 400, None, "surrogate"),
        ("raw-surrogate", b'{"input": "\xed\xa0\x80"}', 400, None, "UTF-8"),
        ("deep", b'{"input": ' + b"[" * 9_000 + b"}", 400, None, "recursion"),
        ("huge-number", b'{"input": ' + b"9" * 9_000 + b"}", 400, None, "number out of range"),
        ("list", b"[1]", 422, None, "must be a JSON object"),
        ("null", b"null", 422, None, "got null"),
        ("number-input", b'{"input": 5}', 422, "input", "a list of lists of numbers, got 5"),
        ("null-input", b'{"input": null}', 422, "input", "got null"),
        ("object-input", b'{"input": {"a": 1}}', 422, "input", "got an object"),
        ("mixed-list", b'{"input": ["a", 5, "b"]}', 422, "input[1]", "must be a text, got 5"),
        ("nested-list", b'{"input": ["a", ["b"]]}', 422, "input[1]", "got a list of 1"),
        ("nan-input", b'{"input": NaN}', 422, "input", "got NaN"),
        ("missing", b"{}", 422, "input", "`input` is missing"),
        ("unknown", b'{"input": "a", "top_k": 3}', 422, "top_k", "not a field here"),
        ("misspelt", b'{"input": "a", "modle": "b"}', 422, "modle", "did you mean `model`"),
        ("empty-text", b'{"input": ""}', 422, "input", "is empty"),
        ("blank-text", b'{"input": " \\t\\n"}', 422, "input", "only spaces"),
        ("blank-in-list", b'{"input": ["a", " "]}', 422, "input[1]", "only spaces"),
        ("empty-list", b'{"input": []}', 422, "input", "send 1 to 8"),
        ("long-list", json.dumps({"input": ["a"] * 9}).encode(), 422, "input", "has 9 texts"),
        ("nul", b'{"input": "a\\u0000b"}', 422, "input", "NUL character at 1"),
        ("nul-in-list", b'{"input": ["a", "\\u0000"]}', 422, "input[1]", "NUL"),
        ("long-text", long_text, 413, "input", "5001 characters, at most 5000"),
        ("odd-explain", b'{"input": "a", "explain": "why"}', 422, "explain", '"occlusion"'),
        ("empty-model", b'{"input": "a", "model": ""}', 422, "model", "1 to 160 characters"),
        ("number-model", b'{"input": "a", "model": 3}', 422, "model", "must be a text"),
        ("no-model", b'{"input": "a", "model": "nix"}', 404, "model", "no model `nix`"),
        ("refused-model", b'{"input": "a", "model": "sentiment:3"}', 404, "model", "no model"),
        ("other-task", b'{"input": "a", "model": "names"}', 422, "model", "text-generation"),
    ]


def fields_for_generate():
    """Name, field as JSON, words of the message."""
    return [
        ("prompt", "5", "must be a text, got 5"),
        ("prompt", '["a"]', "got a list of 1"),
        ("max_tokens", "-1", "of at least 0, got -1"),
        ("max_tokens", "101", "at most 100, got 101"),
        ("max_tokens", "9" * 400, "got a larger number"),
        ("max_tokens", "1.5", "a whole number"),
        ("max_tokens", '"5"', 'got "5"'),
        ("max_tokens", "true", "got true"),
        ("temperature", "NaN", "from 0 to 2, got NaN"),
        ("temperature", "Infinity", "from 0 to 2, got Infinity"),
        ("temperature", "-Infinity", "from 0 to 2"),
        ("temperature", "1e999", "from 0 to 2"),
        ("temperature", "2.1", "from 0 to 2, got 2.1"),
        ("temperature", '"hot"', 'got "hot"'),
        ("top_k", "-1", f"from 0 to {2**31 - 1}, got -1"),
        ("top_k", "9" * 40, "whole number"),
        ("top_p", "0", "above 0, up to 1, got 0"),
        ("top_p", "1.1", "above 0, up to 1"),
        ("min_p", "-0.1", "from 0 to 1"),
        ("repetition_penalty", "0", "from 0.001 to 10"),
        ("stop", "5", "up to 32 texts"),
        ("stop", '""', "1 to 256 characters"),
        ("stop", json.dumps(["a"] * 33), "got a list of 33"),
        ("seed", "-1", f"a whole number from 0 to {2**63 - 1}, got -1"),
        ("seed", str(2**63), f"a whole number from 0 to {2**63 - 1}, got {2**63}"),
        ("n", "0", "of at least 1"),
        ("logprobs", "21", "from 0 to 20"),
        ("stream", '"yes"', "true or false"),
        ("return_state", "1", "true or false"),
        ("state", "5", "must be a text"),
        ("state", '""', "1 to 4194304 characters"),
    ]


def refusal(answer):
    """Check the shape of an error and return it."""
    assert answer.content_type == "application/json"
    error = answer.get_json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.headers["X-Request-Id"]
    return error


@pytest.fixture(autouse=True)
def _still_well(client):
    """After each refusal the next good request is answered."""
    yield
    assert client.post("/v1/classify", json={"input": "good"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "param", "words"),
    [pytest.param(*case[1:], id=case[0]) for case in bodies_for_classify()],
)
def test_classify_refuses(client, body, status, param, words):
    answer = client.post("/v1/classify", data=body, content_type="application/json")
    error = refusal(answer)
    assert (answer.status_code, error["param"]) == (status, param)
    assert words in error["message"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [pytest.param(*case, id=f"{case[0]}={case[1][:12]}") for case in fields_for_generate()],
)
def test_generate_refuses(client, field, value, words):
    fields = {"prompt": '"a"', field: value}
    body = "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"
    answer = client.post("/v1/generate", data=body, content_type="application/json")
    error = refusal(answer)
    assert (answer.status_code, error["param"]) == (422, field)
    assert words in error["message"]


def test_an_element_of_a_list_is_named_by_its_place(client):
    answer = client.post("/v1/generate", json={"prompt": "a", "stop": ["b", ""]})
    assert refusal(answer)["param"] == "stop[1]"


def test_a_prompt_outside_the_models_list_is_refused(client):
    answer = client.post("/v1/generate", json={"prompt": "x", "model": "names"})
    assert answer.status_code == 422
    assert refusal(answer)["param"] == "prompt"


def test_several_faults_are_named_together(client):
    error = refusal(client.post("/v1/classify", json={"text": "good"}))
    assert "`input` is missing" in error["message"]
    assert "`text` is not a field here" in error["message"]


def test_a_body_full_of_unknown_fields_is_refused_at_once(client):
    body = {f"f{number}": 1 for number in range(1_000)}
    error = refusal(client.post("/v1/classify", json=body))
    assert error["message"].startswith("1001 fields or values are wrong")


def test_a_message_never_repeats_a_long_value(client):
    answer = client.post("/v1/generate", json={"prompt": "a", "model": "m" * 4_000})
    assert len(refusal(answer)["message"]) < 300


@pytest.mark.parametrize("body", [b"x" * 20_001, DEEP])
def test_a_large_body_is_refused(client, body):
    answer = client.post("/v1/classify", data=body, content_type="application/json")
    assert answer.status_code == 413
    assert "20000 bytes" in refusal(answer)["message"]


def test_a_byte_order_mark_before_json_is_no_fault(client):
    body = codecs.BOM_UTF8 + b'{"input": "good"}'
    assert client.post("/v1/classify", data=body).status_code == 200
    error = refusal(client.post("/v1/classify", data=codecs.BOM_UTF8 + b'{"input": 5}'))
    assert error["param"] == "input"
    error = refusal(client.post("/v1/classify", data=codecs.BOM_UTF8 * 2_000))
    assert error["code"] == "invalid_json"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_packed_body_is_unpacked(client, pack):
    packing = {"Content-Encoding": "gzip" if pack is gzip.compress else "deflate"}
    body = pack(b'{"input": "good"}')
    answer = client.post(
        "/v1/classify", data=body, headers=packing, content_type="application/json"
    )
    assert answer.get_json()["data"][0]["label"] == "positive"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param(gzip.compress(b" " * 5_000_000), 413, "once unpacked", id="bomb"),
        pytest.param(b"no gzip", 400, "not valid gzip", id="not-gzip"),
        pytest.param(gzip.compress(b'{"input": "good"}')[:-4], 400, "its end", id="cut-off"),
        pytest.param(gzip.compress(b"{}") + b"more", 400, "its end", id="more-behind"),
    ],
)
def test_a_badly_packed_body_is_refused(client, body, status, words):
    answer = client.post("/v1/classify", data=body, headers=GZIP, content_type="application/json")
    error = refusal(answer)
    code = "unreadable_body" if status == 400 else "body_too_large"
    assert (answer.status_code, error["code"]) == (status, code)
    assert words in error["message"]


def test_an_unknown_packing_is_refused_with_those_known(client):
    headers = {"Content-Encoding": "br"}
    answer = client.post(
        "/v1/classify", data=b"{}", headers=headers, content_type="application/json"
    )
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json; charset=UTF-8", "application/vnd.api+json", "APPLICATION/JSON"],
)
def test_json_is_read_under_any_of_its_names(client, content_type):
    answer = client.post("/v1/classify", data=b'{"input": "good"}', content_type=content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
    ],
)
def test_other_content_types_are_refused(client, content_type):
    answer = client.post("/v1/classify", data=b'{"input": "good"}', content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in refusal(answer)["message"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_told_the_right_one(client, method):
    answer = client.open("/v1/classify", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "use POST" in refusal(answer)["message"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/clasify", "/v1/classify"),
        ("/classfy", "/classify"),
        ("/v1/model", "/v1/models"),
        ("/nothing/like/it", "all routes are listed at /"),
        ("/v1//classify", "/v1/classify"),
        ("/" + "x" * 3_000, "all routes"),
    ],
)
def test_an_unknown_route_names_those_near(client, path, words):
    answer = client.get(path)
    assert answer.status_code == 404
    assert words in refusal(answer)["message"]
    assert len(refusal(answer)["message"]) < 300


def test_errors_under_v2_have_its_shape(client):
    answer = client.get("/v2/nothing")
    assert (answer.status_code, list(answer.get_json())) == (404, ["error"])
    assert isinstance(answer.get_json()["error"], str)
