"""`/tokenize`, `/detokenize` and `/tokenizer_info`, in vLLM's shape."""

import pytest

from service.api.tokens import DetokenizeBody, TokenizeBody, TokenizerInfoBody


def post(client, path, body, status=200):
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_text_is_told_in_tokens(client):
    answer = post(client, "/tokenize", {"prompt": "ab"})
    assert answer == {"count": 2, "max_model_len": 5000, "tokens": [97, 98], "token_strs": None}
    TokenizeBody.model_validate(answer)


def test_tokens_are_told_as_texts_where_that_is_asked_for(client):
    body = {"prompt": "ab", "return_token_strs": True, "add_special_tokens": False}
    assert post(client, "/tokenize", body)["token_strs"] == ["a", "b"]


def test_a_special_token_alone_is_that_token(client):
    """So lm-eval learns the number of the end that `/tokenizer_info` names."""
    end = client.get("/tokenizer_info").json["eos_token"]
    assert post(client, "/tokenize", {"prompt": end})["tokens"] == [3]
    assert post(client, "/tokenize", {"prompt": f"a{end}"})["count"] == 6


def test_text_comes_back(client):
    tokens = post(client, "/tokenize", {"prompt": "To be"})["tokens"]
    answer = post(client, "/detokenize", {"tokens": [2, *tokens, 3]})
    assert answer == {"prompt": "To be"}
    DetokenizeBody.model_validate(answer)


def test_any_model_is_named_the_default_generator_is_not(client):
    body = {"prompt": "a good film", "model": "sentiment:stable"}
    assert post(client, "/tokenize", body)["max_model_len"] == 50
    info = client.get("/tokenizer_info?model=sentiment").json
    assert info["model_max_length"] == 50
    assert client.get("/tokenizer_info").json["model_max_length"] == 5000


def test_the_tokenizer_is_told_as_its_config_has_it(client):
    info = client.get("/tokenizer_info").json
    TokenizerInfoBody.model_validate(info)
    assert info["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert (info["bos_token"], info["eos_token"]) == ("<bos>", "<eos>")


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/tokenize", {}, 400, "prompt"),
        ("/tokenize", {"prompt": ["a"]}, 400, "prompt"),
        ("/tokenize", {"messages": []}, 400, "prompt"),
        ("/tokenize", {"prompt": "a" * 5001}, 413, "prompt"),
        ("/tokenize", {"prompt": "a\0"}, 400, "prompt"),
        ("/tokenize", {"prompt": "a", "model": "nix"}, 404, "model"),
        ("/tokenize", {"prompt": "a", "model": "names"}, 400, "model"),
        ("/detokenize", {"tokens": [-1]}, 400, "tokens[0]"),
        ("/detokenize", {"tokens": [256]}, 400, "tokens"),
        ("/detokenize", {"tokens": [9] * 5001}, 400, "tokens"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, path, body, status, param):
    assert post(client, path, body, status)["error"]["param"] == param


@pytest.mark.parametrize(("query", "status"), [("model=", 400), ("model=nix", 404), ("x=1", 200)])
def test_the_query_names_the_model(client, query, status):
    assert client.get(f"/tokenizer_info?{query}").status_code == status


def test_unknown_fields_are_named_and_no_model_counts_an_answer(client, records):
    answer = client.post("/tokenize", json={"prompt": "a", "new": 1})
    assert answer.headers["X-Ignored-Fields"] == "new"
    assert [record.model for record in records] == [None]
