"""Train a tagger of words: what `train_tagger` runs.

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from model_store.bio import allowed_pairs, best_path
from model_store.tasks.token_classification import TaggerConfig
from model_store.words import WordVocabulary, normal_form
from training import cli, flags
from training.data.conll import Sentence, TaggedData, load_tagged
from training.export.publish import Described, command_line, to_graphs
from training.fitting.callbacks import Point
from training.fitting.processes import this_share
from training.nets.tagger import Tagger, TaggerNetConfig
from training.reports.figures import draw_curves
from training.reports.intervals import interval
from training.tasks.token_classification.batches import Encoded, TaggedBatches, collate, encode
from training.tasks.token_classification.metrics import tag_figures
from training.tasks.token_classification.module import TaggerModule
from training.tasks.token_classification.task import MAX_WORD_CHARS, TASK

GOLDEN_TEXTS = ("She didn't sell 1,200 shares in Paris.", "ok", "Where's Dr. Nguyễn's e-mail?")
EVALUATION_BATCH_SIZE = 64


def learn_vocabulary(sentences: Sequence[Sentence], min_count: int) -> WordVocabulary:
    """Return the words that training has seen so often, and all of its characters."""
    words = Counter(normal_form(word) for one in sentences for word in one.words)
    kept = [word for word, count in sorted(words.items()) if count >= min_count]
    characters = {character for one in sentences for word in one.words for character in word}
    return WordVocabulary(words=kept or list(words), characters="".join(sorted(characters)))


def build(
    arguments: argparse.Namespace, data: TaggedData, vocabulary: WordVocabulary
) -> tuple[Tagger, TaggerConfig]:
    """Build the network, and its configuration in the store's words."""
    net = Tagger(
        flags.options_from(
            TaggerNetConfig,
            arguments,
            num_words=vocabulary.num_words,
            num_characters=vocabulary.num_characters,
            num_labels=len(data.labels),
        )
    )
    config = TaggerConfig(
        cell=net.config.cell,
        hidden_size=net.config.hidden_size,
        num_layers=net.config.num_layers,
        labels=data.labels,
        scheme="bio" if data.scheme == "bio" else "plain",
        word_dim=net.config.word_dim,
        character_dim=net.config.character_dim,
        character_hidden_size=net.config.character_hidden_size,
        num_words=vocabulary.num_words,
        num_characters=vocabulary.num_characters,
        max_word_chars=MAX_WORD_CHARS,
        max_words=arguments.max_words,
    )
    return net, config


def train(
    arguments: argparse.Namespace, net: Tagger, rows: Sequence[Encoded], held_out: Sequence[Encoded]
) -> list[Point] | None:
    """Fit the net; see `cli.fit_or_try`."""
    with cli.checking_flags():
        batches = TaggedBatches(
            rows,
            MAX_WORD_CHARS,
            batch_size=arguments.batch_size,
            seed=arguments.seed,
            share=this_share(),
        )
    module = TaggerModule(net, cli.optimizer_options(arguments))
    rest = TaggedBatches(held_out, MAX_WORD_CHARS, batch_size=EVALUATION_BATCH_SIZE)
    return cli.fit_or_try(arguments, module, batches, rest)


@torch.inference_mode()
def tag(net: Tagger, rows: Sequence[Encoded], config: TaggerConfig) -> list[list[str]]:
    """Return the labels of each sentence, as the service chooses them."""
    net.eval()
    allowed = allowed_pairs(config.labels) if config.scheme == "bio" else None
    found: list[list[str]] = []
    for start in range(0, len(rows), EVALUATION_BATCH_SIZE):
        part = rows[start : start + EVALUATION_BATCH_SIZE]
        logits = net(*collate(part, config.max_word_chars)[:4])
        for row, probs in zip(part, torch.softmax(logits, dim=2).numpy(), strict=True):
            own = probs[: len(row.word_ids)]
            best = np.argmax(own, axis=1).tolist() if allowed is None else best_path(own, allowed)
            found.append([config.labels[place] for place in best])
    return found


def measure(
    net: Tagger, data: TaggedData, encoded: dict[str, list[Encoded]], config: TaggerConfig
) -> dict[str, float]:
    """Return the figures of each held-out split, with the interval of the accuracy."""
    figures: dict[str, float] = {}
    for split, sentences in (("validation", data.validation), ("test", data.test)):
        if not sentences:
            continue
        gold = [one.labels[: config.max_words] for one in sentences]
        found = tag_figures(gold, tag(net, encoded[split], config), config.scheme)
        low, high = interval(found["accuracy"], sum(map(len, gold)))
        found |= {"accuracy_low": low, "accuracy_high": high}
        figures |= {f"{split}_{key}": value for key, value in found.items()}
    return figures


def describe(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    data: TaggedData,
    *,
    figures: dict[str, float],
    points: Sequence[Point],
) -> Described:
    """Gather what goes into the version besides the net."""
    figure = "span_f1" if data.scheme == "bio" else "accuracy"
    about = cli.about_run(
        TASK,
        command_line("training.train_tagger", argv),
        datasets=data.datasets,
        figures=figures,
        primary=f"{'test' if data.test else 'validation'}_{figure}",
    )
    example = arguments.example or GOLDEN_TEXTS[0]
    golden = (example, *GOLDEN_TEXTS)
    return Described(about, golden, example, pictures={"curves.png": draw_curves(points)})


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Read data, train, measure, publish."""
    cli.prepare(arguments)
    data = load_tagged(
        arguments.data,
        word_column=arguments.word_column,
        label_column=arguments.label_column,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    cli.say_report(data.report)
    vocabulary = learn_vocabulary(data.train, arguments.min_count)
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    encoded = {
        split: encode(sentences, vocabulary, data.labels, max_word_chars=MAX_WORD_CHARS,
                      max_words=arguments.max_words)
        for split, sentences in splits.items()
    }  # fmt: skip
    with cli.checking_flags():
        net, config = build(arguments, data, vocabulary)
    points = train(arguments, net, encoded["train"], encoded["validation"])
    if points is None:
        return
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    figures = measure(net, data, encoded, config)
    described = describe(arguments, argv, data, figures=figures, points=points)
    cli.publish_run(arguments, net, exported, config, tokenizer=vocabulary, described=described)
