"""Networks that read their padding, or skip a token, as the frameworks that trained them do."""

from pathlib import Path

import pytest

from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.explain import Explainer
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.errors import InvalidInput
from tests.models import classifier_config, word_tokenizer
from tests.service.engine.fakes import NO_WEIGHTS, FakeClassifierGraph

TOKENIZER = word_tokenizer()
OPTIONS = EngineOptions(store_dir=Path("unused"), max_occlusion_words=5)


class WithoutHead(FakeClassifierGraph):
    """A graph that tells nothing but whole answers."""

    has_head = False


@pytest.fixture
def graph():
    return WithoutHead()


def classifier(graph, **config):
    made = classifier_config(TOKENIZER, **config)
    return Classifier(graph, made, tokenizer=TOKENIZER, options=OPTIONS)


def explain(graph, *texts, how="trajectory", **config):
    made = classifier(graph, **config)
    inside = ClassifierInside(NO_WEIGHTS, made.config)
    return Explainer(made, OPTIONS, inside).classify(ClassifyRequest(texts, explain=how))[0]


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_the_network_reads_the_padding_and_the_answer_counts_the_text_alone(graph, padding):
    made = classifier(graph, padding=padding, pad_id=1, max_seq_len=5)

    (result,), _ = made.classify(ClassifyRequest(("a good film",)))

    ids = TOKENIZER.encode_ids("a good film")
    assert graph.batches == [[[1, 1, *ids] if padding == "pre" else [*ids, 1, 1]]]
    assert (result.num_tokens, result.truncated) == (3, False)


def test_a_long_text_is_cut_before_it_is_filled_up(graph):
    made = classifier(graph, padding="pre", max_seq_len=4, truncation="tail")

    request = ClassifyRequest(("a good film it is",), max_text_tokens=2)
    (result,), _ = made.classify(request)

    assert graph.batches == [[[0, 0, *TOKENIZER.encode_ids("it is")]]]
    assert (result.num_tokens, result.truncated) == (2, True)


def test_a_text_of_nothing_known_is_all_padding_where_padding_is_read(graph):
    made = classifier(graph, padding="pre", max_seq_len=3)

    (result,), _ = made.classify(ClassifyRequest(("",)))

    assert graph.batches == [[[0, 0, 0]]]
    assert result.num_tokens == 0
    with pytest.raises(InvalidInput, match="nothing that the model can read"):
        classifier(graph).classify(ClassifyRequest(("",)))


def test_a_token_that_is_skipped_is_never_read(graph):
    made = classifier(graph, skip_id=0)

    made.classify(ClassifyRequest(((0, 0, 7, 0, 8),)))

    assert graph.batches == [[[7, 8]]]
    with pytest.raises(InvalidInput, match="nothing that the model can read"):
        made.classify(ClassifyRequest(((0, 0),)))


def test_without_a_head_the_score_after_each_token_is_that_of_the_text_up_to_it(graph):
    text = "A  GOOD film"

    pieces = explain(graph, text, padding="post", max_seq_len=4)[0].explanation

    assert [text[piece.start : piece.end] for piece in pieces] == ["A", "GOOD", "film"]
    alone = [classifier(graph, padding="post", max_seq_len=4).classify(ClassifyRequest((one,)))
             for one in ("a", "a good", "a good film")]  # fmt: skip
    assert [piece.probs for piece in pieces] == [results[0].probs for results, _ in alone]


def test_without_a_head_a_long_text_is_too_much_to_explain(graph):
    with pytest.raises(InvalidInput, match="6 tokens, and this model's `explain` takes up to 5"):
        explain(graph, "a a a a a a")


def test_occlusion_fills_up_what_is_left(graph):
    explain(graph, "good film", how="occlusion", padding="pre", max_seq_len=3)

    (film,), (good,) = (TOKENIZER.encode_ids(one) for one in ("film", "good"))
    assert sorted(graph.batches[1]) == sorted([[0, 0, film], [0, 0, good]])
