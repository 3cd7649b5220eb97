"""`/models/<model>/v1/completions`: OpenAI's completions where the path names the model.

`@huggingface/inference` asks there: it adds `/v1/completions` to whatever address it is given, and
sends that address as `model`.
"""

import pytest

PATH = "/models/names/v1/completions"
ADDRESS = "http://127.0.0.1:8000/models/names"


def test_the_path_names_the_model_whatever_the_field_says(client, engine):
    body = {"model": ADDRESS, "prompt": "Italian", "max_tokens": 3, "seed": 0}
    answer = client.post(PATH, json=body).json
    assert (answer["model"], answer["choices"][0]["text"]) == ("names", "Ita")
    assert engine.requests[-1].model == "names"


def test_it_streams(client):
    answer = client.post(PATH, json={"prompt": "Polish", "stream": True})
    assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(("model", "status"), [("nix", 404), ("sentiment", 400)])
def test_a_model_that_cannot_write_is_refused_by_name(client, model, status):
    answer = client.post(f"/models/{model}/v1/completions", json={"prompt": "a"})
    assert (answer.status_code, answer.json["error"]["param"]) == (status, "model")
