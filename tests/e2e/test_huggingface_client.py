"""Hugging Face's own client, unmodified, against the real server."""

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, ValidationError

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(base_url):
    return InferenceClient(model=f"{base_url}/predict", timeout=20)


def test_a_text_is_classified(client):
    scores = client.text_classification("a good film")
    assert {score.label for score in scores} == {"negative", "positive"}
    assert sum(score.score for score in scores) == pytest.approx(1, abs=1e-5)
    assert scores[0].score >= scores[1].score


def test_top_k_and_softmax_are_honoured(client):
    [best] = client.text_classification("a good film", top_k=1, function_to_apply="softmax")
    assert best == client.text_classification("a good film")[0]


def test_what_cannot_be_honoured_raises_in_words(client):
    with pytest.raises((HfHubHTTPError, InferenceTimeoutError)) as caught:
        client.text_classification("a good film", function_to_apply="sigmoid")
    assert "function_to_apply" in str(caught.value)


@pytest.fixture(params=["", "/models/shakespeare"], ids=["root", "model"])
def writer(base_url, request):
    return InferenceClient(model=base_url + request.param, timeout=20)


def test_a_text_is_continued(writer):
    text = writer.text_generation("To be", max_new_tokens=8)
    assert text == writer.text_generation("To be", max_new_tokens=8)
    full = writer.text_generation("To be", max_new_tokens=8, return_full_text=True)
    assert full == f"To be{text}"


def test_a_stream_joins_to_the_whole_text(writer):
    drawn = {"max_new_tokens": 8, "do_sample": True, "seed": 3}
    whole = writer.text_generation("To be", details=True, **drawn)
    assert "".join(writer.text_generation("To be", stream=True, **drawn)) == whole.generated_text
    *_, last = writer.text_generation("To be", stream=True, details=True, **drawn)
    assert last.generated_text == whole.generated_text
    assert last.details.finish_reason == whole.details.finish_reason
    assert last.details.generated_tokens == whole.details.generated_tokens
    tokens = "".join(token.text for token in whole.details.tokens)
    assert tokens == whole.generated_text


def test_a_refused_field_is_an_error_of_its_own_kind(writer):
    with pytest.raises(ValidationError, match="grammar"):
        writer.text_generation("To be", grammar={"type": "regex", "value": "a"})


def test_the_server_tells_what_it_is(base_url):
    client = InferenceClient(model=base_url, timeout=20, provider="hf-inference")
    assert client.get_endpoint_info()["model_id"] == "shakespeare"
    assert client.health_check()
