from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.tasks.text_classification.classifier import Classifier
from service.errors import InvalidInput
from tests.models import WORDS, classifier_config, word_tokenizer
from tests.service.engine.fakes import FakeClassifierGraph

TOKENIZER = word_tokenizer()


@pytest.fixture
def graph():
    return FakeClassifierGraph()


@pytest.fixture
def make_classifier(graph):
    def make(**changes):
        options = EngineOptions(store_dir=Path("unused"), max_batch_tokens=200)
        config = classifier_config(TOKENIZER, **changes)
        return Classifier(graph, config, tokenizer=TOKENIZER, options=options)

    return make


def classify(classifier, *texts):
    return classifier.classify(ClassifyRequest(texts))[0]


def test_the_label_is_the_most_probable_one_and_the_score_its_probability(make_classifier):
    result = classify(make_classifier(), "a good film")[0]  # two even tokens, one odd

    assert result.probs == pytest.approx((1 / 3, 2 / 3))
    assert (result.label, result.score) == ("positive", result.probs[1])
    assert (result.num_tokens, result.truncated, result.explanation) == (3, False, None)


def test_answers_are_in_the_order_of_the_texts(make_classifier):
    texts = [" ".join(WORDS[:count]) for count in (5, 1, 30, 2, 17)]

    results = classify(make_classifier(), *texts)

    assert [result.num_tokens for result in results] == [5, 1, 30, 2, 17]
    assert results == [classify(make_classifier(), text)[0] for text in texts]


@pytest.mark.parametrize(
    ("truncation", "kept"),
    [("head", [4, 5, 6]), ("tail", [8, 9, 10]), ("both", [4, 5, 10])],
)
def test_a_long_text_is_cut_as_the_model_wants_it_and_flagged(
    make_classifier, graph, truncation, kept
):
    classifier = make_classifier(max_seq_len=3, truncation=truncation)

    result = classify(classifier, " ".join(WORDS[:7]))[0]

    assert graph.batches == [[kept]]
    assert (result.num_tokens, result.truncated) == (3, True)


def test_what_is_cut_off_is_not_kept_while_the_rest_waits(make_classifier):
    """A bulk of long texts would else fill the memory: 800 MB were seen."""
    classifier = make_classifier(max_seq_len=3)

    sequences, are_cut = classifier.encode(
        [" ".join(WORDS[:7]), "good", " ".join(WORDS[:3])], classifier.config
    )

    assert [len(token_ids) for token_ids in sequences] == [3, 1, 3]
    assert are_cut == [True, False, False]


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, [4, 5, 10]),
        ({"max_text_tokens": 2}, [4, 10]),
        ({"max_text_tokens": 2, "truncation": "tail"}, [9, 10]),
        ({"max_text_tokens": 9, "truncation": "head"}, [4, 5, 6]),
    ],
    ids=["model", "fewer", "last", "no-more-than-the-model"],
)
def test_a_request_may_have_less_of_a_text_read(make_classifier, graph, changes, kept):
    classifier = make_classifier(max_seq_len=3, truncation="both")

    [result] = classifier.classify(ClassifyRequest((" ".join(WORDS[:7]),), **changes))[0]

    assert graph.batches[-1] == [kept]
    assert (result.num_tokens, result.truncated) == (len(kept), True)


def test_token_ids_are_read_as_the_text_that_they_stand_for(make_classifier):
    classifier, text = make_classifier(), " ".join(WORDS[:7])

    assert classify(classifier, tuple(TOKENIZER.encode_ids(text))) == classify(classifier, text)


@pytest.mark.parametrize("token_id", [-1, TOKENIZER.vocab_size])
def test_a_token_that_is_none_is_refused(make_classifier, token_id):
    with pytest.raises(InvalidInput, match=f"`input` has token {token_id}, but"):
        classify(make_classifier(), (5, token_id))


@pytest.mark.parametrize("text", ["", "   ", "\x00" * 0])
def test_a_text_of_which_nothing_is_left_is_refused_by_its_number(make_classifier, text):
    with pytest.raises(InvalidInput, match="text 1 of `input`") as refused:
        classify(make_classifier(), "good", text)

    assert refused.value.param == "input"


def test_a_lone_surrogate_is_refused(make_classifier):
    with pytest.raises(InvalidInput, match="surrogate"):
        classify(make_classifier(), "good\ud800")


def test_a_bulk_request_runs_in_batches_of_like_length(make_classifier, graph):
    texts = [" ".join(WORDS[:count]) for count in range(1, 31)]

    classify(make_classifier(), *texts)

    for batch in graph.batches:
        longest = max(map(len, batch))
        assert longest * len(batch) <= 200
        padding = longest * len(batch) - sum(map(len, batch))
        assert padding <= 0.5 * longest * len(batch)


def test_texts_tokenized_in_stretches_have_the_ids_that_they_have_alone(
    make_classifier, monkeypatch
):
    monkeypatch.setattr("service.engine.tasks.text_classification.classifier.CHARS_PER_STRETCH", 20)
    classifier, texts = make_classifier(), [" ".join(WORDS[: 1 + n % 9]) for n in range(40)]

    sequences, _ = classifier.encode(texts, classifier.config)

    assert sequences == [classifier.encode([text], classifier.config)[0][0] for text in texts]


def test_the_timing_tells_the_batch(make_classifier):
    _, timing = make_classifier().classify(ClassifyRequest(("a", "good", "film")))

    assert timing.batch_size == 3
    assert timing.queue_s >= 0
    assert timing.compute_s > 0


def test_concurrent_callers_get_their_own_answers(make_classifier):
    classifier = make_classifier()
    texts = [" ".join(WORDS[: 1 + number % 30]) for number in range(300)]
    alone = {text: classify(classifier, text) for text in set(texts)}

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda text: classify(classifier, text), texts))

    assert answers == [alone[text] for text in texts]
