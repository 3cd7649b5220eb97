"""Nothing is published on answers that prove nothing: NaN, logits taken for probabilities, junk."""

import json

import pytest

from tests.model_store.importing.onnx_graphs import write_graph

WORDS = ("<pad>", "<unk>", "good", "bad", "film", "a")


@pytest.fixture
def import_graph(run_import, tmp_path):
    (tmp_path / "words.txt").write_text("\n".join(WORDS))

    def run(*flags, num_outputs=2):
        write_graph(tmp_path / "net.onnx", num_outputs)
        words = ("--vocabulary", tmp_path / "words.txt", "--maxlen", 9)
        return run_import(tmp_path / "net.onnx", *words, *flags)

    return run


@pytest.mark.parametrize("num_outputs", [1, 3])
def test_logits_are_not_published_as_probabilities(import_graph, tmp_path, num_outputs):
    status, _, error = import_graph(num_outputs=num_outputs)

    assert status == 1
    assert "its answers are no probabilities" in error
    assert "say --logits" in error
    assert not (tmp_path / "store").exists()


def test_a_graph_whose_answers_are_not_one_an_input_is_refused(import_graph, tmp_path):
    """With --time-first a graph of (batch, time) takes each token for a text of its own."""
    status, _, error = import_graph("--logits", "--time-first")

    assert status == 1
    assert "not a row each" in error
    assert "--time-first" in error
    assert not (tmp_path / "store").exists()


EXPECTED = {
    "NaN": ({"outputs": [[float("nan")] * 2]}, "outputs.0.0"),
    "nothing": ({"outputs": [None]}, "outputs.0"),
    "words": ({"outputs": [["x", "y"]]}, "outputs.0.0"),
    "rows of different lengths": (
        {"texts": ["a", "b"], "outputs": [[0.5, 0.5], [1.0]]}, "different lengths",
    ),
    "texts that are none": ({"texts": [1]}, "texts.0"),
    "no list of texts": ({"texts": 5}, "texts"),
    "numbers for a model of texts": ({"texts": None, "inputs": [[1.0]]}, "the network reads texts"),
    "ids that are none": ({"token_ids": [5]}, "token_ids.0"),
    "fewer ids than texts": ({"token_ids": []}, "0 token_ids"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), EXPECTED.values(), ids=EXPECTED)
def test_a_file_of_answers_that_prove_nothing_is_refused(import_graph, tmp_path, change, reason):
    """Answers that were NaN once passed as equal to any: no comparison with NaN is true."""
    content = {"texts": ["a good film"], "outputs": [[0.5, 0.5]]} | change
    (tmp_path / "expected.json").write_text(json.dumps(content))

    status, _, error = import_graph("--logits", "--expected", tmp_path / "expected.json")

    assert status == 1
    assert error.startswith("error: expected.json: ")
    assert error.count("\n") == 1
    assert reason in error
    assert "docs/migrate.md" in error
    assert not (tmp_path / "store").exists()
