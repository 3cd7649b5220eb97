"""Tensors as bytes after the JSON part, in and out."""

import json
import struct

import pytest

from tests.service.api.test_infer import infer, outputs, refusal, texts

LENGTH = "Inference-Header-Content-Length"


def packed(*elements):
    """Texts as BYTES elements."""
    raw = [text if isinstance(text, bytes) else text.encode() for text in elements]
    return b"".join(struct.pack("<I", len(text)) + text for text in raw)


def sized(num_texts, num_bytes):
    """A tensor of texts whose elements follow as bytes."""
    parameters = {"binary_data_size": num_bytes}
    return {"name": "text", "shape": [num_texts], "datatype": "BYTES", "parameters": parameters}


def infer_bytes(client, head, tail, length=None, model="sentiment", **headers):
    start = json.dumps(head).encode()
    sent = {"Content-Type": "application/octet-stream", LENGTH: str(len(start))} | headers
    if length is not None:
        sent[LENGTH] = length
    return client.post(f"/v2/models/{model}/infer", data=start + tail, headers=sent)


def test_bytes_are_read_after_the_json_part(client):
    tail = packed("good", "dull")
    answer = infer_bytes(client, {"inputs": [sized(2, len(tail))]}, tail)
    assert outputs(answer)["label"]["data"] == ["positive", "negative"]
    assert answer.content_type == "application/json"


def test_numbers_are_read_from_bytes(client, engine):
    parts = {
        "text_input": ("BYTES", packed("abc")),
        "max_tokens": ("UINT8", b"\x03"),
        "temperature": ("FP16", struct.pack("<e", 0.5)),
        "seed": ("INT64", struct.pack("<q", 5)),
    }
    tensors = [
        {"name": name, "shape": [1], "datatype": kind, "parameters": {"binary_data_size": len(raw)}}
        for name, (kind, raw) in parts.items()
    ]
    tail = b"".join(raw for _, raw in parts.values())
    assert infer_bytes(client, {"inputs": tensors}, tail, model="shakespeare").status_code == 200
    sampling = engine.requests[0].sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.seed) == (3, 0.5, 5)


@pytest.mark.parametrize("asked", ["of all", "of each"])
def test_outputs_come_as_bytes_if_asked_for(client, asked):
    names = ("label", "score", "probabilities")
    fields: dict[str, dict] = {
        "of all": {"parameters": {"binary_data_output": True}},
        "of each": {"outputs": [{"name": n, "parameters": {"binary_data": True}} for n in names]},
    }
    answer = infer(client, texts("good"), **fields[asked])
    length = int(answer.headers[LENGTH])
    head, tail = json.loads(answer.data[:length]), answer.data[length:]
    assert answer.content_type == "application/octet-stream"
    sizes = [tensor["parameters"]["binary_data_size"] for tensor in head["outputs"]]
    assert sizes == [12, 4, 8]
    assert tail[:12] == packed("positive")
    assert struct.unpack("<3f", tail[12:]) == pytest.approx((2 / 3, 1 / 3, 2 / 3))


def test_one_output_as_bytes_beside_one_as_json(client):
    wishes = [{"name": "label"}, {"name": "score", "parameters": {"binary_data": True}}]
    answer = infer(client, texts("good"), outputs=wishes)
    head = json.loads(answer.data[: int(answer.headers[LENGTH])])
    assert head["outputs"][0]["data"] == ["positive"]
    assert "data" not in head["outputs"][1]


@pytest.mark.parametrize(
    ("size", "tail", "words"),
    [
        (100, packed("good"), "of which 8 are left"),
        (-1, packed("good"), "of which 8 are left"),
        (True, packed("good"), "of which 8 are left"),
        (8, packed("good") + b"more", "4 bytes are left"),
        (16, packed("good", "more"), "bytes left over"),
        (0, b"", "got 0"),
        (3, b"\x01\x00\x00", "left over"),
        (8, b"\xff\xff\xff\xffgood", "fewer bytes"),
        (8, packed(b"\xff\xfe\xfd\xfc"), "no text in UTF-8"),
    ],
    ids=range(9),
)
def test_bytes_that_are_not_what_they_say_are_refused(client, size, tail, words):
    assert words in refusal(infer_bytes(client, {"inputs": [sized(1, size)]}, tail))


@pytest.mark.parametrize("length", ["x", "-1", "99999", "9" * 30, "٣", "1.5"])
def test_a_length_that_is_none_is_refused(client, length):
    assert LENGTH in refusal(infer_bytes(client, {}, b"", length=length))


def test_numbers_of_the_wrong_size_are_refused(client):
    tensors = [
        texts("abc", name="text_input"),
        {
            "name": "seed",
            "shape": [1],
            "datatype": "INT64",
            "parameters": {"binary_data_size": 4},
        },
    ]
    answer = infer_bytes(client, {"inputs": tensors}, b"1234", model="shakespeare")
    assert "8 bytes" in refusal(answer)
