import pytest

from training.tasks.token_classification.metrics import spans_of, tag_figures


@pytest.mark.parametrize(
    ("labels", "spans"),
    [
        ("B-A I-A O B-B", {("A", 0, 2), ("B", 3, 4)}),
        ("B-A B-A I-A", {("A", 0, 1), ("A", 1, 3)}),
        ("B-A I-B I-B O", {("A", 0, 1)}),
        ("I-A I-A", set()),
        ("O O", set()),
    ],
)
def test_spans_are_those_of_the_strict_scheme(labels, spans):
    assert spans_of(labels.split()) == spans


def test_figures_can_be_worked_out_by_hand():
    gold, found = [["B-A", "I-A", "O", "O"]], [["B-A", "O", "O", "O"]]
    figures = tag_figures(gold, found, "bio")
    assert figures["accuracy"] == 0.75
    assert figures["span_f1"] == 0.0
    assert figures["macro_f1"] == pytest.approx((1 + 0 + 0.8) / 3)
    assert tag_figures(gold, gold, "bio")["span_f1"] == 1.0
