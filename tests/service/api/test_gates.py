"""`explain` "gates" over HTTP: its fields, its shapes and its refusals."""

import base64
import json
import struct

import pytest

from service.api.tasks.classification.responses import ClassifyAnswerBody
from service.api.tasks.generation.responses import GenerateAnswerBody

LSTM = ["input", "forget", "candidate", "output", "cell", "hidden"]
SUMMARIES = {"mean", "near_0", "near_1", "norm"}
WHOLE = {"values", "from_input", "from_hidden"}


def classify(client, **fields):
    return client.post("/v1/classify", json={"input": "a good film", "explain": "gates", **fields})


def generate(client, **fields):
    body = {"prompt": "To be", "max_tokens": 4, "seed": 1, "explain": "gates", **fields}
    return client.post("/v1/generate", json=body)


def gates(answer):
    assert answer.status_code == 200, answer.data
    return answer.get_json()["data"][0]["gates"]


def test_each_layer_is_summed_up_token_by_token(client):
    answer = classify(client)
    ClassifyAnswerBody.model_validate_json(answer.data)
    told = gates(answer)
    assert (told["cell"], told["hidden_size"], told["num_layers"]) == ("lstm", 8, 2)
    assert [(one["layer"], one["direction"]) for one in told["layers"]] == [
        (0, "forward"),
        (1, "forward"),
    ]
    for layer in told["layers"]:
        assert list(layer) == ["layer", "direction", *LSTM]
        for name in LSTM:
            assert set(layer[name]) == SUMMARIES
            assert all(len(numbers) == 3 for numbers in layer[name].values())


def test_tokens_have_their_places(client):
    tokens = gates(classify(client, input="a  good film"))["tokens"]
    assert [(one["text"], one["start"], one["end"]) for one in tokens] == [
        ("a", 0, 1),
        ("good", 3, 7),
        ("film", 8, 12),
    ]


@pytest.mark.parametrize(
    ("units", "count"), [([5], 1), ([5, 2, 7], 3), ("top", 8), ("all", 8)], ids=str
)
def test_units_are_told_whole(client, units, count):
    answer = classify(client, units=units)
    ClassifyAnswerBody.model_validate_json(answer.data)
    for layer in gates(answer)["layers"]:
        assert len(layer["units"]) == len(layer["influence"]) == count
        for name in LSTM:
            sums = WHOLE if name in LSTM[:4] else {"values"}
            assert set(layer[name]) == SUMMARIES | sums
            assert [len(row) for row in layer[name]["values"]] == [count] * 3


def test_chosen_layers_alone_are_told(client):
    assert [one["layer"] for one in gates(classify(client, layers=[1]))["layers"]] == [1]


def unpacked(text):
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@pytest.mark.parametrize("units", [[5, 2], "all"], ids=str)
def test_base64_has_the_numbers_of_the_lists(client, units):
    plain = gates(classify(client, units=units, encoding_format="float"))
    answer = classify(client, units=units, encoding_format="base64")
    ClassifyAnswerBody.model_validate_json(answer.data)
    for written, packed in zip(plain["layers"], gates(answer)["layers"], strict=True):
        for name in LSTM:
            for part in WHOLE & written[name].keys():
                numbers = [number for row in written[name][part] for number in row]
                assert unpacked(packed[name][part]) == pytest.approx(numbers, abs=1e-6)


def test_every_text_of_a_request_is_told(client):
    answer = classify(client, input=["good", "so very dull"])
    told = [item["gates"]["tokens"] for item in answer.get_json()["data"]]
    assert [len(tokens) for tokens in told] == [1, 3]


def test_an_answer_has_what_was_read_and_written_and_what_was_expected(client):
    answer = generate(client, n=2, units="top")
    GenerateAnswerBody.model_validate_json(answer.data)
    for choice in answer.get_json()["choices"]:
        tokens = choice["gates"]["tokens"]
        assert "".join(one["text"] for one in tokens if one["written"]) == choice["text"]
        assert "".join(one["text"] for one in tokens if not one["written"]) == "<bos>To be"
        assert [one["special"] for one in tokens] == [True] + [False] * (len(tokens) - 1)
        for token in tokens:
            probs = [one["prob"] for one in token["expects"]]
            assert len(probs) == 5
            assert probs == sorted(probs, reverse=True)
            assert sum(probs) <= 1
        assert len(choice["gates"]["layers"][0]["forget"]["values"]) == len(tokens)


def test_a_stream_has_it_in_the_last_piece(client):
    whole = generate(client, units=[3]).get_json()["choices"][0]["gates"]
    lines = generate(client, units=[3], stream=True).text.split("\n\n")
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    pieces = [event["choices"][0] for event in events]
    assert [piece.get("gates") for piece in pieces] == [None] * (len(pieces) - 1) + [whole]
    GenerateAnswerBody.model_validate_json(json.dumps(events[-1]))


@pytest.mark.parametrize("explain", [None, False])
def test_nothing_is_told_that_was_not_asked_for(client, explain):
    fields = {} if explain is None else {"explain": explain}
    body = {"prompt": "To be", "max_tokens": 2, **fields}
    assert "gates" not in client.post("/v1/generate", json=body).get_json()["choices"][0]


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/generate"])
@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"explain": False, "units": "top"}, "units", 'what `explain` "gates" is to tell'),
        ({"explain": False, "layers": [0]}, "layers", 'what `explain` "gates" is to tell'),
        ({"explain": False, "encoding_format": "float"}, "encoding_format", "is to tell"),
        ({"units": [8]}, "units", "`units` of this model are 0 to 7, and it has no 8: send"),
        ({"units": [1, 1]}, "units", "takes each once"),
        ({"units": []}, "units", "`units` must"),
        ({"units": "best"}, "units", '"top"'),
        ({"units": [-1]}, "units[0]", "-1"),
        ({"units": [0] * 4097}, "units", "4096"),
        ({"layers": [2]}, "layers", "`layers` of this model are 0 to 1, and it has no 2"),
        ({"layers": []}, "layers", "`layers` must"),
        ({"layers": 1}, "layers", "`layers` must"),
        ({"encoding_format": "hex"}, "encoding_format", '"base64"'),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_told_is_refused_with_the_remedy(client, path, fields, param, words):
    own = {"input": "a"} if path == "/v1/classify" else {"prompt": "a", "max_tokens": 1}
    answer = client.post(path, json={**own, "explain": "gates", **fields})
    error = answer.get_json()["error"]
    assert (answer.status_code, error["param"]) == (422, param)
    assert words in error["message"]
