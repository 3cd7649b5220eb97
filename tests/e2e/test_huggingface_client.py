"""Hugging Face's own client, unmodified, against the real server."""

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError

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
