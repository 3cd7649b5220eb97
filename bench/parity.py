"""The same models as one would serve them in an afternoon: Flask and torch, one call a request.

Command: `STORE_DIR=... CLASSIFIER=... GENERATOR=... gunicorn --workers 2 bench.parity:app`.
"""

import os

import torch
from flask import Flask, Response, jsonify, request

from bench.torch_models import open_classifier, open_generator

torch.set_num_threads(1)

app = Flask(__name__)
labels, encode_text, classifier = open_classifier(os.environ["STORE_DIR"], os.environ["CLASSIFIER"])
encode_prompt, decode, generator = open_generator(os.environ["STORE_DIR"], os.environ["GENERATOR"])


@app.get("/readyz")
def ready() -> Response:
    """Say that the models are loaded."""
    return jsonify(status="ready")


@app.post("/v1/classify")
@torch.inference_mode()
def classify() -> Response:
    """Classify a text or a list of texts."""
    texts = request.get_json()["input"]
    rows = [
        torch.tensor(encode_text(text)) for text in ([texts] if isinstance(texts, str) else texts)
    ]
    lengths = torch.tensor([len(row) for row in rows])
    token_ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    probs = torch.softmax(classifier(token_ids, lengths), dim=1).tolist()
    return jsonify(data=[{"label": labels[row.index(max(row))], "probs": row} for row in probs])


@app.post("/v1/generate")
@torch.inference_mode()
def generate() -> Response:
    """Continue a prompt."""
    body = request.get_json()
    torch.manual_seed(body["seed"])
    new_ids, state = encode_prompt(body["prompt"]), None
    written: list[int] = []
    for _ in range(body["max_tokens"]):
        logits, state = generator(torch.tensor([new_ids]), state)
        probs = torch.softmax(logits[0, -1] / body["temperature"], dim=0)
        new_ids = [int(torch.multinomial(probs, 1))]
        written += new_ids
    return jsonify(text=decode(written), usage={"completion_tokens": len(written)})
