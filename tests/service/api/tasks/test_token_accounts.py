"""Tokens, log probabilities, usage and offsets agree, for every generator that is shipped.

A list that left out the model's own end made whatever sums it wrong: a client that drops the last
entry, as lm-eval does with the one token that it must ask for, dropped one of the text's.
"""

import json

import pytest

from model_store import StoreReader
from service.api.app import create_app
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.settings import Settings

SETTINGS = Settings()
SEEDS = range(3)
PROMPTS = {
    "names": ("Italian", "Polish"),
    "reviews": ("positive", "negative"),
    "shakespeare": ("", "To be, ☃ or", "First Citizen:\n"),
}
IMAGE = [float(place % 17) for place in range(64)]
LENGTHS = {
    "to-the-end": {"max_tokens": 100},
    "one-token": {"max_tokens": 1},
    "stop": {"max_tokens": 60, "stop": ["an", "e", " th"]},
    "stop-at-once": {"max_tokens": 60, "stop": list("abcdefghijklmnopqrst")[::7] + [" "]},
    "nothing": {"max_tokens": 0},
}


def generators():
    """Every model that writes token by token, by the store."""
    reader = StoreReader(SETTINGS.store_dir)
    tasks = {name: reader.open(name).manifest.task for name in reader.names()}
    return sorted(name for name, task in tasks.items() if task == "text-generation")


@pytest.fixture(scope="module")
def client():
    engine = Engine(EngineOptions(store_dir=SETTINGS.store_dir))
    engine.start()
    yield create_app(engine, SETTINGS).test_client()
    engine.close()


def post(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def events(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line[:1] == "d"]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_every_shipped_generator_is_tried():
    assert set(generators()) == set(PROMPTS)


def check_completion(answer, *, prompt, echo):
    """Hold one answer of `/v1/completions` against itself."""
    [choice] = answer["choices"]
    lists, usage = choice["logprobs"], answer["usage"]
    tokens, offsets = lists["tokens"], lists["text_offset"]
    num_echoed = usage["prompt_tokens"] if echo else 0
    assert len(tokens) == num_echoed + usage["completion_tokens"]
    assert {len(values) for values in lists.values()} == {len(tokens)}
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= len(choice["text"]) for offset in offsets)
    missing = [place for place, one in enumerate(lists["token_logprobs"]) if one is None]
    assert missing == [0][: num_echoed and 1]
    written = choice["text"][len(prompt) if echo else 0 :]
    assert "".join(tokens[num_echoed:]).startswith(written)
    is_cut = False
    for token, offset in list(zip(tokens, offsets, strict=True))[num_echoed:]:
        shown = choice["text"][offset : offset + len(token)]
        assert token.startswith(shown)
        is_cut = token != shown
    assert is_cut == (choice["finish_reason"] == "stop")


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("echo", [False, True], ids=["alone", "echo"])
@pytest.mark.parametrize("name", generators())
def test_a_completion_lists_as_many_tokens_as_it_counts(client, name, echo, length):
    for prompt in PROMPTS[name]:
        for temperature, seed in ((0, 0), *((1, seed) for seed in SEEDS)):
            fields = {"model": name, "prompt": prompt, "echo": echo, "logprobs": 2, **length}
            fields |= {"temperature": temperature, "seed": seed}
            whole = post(client, "/v1/completions", **fields)
            check_completion(whole, prompt=prompt, echo=echo)
            options = {"stream": True, "stream_options": {"include_usage": True}}
            *pieces, last = events(client, "/v1/completions", **fields, **options)
            joined = [piece["choices"][0] for piece in pieces]
            [choice] = whole["choices"]
            for key, values in choice["logprobs"].items():
                assert [one for piece in joined for one in piece["logprobs"][key]] == values
            assert "".join(piece["text"] for piece in joined) == choice["text"]
            assert last["usage"] == whole["usage"]


@pytest.mark.parametrize("name", generators())
def test_many_answers_to_many_prompts_add_up(client, name):
    fields = {"model": name, "prompt": list(PROMPTS[name]), "n": 3, "echo": True, "logprobs": 1}
    answer = post(client, "/v1/completions", **fields, max_tokens=20, seed=4)
    listed = sum(len(choice["logprobs"]["tokens"]) for choice in answer["choices"])
    usage = answer["usage"]
    assert listed == 3 * usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("name", [*generators(), "digit-names"])
def test_a_generation_lists_as_many_tokens_as_it_counts(client, name, length):
    begin = {"prompt": PROMPTS[name][0]} if name in PROMPTS else {"input": IMAGE}
    length = length | {"max_tokens": min(length["max_tokens"], 16 if "input" in begin else 100)}
    for seed in SEEDS:
        fields = {"model": name, "logprobs": 0, "seed": seed, **begin, **length}
        whole = post(client, "/v1/generate", **fields)
        [choice] = whole["choices"]
        entries = choice.get("logprobs", [])
        assert len(entries) == whole["usage"]["completion_tokens"]
        assert "".join(entry["text"] for entry in entries).startswith(choice["text"])
        assert [entry["special"] for entry in entries[:-1]] == [False] * len(entries[:-1])
        pieces = events(client, "/v1/generate", **fields, stream=True)
        told = [one for piece in pieces for one in piece["choices"][0].get("logprobs", [])]
        assert told == entries
        assert pieces[-1]["usage"] == whole["usage"]


@pytest.mark.parametrize("stop", [[], ["e"]], ids=["free", "stop"])
@pytest.mark.parametrize("name", generators())
def test_what_goes_on_from_a_state_lists_as_many_tokens_as_it_counts(client, name, stop):
    fields = {"model": name, "temperature": 0, "logprobs": 1, "return_state": True}
    begin = {"prompt": PROMPTS[name][0], "max_tokens": 4, "ignore_eos": True}
    begun = post(client, "/v1/generate", **fields, **begin)
    after = fields | {"state": begun["choices"][0]["state"], "max_tokens": 40, "stop": stop}
    later = post(client, "/v1/generate", **after, min_tokens=5)
    whole = post(client, "/v1/generate", **fields | begin | {"max_tokens": 12, "stop": []})
    [choice] = later["choices"]
    assert len(choice["logprobs"]) == later["usage"]["completion_tokens"] >= 5
    assert later["usage"]["prompt_tokens"] == 0
    told = begun["choices"][0]["logprobs"] + choice["logprobs"][:5]
    assert told == whole["choices"][0]["logprobs"][: len(told)]
    pieces = events(client, "/v1/generate", **after, min_tokens=5, stream=True)
    streamed = [one for piece in pieces for one in piece["choices"][0].get("logprobs", [])]
    assert streamed == choice["logprobs"]
    assert pieces[-1]["choices"][0]["state"] == choice["state"]


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("name", generators())
def test_details_of_the_inference_protocol_list_every_token(client, name, length):
    if length["max_tokens"] == 0:
        pytest.skip("the protocol has at least one")
    fields = {"text_input": PROMPTS[name][0], "details": True, "seed": 1, **length}
    whole = post(client, f"/v2/models/{name}/generate", **fields)
    tokens = whole["details"]["logprobs"]
    same = {"model": name, "prompt": PROMPTS[name][0], "logprobs": 0, "seed": 1, **length}
    [choice] = post(client, "/v1/generate", **same)["choices"]
    assert [token["id"] for token in tokens] == [one["token_id"] for one in choice["logprobs"]]
    has_end = whole["details"]["finish_reason"] == "eos_token"
    assert [token["special"] for token in tokens] == [False] * (len(tokens) - 1) + [has_end]
    pieces = events(client, f"/v2/models/{name}/generate_stream", **fields)
    assert [piece["details"]["token"] for piece in pieces] == tokens
    assert "".join(piece["text_output"] for piece in pieces) == whole["text_output"]


def test_token_ids_of_a_prompt_are_echoed_in_their_places(client):
    text = "To be"
    lists = [
        post(client, "/v1/completions", model="shakespeare", prompt=prompt, **fields)
        for fields in ({"echo": True, "logprobs": 1, "max_tokens": 4, "seed": 1},)
        for prompt in (text, _ids(client, text))
    ]
    assert lists[0]["choices"] == lists[1]["choices"]


def _ids(client, text):
    """The token ids of a text, by what its continuation tells of each character."""
    ids: dict[str, int] = {}
    seed = 0
    while not set(text) <= ids.keys():
        fields = {"prompt": text, "logprobs": 0, "max_tokens": 300, "seed": seed}
        [choice] = post(client, "/v1/generate", model="shakespeare", **fields)["choices"]
        ids |= {one["text"]: one["token_id"] for one in choice["logprobs"]}
        seed += 1
    return [ids[char] for char in text]
