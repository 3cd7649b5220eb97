"""The small models that the pages on recurrent networks ask: one of each cell, in the store.

All are trained alike, on sentences whose word to remember stands near, and measured far beyond.
"""

import json
from pathlib import Path
from typing import Any

from model_store import ClassifierConfig, Store, Tokenizer
from model_store.manifest import Dataset
from training import cli
from training.export.publish import Described, publish, to_graphs
from training.lessons.language import LABELS
from training.lessons.learning import Plan, Start, accuracy, build, layer_of, learn_tokenizer, train
from training.nets.classifier import TextClassifier
from training.reports.lessons import draw_lines, table
from training.task import task_of

NAME = "lost-context"  # and the cell after it
STARTS = (Start("RNN", "rnn"), Start("LSTM", "lstm"), Start("GRU", "gru"))
PLAN = Plan(steps=1500, hidden_size=16, embedding_dim=8, learning_rate=5e-3)
NEAR = (2, 12)  # tokens between, in training
MEASURED = (5, 10, 20, 40, 80, 120)
MAX_SEQ_LEN = 400
EXAMPLE = "Je suis français, il fait beau, mon voisin est belge, et j'habite en"
GOLDEN = (EXAMPLE, "Je suis suisse, je vis en", "en", f"Je suis grec{', il pleut' * 60}, je vis en")


def publish_models(
    store: Store, command: str, *, seed: int, weights_file: Path | None = None
) -> None:
    """Train a model of each cell and publish it.

    Args:
        store: Where to.
        command: What trains them again.
        seed: Of weights and sentences.
        weights_file: Where words and weights of all go as JSON, if anywhere.
    """
    tokenizer = learn_tokenizer()
    weights: dict[str, Any] = {}
    for start in STARTS:
        net = build(start, PLAN, tokenizer.vocab_size, seed=seed)
        losses = train(net, tokenizer, PLAN, lambda draw: draw.randint(*NEAR), seed=seed)
        net.eval()
        weights[start.cell] = weights_of(net)
        config = config_of(net)
        stored = publish(
            net,
            to_graphs(task_of(config), net),
            config,
            tokenizer=tokenizer,
            store=store,
            name=f"{NAME}-{start.cell}",
            described=describe(start, net, tokenizer, losses, command),
        )
        cli.say_published(stored, EXAMPLE)
    if weights_file is not None:
        words = tokenizer.pieces(range(tokenizer.vocab_size))
        content = {"words": words, "labels": LABELS, "cells": weights}
        weights_file.write_text(json.dumps(content) + "\n")


def config_of(net: TextClassifier) -> ClassifierConfig:
    """Return the network in the store's words."""
    stack = net.config.stack
    return ClassifierConfig(
        cell=stack.cell,
        vocab_size=stack.vocab_size,
        embedding_dim=stack.embedding_dim,
        hidden_size=stack.hidden_size,
        num_layers=1,
        pooling="last",
        labels=LABELS,
        max_seq_len=MAX_SEQ_LEN,
    )


def describe(
    start: Start, net: TextClassifier, tokenizer: Tokenizer, losses: list[float], command: str
) -> Described:
    """Measure a network over all distances; return what its version says of it."""
    points = [(distance, accuracy(net, tokenizer, distance)) for distance in MEASURED]
    lines = {start.name: points}
    source = "made by this project (training/lessons/language.py)"
    about = cli.about_run(
        task_of(config_of(net)),
        command,
        datasets=[
            Dataset(
                name=NAME,
                split="train",
                rows=len(losses) * PLAN.batch_size,
                source=source,
                licence="Apache-2.0",
            )
        ],  # fmt: skip
        figures={f"accuracy_at_{distance}": right for distance, right in points},
        primary=f"accuracy_at_{MEASURED[1]}",
    )
    told = (
        f"Trained on sentences with {NEAR[0]} to {NEAR[1]} tokens between the nationality and the "
        f'final "en" (a new one each time), asked over more: 500 sentences each, 0.125 by chance.'
    )
    head = "tokens between"
    return Described(
        about=about,
        golden=GOLDEN,
        example=EXAMPLE,
        notes={
            "Accuracy by distance": f"{told}\n\n{table(lines, head=head, form='{:.3f}'.format)}\n\n"
            "![accuracy by distance](distances.png)"
        },
        pictures={
            "curves.png": draw_lines(
                {"loss": list(enumerate(losses, 1))}, across="step", up="nats"
            ),
            "distances.png": draw_lines(lines, across=head, up="accuracy", level=1 / len(LABELS)),
        },
    )


def weights_of(net: TextClassifier) -> dict[str, Any]:
    """Return a network's weights by name, in torch's layout (see `nets.cells`).

    Numbers have nine digits, which give a float32 back as it was.
    """
    arrays = {
        "embedding": net.stack.embedding.weight,
        **layer_of(net).weights()._asdict(),
        "output": net.output.weight,
        "output_bias": net.output.bias,
    }
    return {name: _rounded(array.detach().tolist()) for name, array in arrays.items()}


def _rounded(values: Any) -> Any:
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return float(f"{values:.9g}")
