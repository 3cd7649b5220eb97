"""A stored model is measured on other data, beside a bag of words, and the figures are kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from model_store import Store
from tests.training.toys import write_names, write_reviews
from training import evaluate, train_classifier, train_generator
from training.data.labelled_texts import Rows
from training.script import run_script
from training.tasks.text_classification.evaluate import relabelled
from training.tasks.text_generation.evaluate import open_judge, spread
from training.tasks.text_generation.prediction import text_figures
from training.tasks.text_generation.served import ServedGenerator

CLASSIFIER = ["--embedding-dim", "12", "--hidden-size", "12", "--vocab-size", "320",
              "--max-epochs", "6", "--learning-rate", "0.02", "--batch-size", "16",
              "--no-baseline", "--seed", "3"]  # fmt: skip
GENERATOR = ["--lines", "--embedding-dim", "8", "--hidden-size", "12", "--max-epochs", "1",
             "--batch-size", "4", "--bptt-len", "20", "--samples", "10"]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store with a classifier and a generator, and the data that they were trained on."""
    folder = tmp_path_factory.mktemp("evaluate")
    reviews, names = write_reviews(folder / "reviews.csv"), write_names(folder / "names.txt")
    where = ["--store", str(folder / "store"), "--run-dir", str(folder / "run")]
    train_classifier.main(["--data", reviews, "--name", "toy", *where, *CLASSIFIER])
    train_generator.main(["--data", names, "--name", "names", *where, *GENERATOR])
    return folder


@pytest.fixture(autouse=True)
def _here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def evaluated(model, data, *argv):
    """Return what is kept of an evaluation."""
    evaluate.main([model, "--data", data, "--store", "store", *argv])
    name = f"{model.partition(':')[0]}-1-{Path(data).stem}.json"
    return json.loads((Path("runs/evaluations") / name).read_bytes())


def test_same_split_gives_the_figures_of_the_manifest():
    kept = evaluated("toy:1", "reviews.csv", "--seed", "3")

    manifest = Store(Path("store")).open("toy").manifest
    for name, value in kept["metrics"].items():
        if "baseline" not in name and "characters" not in name:
            assert value == pytest.approx(manifest.metrics[name], abs=1e-6)
    assert kept["metrics"]["user_test_baseline_accuracy"] > 0.9
    assert kept["sets"][0]["rows"] == 16


def test_all_rows_are_measured_next_to_a_bag_of_words_of_other_data(folder):
    write_reviews(folder / "more.csv", count=60)

    kept = evaluated("toy", "more.csv", "--all-rows", "--baseline-data", "reviews.csv")

    (found,) = kept["sets"]
    assert (found["name"], found["rows"], sum(map(sum, found["confusion"]))) == ("all", 60, 60)
    assert found["compared"]["baseline"]["accuracy"] > 0.9


def test_class_ids_of_the_data_become_those_of_the_model():
    rows = relabelled(Rows(["a", "b", "c"], [0, 1, 2]), ["x", "y", "z"], ["z", "x", "y"])

    assert rows.labels == [1, 2, 0]


def test_nothing_in_the_store_is_written():
    """The figures of shipped models were kept among their files, where Git follows them."""
    before = {path: path.stat().st_mtime_ns for path in Path("store").rglob("*")}
    evaluated("toy", "reviews.csv", "--no-baseline")

    assert before == {path: path.stat().st_mtime_ns for path in Path("store").rglob("*")}


def test_evaluation_is_kept_with_its_command_and_replaced_by_the_next():
    first = evaluated("toy", "reviews.csv", "--no-baseline", "--seed", "1")
    second = evaluated("toy", "reviews.csv", "--no-baseline", "--seed", "2")

    assert first["command"].endswith("--no-baseline --seed 1")
    assert second["command"].endswith("--no-baseline --seed 2")
    assert second["libraries"]["onnxruntime"]


def test_generator_has_loss_and_share_of_new_texts():
    kept = evaluated("names", "names.txt", "--lines", "--samples", "30")

    metrics = kept["metrics"]
    assert metrics["perplexity"] == pytest.approx(np.exp(metrics["loss"]))
    assert 0 <= metrics["new_share"] <= 1
    assert kept["split"] == "validation"


def test_bag_of_words_judges_texts_by_the_data_alone():
    """The classifier that chose a generator's passages agrees with it by its making."""
    argv = ["x", "--data", "reviews.csv", "--label-prompts", "--judge", "bag-of-words"]
    judge = open_judge(evaluate.build_parser().parse_args(argv))
    answers = judge.probs(["a very tender film", "the plot was awful"]).argmax(axis=1)

    assert tuple(judge.labels) == ("negative", "positive")
    assert answers.tolist() == [1, 0]


def test_documents_are_measured_each_from_its_own_beginning():
    stored = Store(Path("store")).open("names")
    served = ServedGenerator.open(stored)
    documents = ["anna", "berta", "doralin"]

    together = text_figures(served, documents)

    alone = [text_figures(served, [document]) for document in documents]
    counts = [len(document) + 1 for document in documents]  # and the end
    expected = np.average([figures["loss"] for figures in alone], weights=counts)
    assert together["loss"] == pytest.approx(expected, rel=1e-5)


def test_prompts_are_given_and_not_measured():
    """The mean loss of what follows, by hand from the rows that hold the prompt as well."""
    stored = Store(Path("store")).open("names")
    served = ServedGenerator.open(stored)
    whole = np.concatenate(list(served.losses(np.array([_row(served, "anna:berta")]))))
    served.config = served.config.model_copy(update={"prompts": ("anna",), "prompt_suffix": ":"})

    figures = text_figures(served, ["anna:berta"])

    assert figures["loss"] == pytest.approx(whole[5:].mean(), rel=1e-5)
    assert figures["bits_per_byte"] == pytest.approx(whole[5:].sum() / 5 / np.log(2), rel=1e-5)


def _row(served, document):
    return [served.config.bos_id, *served.tokenizer.encode_ids(document), served.config.eos_id]


def said(caplog, *argv):
    """Return what an evaluation says."""
    with caplog.at_level("INFO", "training"):
        evaluate.main([*argv, "--store", "store", "--no-baseline"])
    return "\n".join(caplog.messages)


def test_how_many_rows_are_measured_is_said(caplog):
    text = said(caplog, "toy", "--data", "reviews.csv")

    assert "measuring the test split, 16 of 160 rows (--all-rows measures every row" in text
    assert "| user | this model | 16 |" in text


def test_accuracy_of_all_rows_is_said_without_a_bag_of_words_too(caplog):
    text = said(caplog, "toy", "--data", "reviews.csv", "--all-rows")

    assert "measuring all 160 rows" in text
    assert "train:" not in text
    assert "| all | this model | 160 |" in text


@pytest.mark.parametrize(("most", "expected"), [(9, "abcdefg"), (7, "abcdefg"), (3, "adg")])
def test_documents_are_taken_from_all_over_the_list(most, expected):
    assert "".join(spread(list("abcdefg"), most)) == expected


def test_data_may_lack_a_label_of_the_model(folder):
    """Two of the model's three labels, in the model's order."""
    rows = relabelled(Rows(["a", "b"], [0, 1]), ["dog", "cat"], ["ant", "cat", "dog"])

    assert rows.labels == [2, 1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["toy", "--data", "reviews.csv", "--test-split", "0"], "give --test-split or --all-rows"),
        (
            ["toy", "--data", "animals.csv"],
            "knows the labels 'negative', 'positive', the data have 'cat', 'dog'",
        ),
        (["nobody", "--data", "reviews.csv"], "no model 'nobody' in the store"),
        (["toy:9", "--data", "reviews.csv"], "toy has no version 9"),
        (["toy:x", "--data", "reviews.csv"], "not NAME or NAME:VERSION"),
    ],
    ids=["no test rows", "other labels", "no model", "no version", "no number"],
)
def test_mistake_ends_with_code_2_and_one_line(argv, message, folder, caplog):
    rows = [f"it is a {('cat', 'dog')[place % 2]} {place},{('cat', 'dog')[place % 2]}\n"
            for place in range(60)]  # fmt: skip
    (folder / "animals.csv").write_text("text,label\n" + "".join(rows))

    code = run_script(evaluate.main, [*argv, "--store", "store"])

    assert code == 2
    assert message in caplog.messages[-1]
    assert "\n" not in caplog.messages[-1]
