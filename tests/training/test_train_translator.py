"""From sentence pairs to a version that the store opens and that translates."""

import csv
import json
import random
from pathlib import Path

import pytest

from model_store import Store
from training import evaluate, train_translator
from training.script import run_script
from training.tasks.translation.flags import PRESETS, parse
from training.tasks.translation.served import ServedTranslator

FRENCH = {"red": "rouge", "blue": "bleu", "big": "grand", "old": "vieux", "dog": "chien",
          "cat": "chat", "tree": "arbre", "book": "livre"}  # fmt: skip
COLOURS, THINGS = list(FRENCH)[:4], list(FRENCH)[4:]
SMALL = ["--vocab-size", "300", "--embedding-dim", "24", "--hidden-size", "32",
         "--encoder-hidden-size", "16", "--batch-size", "16", "--max-source-tokens", "16",
         "--max-tokens", "16", "--learning-rate", "0.01", "--max-epochs", "2",
         "--num-beams", "2"]  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_pairs(path="pairs.csv", *, count=300):
    """Write sentences whose translation has the thing first: "a big dog" is "un chien grand"."""
    source = random.Random(0)
    with Path(path).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["source", "target"])
        for number in range(count):
            words = [*source.choices(COLOURS, k=2), source.choice(THINGS)]
            french = [FRENCH[word] for word in (words[2], *words[:2])]
            rows.writerow([f"a {' '.join(words)} {number}", f"un {' '.join(french)}."])
    return path


def train(*argv):
    data = write_pairs()
    train_translator.main(["--data", data, "--name", "toy", "--store", "store", *SMALL, *argv])
    return Store(Path("store")).open("toy")


def test_learns_to_translate_and_tells_how_well():
    stored = train("--max-epochs", "30", "--test-split", "0.1", "--weights-dtype", "float16")
    served = ServedTranslator.open(stored)

    metrics = stored.manifest.metrics
    assert served.translate(["a big red dog 7"]) == ["un chien grand rouge."]
    assert metrics["test_bleu"] > 80
    assert {"test_chrf", "test_beam_bleu", "validation_bleu", "validation_loss"} <= set(metrics)
    assert stored.manifest.primary_metric.name == "test_bleu"


def test_evaluation_of_the_stored_version_finds_the_figures_of_its_training():
    stored = train("--test-split", "0.1")

    evaluate.main(["toy", "--data", "pairs.csv", "--store", "store", "--num-beams", "2"])

    (kept,) = Path("runs/evaluations").glob("toy-1-*.json")
    found = json.loads(kept.read_text())
    assert found["split"] == "test"
    wanted = {key: stored.manifest.metrics[f"test_{key}"] for key in found["metrics"]}
    assert found["metrics"] == pytest.approx(wanted)
    assert sorted(wanted) == ["beam_bleu", "beam_chrf", "bleu", "chrf"]


def test_version_says_what_the_service_must_know():
    stored = train("--source-language", "en", "--length-penalty", "0.7")

    config, tokenizer = stored.config, stored.tokenizer()
    assert (config.source_language, config.target_language) == ("en", "target")
    assert (config.bos_id, config.eos_id) == (tokenizer.bos_id, tokenizer.eos_id)
    assert (config.max_source_tokens, config.max_tokens) == (16, 16)
    assert config.length_penalty == 0.7
    assert config.sampling.temperature == 0
    assert {"model.onnx", "decoder.onnx", "weights.safetensors"} <= set(stored.manifest.files)


def test_card_shows_translations_and_the_command():
    stored = train()

    card = stored.read("README.md").decode()
    assert "| source | translation | references |" in card
    assert "sacreBLEU" in card
    assert "python -m training.train_translator --data pairs.csv" in card
    assert len(json.loads(stored.read("golden.json"))["cases"]) == 4


def test_same_seed_trains_the_same_weights():
    one, other = (train("--max-epochs", "1").read("weights.safetensors") for _ in range(2))

    assert one == other


def test_resumed_run_ends_with_the_weights_of_an_uninterrupted_one():
    whole = train("--max-epochs", "2", "--schedule", "constant").read("weights.safetensors")
    train("--max-epochs", "1", "--schedule", "constant", "--run-dir", "other")
    resumed = train("--max-epochs", "2", "--schedule", "constant", "--run-dir", "other", "--resume")

    assert resumed.read("weights.safetensors") == whole


def test_dry_run_writes_nothing(caplog):
    caplog.set_level("INFO")
    data = write_pairs()

    train_translator.main(["--data", data, "--name", "toy", *SMALL, "--dry-run"])

    assert sorted(path.name for path in Path().iterdir()) == [data]
    assert "dry run" in caplog.text


def test_pairs_that_do_not_fit_are_told(caplog):
    caplog.set_level("INFO")

    train("--max-source-tokens", "8")

    assert "left out: over 8 or 16 tokens" in caplog.text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data", "pairs.csv", "--max-source-tokens", "1"], "no pair of the training split fits"),
        (["--data", "pairs.csv", "--target-column", "fr"], "no column named 'fr'"),
        (["--data", "eng_deu"], "no named set of pairs"),
    ],
)
def test_mistakes_are_told_in_a_line_with_the_remedy(flags, message, caplog):
    write_pairs()

    code = run_script(train_translator.main, [*SMALL, "--name", "toy", *flags])

    assert code == 2
    assert message in caplog.text


def test_preset_is_the_command_of_the_shipped_translator(capsys):
    arguments = parse(["--preset", "eng-fra", "--name", "en-fr", "--max-epochs", "1"])

    assert (arguments.data, arguments.max_epochs) == ("eng_fra", 1)
    assert arguments.dropout == PRESETS["eng-fra"]["dropout"]
    with pytest.raises(SystemExit):
        parse(["--name", "en-fr"])
    assert "--data is missing" in capsys.readouterr().err
