"""From a file of texts to a version that the store opens, and every way to mistype it."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from model_store import ClassifierConfig, GeneratorConfig, Store
from service.engine.tasks.text_classification.runtime import ClassifierRuntime
from tests.training.toys import write_names, write_reviews
from training import train_classifier, train_generator
from training.data.labelled_texts import load_classification
from training.errors import UsageError
from training.script import run_script
from training.tasks.text_classification.flags import parse
from training.tasks.text_classification.served import ServedClassifier

STORE = Path("store")
SMALL = ["--embedding-dim", "12", "--hidden-size", "12", "--vocab-size", "320", "--max-epochs", "6",
         "--learning-rate", "0.02", "--batch-size", "16", "--test-split", "0.2"]  # fmt: skip


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    """A CSV in the working folder, where the default store and run folder go as well."""
    monkeypatch.chdir(tmp_path)
    return write_reviews(tmp_path / "reviews.csv")


def train(*argv, store=STORE, data="reviews.csv"):
    given = ["--data", data, "--name", "toy", "--store", str(store), *SMALL, *argv]
    train_classifier.main(given)
    return Store(store).open("toy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A version trained with the flags above, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("trained")
    data = write_reviews(folder / "reviews.csv")
    return train("--run-dir", str(folder / "run"), store=folder / "store", data=data)


def open_served(stored):
    return ServedClassifier.open(stored)


def files_under(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_scores_after_each_token_end_with_the_answer_of_both_paths(trained):
    stored = trained
    ids = stored.config.input_ids("a very tender film", stored.tokenizer())
    files = {name: stored.read(f"{name}.onnx") for name in ("model", "head")}
    weights = stored.read("weights.safetensors")
    runtime = ClassifierRuntime(stored.config, **files, weights=weights)

    assert stored.config.ngrams == 3
    np.testing.assert_allclose(runtime.trajectory(ids)[-1], runtime.probs([ids])[0], atol=1e-6)


def test_version_trained_from_a_file_answers_right(trained):
    stored, served = trained, open_served(trained)

    probs = served.probs(["a very tender film", "the plot was awful"])

    assert stored.config.labels == ("negative", "positive")
    assert probs.argmax(axis=1).tolist() == [1, 0]
    assert stored.manifest.metrics["user_test_accuracy"] > 0.9
    assert stored.manifest.primary_metric.name == "user_test_accuracy"


def test_figures_of_the_manifest_are_those_of_the_served_graph(trained):
    data = str(trained.path.parents[2] / "reviews.csv")
    test = load_classification([data], validation_split=0.1, test_split=0.2).tests["user"]

    probs = open_served(trained).probs(test.texts)

    accuracy = (probs.argmax(axis=1) == np.array(test.labels)).mean()
    assert accuracy == pytest.approx(trained.manifest.metrics["user_test_accuracy"])


def test_card_compares_with_a_bag_of_words_unless_told_not_to(trained, reviews):
    with_it = trained.read("README.md").decode()
    without = train("--no-baseline", "--max-epochs", "1")

    assert "## Next to a bag of words" in with_it
    assert "![accuracy against confidence](calibration.png)" in with_it
    assert "## Next to a bag of words" not in without.read("README.md").decode()
    assert not any("baseline" in name for name in without.manifest.metrics)


@pytest.mark.parametrize(("share", "is_fitted"), [("0.05", False), ("0.3", True)])
def test_temperature_is_fitted_to_thirty_validation_texts_or_more(share, is_fitted, reviews):
    stored = train("--validation-split", share, "--no-baseline", "--no-ngrams")

    temperature = load(stored.read("weights.safetensors"))["temperature"]
    assert (temperature.item() != 1.0) == is_fitted


def test_temperature_at_its_stop_is_told_and_left_out(reviews, caplog):
    """Of a network that learned nothing, none makes the validation labels likely."""
    with caplog.at_level("INFO"):
        stored = train("--no-ngrams", "--learning-rate", "1e-9", "--max-epochs", "1",
                       "--validation-split", "0.4", "--no-baseline")  # fmt: skip
    assert load(stored.read("weights.safetensors"))["temperature"].item() == 1.0
    assert "not calibrated: no temperature from 0.1 to 10.0" in caplog.text


def test_command_of_the_manifest_makes_the_same_version_again(reviews):
    first = train("--weights-dtype", "float16", "--dropout", "0.3", "--max-epochs", "2")

    python, dash_m, module, *argv = shlex.split(first.manifest.command)
    train_classifier.main([*argv, "--store", str(STORE)])

    second = Store(STORE).open("toy")
    assert (second.version, module) == (2, "training.train_classifier")
    assert second.manifest.metrics == first.manifest.metrics
    assert second.manifest.files["weights.safetensors"] == first.manifest.files[
        "weights.safetensors"
    ]  # fmt: skip


@pytest.mark.parametrize("sources", [("digits", "reviews.csv"), ("reviews.csv", "digits")])
def test_numbers_with_more_sources_are_refused(reviews, sources):
    """Of `--data digits more.npz` the second was left out without a word."""
    with pytest.raises(UsageError, match="digits holds numbers.*name it alone"):
        train_classifier.main(["--name", "toy", "--data", *sources])


def test_flags_that_a_start_overrules_are_said(reviews, caplog):
    """`--init-from NAME --hidden-size 77` trained the start's size without a word."""
    train("--max-epochs", "1", "--no-baseline")
    caplog.clear()
    train("--init-from", "toy", "--cell", "gru", "--max-epochs", "1", "--no-baseline", "--dry-run")
    assert "so these have no effect: --cell gru (" in caplog.text


def test_run_resumed_with_more_epochs_goes_on_with_the_same_vocabulary(reviews, caplog):
    train("--max-epochs", "1", "--no-baseline")
    tokenizer = Store(STORE).open("toy").read("tokenizer.json")

    with caplog.at_level("INFO"):
        stored = train("--max-epochs", "2", "--resume", "--no-baseline")

    assert [m for m in caplog.messages if m.startswith("epoch")][0].startswith("epoch 2 of 2")
    assert stored.read("tokenizer.json") == tokenizer
    assert "--resume" not in stored.manifest.command


def test_dry_run_tries_a_batch_and_writes_nothing(reviews, tmp_path, caplog):
    before = files_under(tmp_path)
    argv = ["--data", "reviews.csv", "--name", "toy", *SMALL, "--dry-run"]

    with caplog.at_level("INFO"):
        train_classifier.main(argv)

    assert files_under(tmp_path) == before
    assert re.search(r"8 batches an epoch, 6 epochs: .*; nothing written$", caplog.messages[-1])


def test_classifier_goes_on_from_a_generators_layers(reviews, tmp_path):
    """With nothing learned since, embedding and recurrent layer are the generator's own."""
    train_generator.main([
        "--data", write_names(tmp_path / "names.txt"), "--lines", "--name", "lm", "--store",
        "store", "--tokenizer", "subword", "--vocab-size", "300", "--embedding-dim", "7",
        "--hidden-size", "9", "--max-epochs", "1", "--batch-size", "4", "--samples", "0",
    ])  # fmt: skip
    generator = Store(STORE).open("lm")

    stored = train("--init-from", "lm:1", "--learning-rate", "1e-12", "--max-epochs", "1")

    config = stored.config
    assert isinstance(config, ClassifierConfig)
    assert isinstance(generator.config, GeneratorConfig)
    assert (config.embedding_dim, config.hidden_size, config.vocab_size) == (
        7, 9, generator.config.vocab_size,
    )  # fmt: skip
    assert stored.read("tokenizer.json") == generator.read("tokenizer.json")
    learned, taken = (load(version.read("weights.safetensors")) for version in (stored, generator))
    for name in ("stack.embedding.weight", "stack.forward_layers.0.weight_hh"):
        torch.testing.assert_close(learned[name], taken[name])


def test_last_lines_say_how_to_serve_and_call_it(reviews, caplog):
    with caplog.at_level("INFO"):
        train("--example", "It's a fine film", "--no-baseline", "--max-epochs", "1")

    assert any(message.startswith("published toy:1 in store/toy/1") for message in caplog.messages)
    assert "STORE_DIR=store make serve" in caplog.messages[-1]
    assert """{"model": "toy", "input": "It'"'"'s a fine film"}""" in caplog.messages[-1]


def test_no_text_of_the_users_own_data_nor_of_films_is_in_the_example(trained):
    call = '{"model": "toy", "input": "Text of your own to classify."}'

    assert call in trained.read("README.md").decode()
    assert b"film" not in trained.read("golden.json")


@pytest.mark.parametrize(
    ("argv", "example"),
    [
        (["--data", "imdb", "sst2"], "A tender, funny and beautifully acted film."),
        (["--data", "imdb", "--example", "Fine."], "Fine."),
        (["--data", "tickets.csv"], "Text of your own to classify."),
    ],
)
def test_example_fits_the_data_unless_it_is_given(argv, example):
    assert parse([*argv, "--name", "x"]).example == example


MISTAKES = [
    (["--hidden-size", "0"], "--hidden-size: '0' is no whole number from 1 up"),
    (["--dropout", "1"], "--dropout: '1' is no share"),
    (["--learning-rate", "nan"], "--learning-rate: 'nan' is no number"),
    (["--validation-split", "0"], "--validation-split: '0' is no number over 0"),
    (["--cell", "transformer"], "--cell: invalid choice: 'transformer'"),
    (["--preset", "best"], "--preset: invalid choice: 'best'"),
    (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
    (["--name", "My Model"], "model name 'My Model' is not allowed"),
    (["--data", "nothing.csv"], "'nothing.csv' is no named set"),
    (["--label-column", "stars"], "stars"),
    (["--resume"], "nothing to resume: runs/toy/last.ckpt does not exist"),
    (["--init-from", "nobody"], "store cannot be read"),
    (["--init-from", "lm:one"], "'lm:one' is not NAME or NAME:VERSION"),
]


@pytest.mark.parametrize(("argv", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistake_ends_with_code_2_and_one_line(argv, message, reviews, tmp_path, caplog, capsys):
    before = files_under(tmp_path)
    given = ["--data", "reviews.csv", "--name", "toy", "--store", "store", *SMALL, *argv]

    code: object
    try:
        code = run_script(train_classifier.main, given)
    except SystemExit as stop:  # argparse's own
        code = stop.code

    said = capsys.readouterr().err or "\n".join(
        record.getMessage() for record in caplog.records if record.levelname == "ERROR"
    )
    assert code == 2
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert files_under(tmp_path) == before


def test_sigmoid_over_three_classes_is_a_mistake_in_the_flags(reviews, tmp_path, caplog):
    lines = (tmp_path / "reviews.csv").read_text().splitlines()
    more = [f"neither here nor there {place},mixed" for place in range(40)]
    (tmp_path / "three.csv").write_text("\n".join([*lines, *more]))

    code = run_script(
        train_classifier.main, ["--data", "three.csv", "--name", "t", "--sigmoid-output"]
    )

    assert code == 2
    assert caplog.messages[-1] == "error: a sigmoid output tells 2 classes apart, not 3"


def test_a_fault_of_ours_keeps_its_traceback():
    def broken(argv):
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run_script(broken, [])


def test_preset_changes_defaults_and_flags_given_win_over_it():
    given = ["--data", "x", "--name", "x"]

    plain, classic = parse(given), parse([*given, "--preset", "classic"])
    mixed = parse([*given, "--hidden-size", "32", "--preset", "classic", "--patience", "4"])

    assert (plain.hidden_size, plain.pooling, plain.sigmoid_output) == (128, "concat", False)
    assert (classic.embedding_dim, classic.hidden_size, classic.dense_dims) == (50, 64, [256])
    assert (classic.optimizer, classic.batch_size, classic.max_epochs) == ("rmsprop", 128, 10)
    assert (classic.dropout, classic.sigmoid_output, classic.min_delta) == (0.5, True, 1e-4)
    assert (mixed.hidden_size, mixed.patience, mixed.embedding_dim) == (32, 4, 50)


def test_resumed_run_of_names_reads_ngrams_as_long_as_at_its_start(tmp_path):
    """The kept tokenizer's kind was once not chosen again, and n-grams fell from five to three."""
    data = tmp_path / "names.csv"
    names = [f"{stem}{end},{end}" for end in ("ski", "ov") for stem in map(str, range(30))]
    data.write_text("\n".join(["text,label", *names]))
    given = ["--run-dir", str(tmp_path / "run"), "--max-epochs", "2"]
    where = {"store": tmp_path / "store", "data": str(data)}

    first = train(*given, **where)
    second = train(*given, "--resume", **where)

    assert (first.config.ngrams, second.config.ngrams) == (5, 5)
