"""From a text to a version that the store opens and that writes such text."""

import math
import random
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from model_store import Store
from tests.training.toys import BAD, GOOD, write_names, write_story
from training import train_generator
from training.data import streams
from training.data.corpus import CorpusData
from training.data.reports import DataReport
from training.data.vocab import train_char
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModelConfig
from training.script import run_script
from training.tasks.text_generation import recipe
from training.tasks.text_generation.flags import parse
from training.tasks.text_generation.served import ServedGenerator
from training.tasks.text_generation.train import build_net, store_config

SMALL = ["--embedding-dim", "12", "--hidden-size", "24", "--max-epochs", "2", "--batch-size", "4",
         "--learning-rate", "0.02", "--bptt-len", "20", "--samples", "40"]  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def train(data, *argv):
    train_generator.main(["--data", data, "--name", "toy", "--store", "store", *SMALL, *argv])
    return Store(Path("store")).open("toy")


def open_served(stored):
    return ServedGenerator.open(stored)


def test_names_end_by_themselves_and_the_share_of_new_ones_is_told(tmp_path):
    stored = train(write_names(tmp_path / "names.txt"), "--lines", "--max-epochs", "5")

    texts = open_served(stored).sample([""] * 50)

    config, metrics = stored.config, stored.manifest.metrics
    assert config.eos_id == config.bos_id == stored.tokenizer().eos_id
    assert sum(1 <= len(text) <= 12 for text in texts) > 40
    assert 0 <= metrics["new_share"] <= 1
    assert 0 < metrics["distinct_share"] <= 1


def test_running_text_never_ends_and_has_nothing_new_to_tell(tmp_path):
    stored = train(write_story(tmp_path / "story.txt", count=50), "--default-max-tokens", "30")

    (text,) = open_served(stored).sample(["the film"])

    assert stored.config.eos_id is None
    assert stored.tokenizer().decode([stored.config.bos_id]) == "\n"
    assert len(text) == 30
    assert "new_share" not in stored.manifest.metrics


def test_validation_figures_are_those_of_the_served_graph(tmp_path):
    stored = train(write_story(tmp_path / "story.txt", count=50), "--max-epochs", "1")
    tokenizer, text = stored.tokenizer(), (tmp_path / "story.txt").read_text()
    held_out = text[-round(len(text) * 0.1) :]
    metrics = stored.manifest.metrics

    ids = [stored.config.bos_id, *tokenizer.encode_ids(held_out)]
    losses = [float(loss[0]) for loss in open_served(stored).losses(np.array([ids]))]

    assert metrics["validation_loss"] == pytest.approx(sum(losses) / len(losses), rel=0.02)
    assert metrics["validation_perplexity"] == pytest.approx(math.exp(metrics["validation_loss"]))
    assert metrics["validation_bits_per_byte"] == pytest.approx(
        metrics["validation_loss"] / math.log(2)
    )  # a character is a byte here


@pytest.mark.parametrize(
    "argv",
    [
        ["--tokenizer", "word", "--vocab-size", "60", "--sampled-softmax", "10"],
        ["--tokenizer", "subword", "--vocab-size", "300", "--tie-weights", "--hidden-size", "12"],
        ["--cell", "rnn", "--activation-penalty", "2", "--slowness-penalty", "1"],
        ["--weights-dtype", "float16", "--precision", "bf16"],
    ],
    ids=lambda argv: argv[0] + argv[1],
)
def test_every_way_to_train_ends_in_a_sound_version(argv, tmp_path):
    stored = train(write_story(tmp_path / "story.txt", count=60), *argv, "--max-epochs", "1")

    assert Store(Path("store")).verify("toy", 1) == []
    assert stored.manifest.metrics["validation_perplexity"] < stored.config.vocab_size


def test_command_of_the_manifest_makes_the_same_version_again(tmp_path):
    first = train(write_story(tmp_path / "story.txt", count=60), "--max-epochs", "1")

    train_generator.main([*shlex.split(first.manifest.command)[3:], "--store", "store"])

    second = Store(Path("store")).open("toy")
    assert second.version == 2
    assert second.manifest.metrics == first.manifest.metrics


def test_dry_run_writes_nothing(tmp_path, caplog):
    story = write_story(tmp_path / "story.txt", count=60)

    with caplog.at_level("INFO"):
        train_generator.main(["--data", story, "--name", "toy", *SMALL, "--dry-run"])

    assert caplog.messages[-1].endswith("nothing written")
    assert [path.name for path in tmp_path.iterdir()] == ["story.txt"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--tie-weights"], "tied weights need embedding_dim == hidden_size, got 12 and 24"),
        (["--batch-size", "900"], "too few for batch_size 900"),
        (["--top-p", "0"], "top_p: Input should be greater than 0"),
    ],
    ids=str,
)
def test_flags_that_do_not_fit_together_are_told_in_one_line(argv, message, tmp_path, caplog):
    story = write_story(tmp_path / "story.txt", count=20)

    code = run_script(
        train_generator.main, ["--data", story, "--name", "toy", "--store", "s", *SMALL, *argv]
    )

    assert code == 2
    assert message in caplog.messages[-1]
    assert "\n" not in caplog.messages[-1]


def corpus(*, prompts=()):
    return CorpusData(["Greek:Nia", "Irish:Una"], [], [], prompts, (), DataReport((), {}))


@pytest.mark.parametrize(
    ("prompts", "argv", "suffix"),
    [
        ((), [], ""),
        (("Greek", "Irish"), [], ":"),
        (("Greek", "Irish"), ["--prompt-suffix", " > "], " > "),
    ],
)
def test_prompts_that_are_labels_are_followed_by_a_colon(prompts, argv, suffix):
    arguments = parse(["--data", "x", "--name", "x", *argv])
    shape = LanguageModelConfig(StackConfig(vocab_size=9, embedding_dim=2, hidden_size=2))

    config = store_config(arguments, shape, corpus(prompts=prompts), 3)

    assert config.prompts == prompts
    assert config.wrap("Greek") == f"Greek{suffix}"


def test_stream_has_a_boundary_before_each_document_and_after_the_last():
    tokenizer = train_char(["ab"], vocab_size=10)
    a, b = tokenizer.encode_ids("ab")

    documents = streams.as_stream(["ab", "b"], tokenizer, 3)
    running = streams.as_stream(["ab"], tokenizer, 3)

    assert documents.tolist() == [3, a, b, 3, b, 3]
    assert running.tolist() == [3, a, b]


def test_penn_treebank_preset_is_the_papers_small_network():
    preset = parse(["--data", "ptb", "--name", "ptb", "--preset", "zaremba-small"])

    assert (preset.num_layers, preset.hidden_size, preset.embedding_dim) == (2, 200, 200)
    assert (preset.batch_size, preset.bptt_len, preset.max_epochs) == (20, 20, 13)
    # the paper's loss is a sum over 20 steps, here it is their mean
    assert (preset.learning_rate / 20, preset.grad_clip_norm * 20) == (1.0, 5.0)
    assert (preset.decay_after, preset.epoch_decay, preset.init_range) == (4, 0.5, 0.1)
    recipe.choose(preset, 929_589, is_started=False)
    assert preset == parse(["--data", "ptb", "--name", "ptb", "--preset", "zaremba-small"])
    assert not any(value for flag, value in vars(preset).items() if flag.endswith("dropout"))


@pytest.mark.parametrize(
    ("num_tokens", "batch_size", "max_epochs"),
    [(2_000, 8, 40), (200_000, 8, 23), (5_000_000, 32, 4), (100_000_000, 64, 1)],
)
def test_windows_learned_from_are_as_many_whatever_the_text(num_tokens, batch_size, max_epochs):
    """Ten passes over 200 kB in rows of 64 were 220 steps: letter salad."""
    arguments = parse(["--data", "x", "--name", "x"])
    recipe.choose(arguments, num_tokens, is_started=False)
    assert (arguments.batch_size, arguments.max_epochs) == (batch_size, max_epochs)
    assert (arguments.schedule, arguments.hidden_size) == ("cosine", 256)


def test_flags_given_are_kept():
    given = ["--max-epochs", "3", "--hidden-size", "12", "--output-dropout", "0", "--tie-weights"]
    arguments = parse(["--data", "x", "--name", "x", *given])
    recipe.choose(arguments, 200_000, is_started=False)
    assert (arguments.max_epochs, arguments.hidden_size, arguments.output_dropout) == (3, 12, 0)


def test_tied_weights_keep_the_embeddings_width():
    arguments = parse(["--data", "x", "--name", "x", "--tie-weights"])
    recipe.choose(arguments, 200_000, is_started=False)
    assert arguments.hidden_size == arguments.embedding_dim


def test_initial_range_holds_for_every_weight():
    arguments = parse(["--data", "x", "--name", "x", "--init-range", "0.1"])
    recipe.choose(arguments, 10_000, is_started=False)

    net = build_net(arguments, 50, None)

    assert all(parameter.abs().max() <= 0.1 for parameter in net.parameters())
    assert all(parameter.std() > 0.03 for parameter in net.parameters())


def test_flags_that_a_generator_gone_on_from_overrules_are_said(tmp_path, caplog):
    story = write_story(tmp_path / "story.txt", count=50)
    train(story, "--max-epochs", "1")
    caplog.clear()

    train(story, "--init-from", "toy", "--cell", "rnn", "--max-epochs", "1")

    assert "toy is taken with its network and its tokenizer" in caplog.text
    assert "--cell rnn" in caplog.text


def test_generator_goes_on_from_another_ones_weights(tmp_path):
    """With nothing learned since, it is the same network with the same tokenizer."""
    story = write_story(tmp_path / "story.txt", count=50)
    first = train(story, "--tie-weights", "--embedding-dim", "24")

    again = train(story, "--init-from", "toy:1", "--learning-rate", "1e-12", "--max-epochs", "1")

    assert again.version == 2
    assert again.config.tie_weights
    assert again.read("tokenizer.json") == first.read("tokenizer.json")
    old, new = (load(version.read("weights.safetensors")) for version in (first, again))
    for name, tensor in old.items():
        torch.testing.assert_close(new[name], tensor)


def test_labels_of_a_table_become_the_prompts(tmp_path):
    source = random.Random(0)
    rows = [
        f"{' '.join(source.choice(words) for _ in range(4))},{label}"
        for words, label in [(GOOD, "positive"), (BAD, "negative")]
        for _ in range(100)
    ]
    (tmp_path / "moods.csv").write_text("\n".join(["text,label", *rows]))

    stored = train("moods.csv", "--label-prompts", "--max-epochs", "6", "--hidden-size", "48")

    assert stored.config.prompts == ("negative", "positive")
    assert stored.config.wrap("positive") == "positive:"
    praise = " ".join(open_served(stored).sample(["positive"] * 30))
    blame = " ".join(open_served(stored).sample(["negative"] * 30))
    assert count_words(praise, GOOD) > count_words(praise, BAD)
    assert count_words(blame, BAD) > count_words(blame, GOOD)


def test_judge_without_labels_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--data", "my.txt", "--name", "toy", "--judge", "sentiment"])

    assert "--judge goes with --label-prompts" in capsys.readouterr().err


def count_words(text, words):
    return sum(word in words for word in text.split())
