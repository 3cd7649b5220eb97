import time
from pathlib import Path

import pytest

from service.engine.options import EngineOptions
from service.engine.requests.classify import ClassifyRequest
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.explain import Explainer
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.types import never
from service.errors import Cancelled, DeadlineExceeded, EngineFailure, InvalidInput
from tests.models import classifier_config, word_tokenizer
from tests.service.engine.fakes import BAD_WORD_ID, NO_WEIGHTS, FakeClassifierGraph

TOKENIZER = word_tokenizer()
OPTIONS = EngineOptions(store_dir=Path("unused"), max_explain_texts=3, max_occlusion_words=5)


def explain(*texts, how="trajectory", deadline=None, graph=None, is_caller_gone=never, **config):
    classifier = Classifier(
        graph or FakeClassifierGraph(),
        classifier_config(TOKENIZER, **config),
        tokenizer=TOKENIZER,
        options=OPTIONS,
    )
    request = ClassifyRequest(texts, explain=how, deadline=deadline, is_caller_gone=is_caller_gone)
    return Explainer(classifier, OPTIONS, ClassifierInside(NO_WEIGHTS, classifier.config)).classify(
        request
    )[0]


def test_a_trajectory_has_the_score_after_each_token_at_its_place_in_the_text():
    text = "A  GOOD film"

    pieces = explain(text)[0].explanation

    assert [text[piece.start : piece.end] for piece in pieces] == ["A", "GOOD", "film"]
    shorter = [explain(one)[0].probs for one in ("a", "a good", "a good film")]
    assert [piece.probs for piece in pieces] == shorter


def test_a_trajectory_begins_with_the_answer_to_nothing():
    """The first word's change was counted from even chances, which no model gives."""
    result = explain("good")[0]

    adds = explain("good", how="occlusion")[0].explanation[0].probs
    added = [
        after - before for after, before in zip(result.probs, result.initial_probs, strict=True)
    ]
    assert added == pytest.approx(adds)
    assert explain("good", how="occlusion")[0].initial_probs is None


def test_a_trajectory_ends_with_the_answer():
    result = explain("a good film")[0]

    assert result.explanation[-1].probs == result.probs


@pytest.mark.parametrize(
    ("truncation", "words"),
    [("head", ["a", "good"]), ("both", ["a", "is"]), ("tail", ["it", "is"])],
)
def test_a_trajectory_of_a_cut_text_has_what_was_read(truncation, words):
    text = "a good film it is"

    pieces = explain(text, max_seq_len=2, truncation=truncation)[0].explanation

    assert [text[piece.start : piece.end] for piece in pieces] == words


def test_occlusion_is_what_each_word_adds():
    text = "A  GOOD film"
    whole = explain(text, how="occlusion")[0]

    without = [explain(one)[0].probs[1] for one in ("GOOD film", "A  film", "A  GOOD")]

    pieces = whole.explanation
    assert [text[piece.start : piece.end] for piece in pieces] == ["A", "GOOD", "film"]
    assert [piece.probs[1] for piece in pieces] == pytest.approx(
        [whole.probs[1] - one for one in without]
    )


def test_the_only_word_is_compared_with_a_text_of_nothing_known():
    result = explain("good", how="occlusion")[0]

    nothing = FakeClassifierGraph().probs([[TOKENIZER.unk_id]])[0]
    assert result.explanation[0].probs[1] == pytest.approx(result.probs[1] - nothing[1])


def test_words_are_left_out_in_one_batch():
    graph = FakeClassifierGraph()

    explain("a good film it is", how="occlusion", graph=graph)

    assert [len(batch) for batch in graph.batches] == [1, 5]


def test_each_text_is_explained():
    results = explain("a good film", "good", how="occlusion")

    assert [len(result.explanation) for result in results] == [3, 1]


@pytest.mark.parametrize(
    ("texts", "how", "message", "param"),
    [
        (["a"] * 4, "trajectory", "up to 3 texts, got 4", "input"),
        (["a a a a a a"], "occlusion", "6 words, `explain` by occlusion takes up to 5", "input"),
    ],
    ids=["texts", "words"],
)
def test_too_much_to_explain_is_refused_with_the_limit(texts, how, message, param):
    with pytest.raises(InvalidInput, match=message) as refused:
        explain(*texts, how=how)

    assert refused.value.param == param


def test_a_model_that_reads_both_ways_has_no_trajectory_but_occlusion():
    with pytest.raises(InvalidInput, match='use `explain` "occlusion"') as refused:
        explain("a good film", bidirectional=True)

    assert refused.value.param == "explain"
    assert explain("a good film", how="occlusion", bidirectional=True)[0].explanation


def test_an_explanation_that_the_model_fails_on_is_its_failure():
    class OnlyWhole(FakeClassifierGraph):
        def trajectory(self, token_ids):
            raise RuntimeError("poisoned")

    with pytest.raises(EngineFailure):
        explain("a good film", graph=OnlyWhole())
    with pytest.raises(EngineFailure):
        explain(TOKENIZER.decode([BAD_WORD_ID]))


def test_the_deadline_counts_between_texts():
    slow = FakeClassifierGraph(lambda sequences: time.sleep(0.03))

    with pytest.raises(DeadlineExceeded):
        explain("a", "good", deadline=time.monotonic() + 0.02, graph=slow)


def test_nothing_more_is_explained_to_a_caller_who_left():
    with pytest.raises(Cancelled):
        explain("a", "good", is_caller_gone=lambda: True)
