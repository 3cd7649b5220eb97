"""Accuracy by distance and cell, measured: `python -m training.long_range`."""

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import torch

from model_store import Store
from training.export.publish import command_line, library_versions
from training.lessons.learning import accuracy, build, learn_tokenizer, train
from training.lessons.models import publish_models
from training.lessons.plan import Plan, Start
from training.reports.lessons import draw_lines, table

log = logging.getLogger(__name__)

STARTS = (
    Start("RNN", "rnn"),
    Start("LSTM", "lstm"),
    Start("LSTM, forget bias 3", "lstm", forget_bias=3.0),
    Start("LSTM, chrono", "lstm", chrono=True),
    Start("GRU", "gru"),
    Start("GRU, chrono", "gru", chrono=True),
)


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Train and measure a network of each start for each distance; a row each."""
    tokenizer = learn_tokenizer()
    plan = Plan(
        steps=arguments.steps,
        hidden_size=arguments.hidden_size,
        learning_rate=arguments.learning_rate,
        longest=max(arguments.distances),
    )
    rows = []
    for start in STARTS:
        found = []
        for distance in sorted(arguments.distances):
            net = build(start, plan, tokenizer.vocab_size, seed=arguments.seed)
            losses = train(net, tokenizer, plan, always(distance), seed=arguments.seed)
            right = accuracy(net, tokenizer, distance)
            found.append({"distance": distance, "steps": len(losses), "accuracy": right})
            log.info(
                "%-20s %4d tokens: %.3f after %d steps", start.name, distance, right, len(losses)
            )
        rows.append({"name": start.name, "cell": start.cell, "found": found})
    return rows


def always(distance: int) -> Callable[[Random], int]:
    """Return what draws the same distance for each sentence."""
    return lambda draw: distance


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Measure, print and keep; or train the pages' models and publish them."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(arguments.threads)
    command = command_line("training.long_range", argv)
    if arguments.publish:
        publish_models(Store(arguments.store), command, seed=arguments.seed,
                       weights_file=arguments.weights)  # fmt: skip
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    rows = measure(arguments)
    lines = {
        row["name"]: [(one["distance"], one["accuracy"]) for one in row["found"]] for row in rows
    }
    content = {
        "command": command,
        "chance": 1 / 8,
        "rows": rows,
        "processor_seconds": round(time.process_time() - began),
        "libraries": library_versions(),
    }
    path = arguments.out / "long_range.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    picture = draw_lines(lines, across="tokens between", up="accuracy", level=1 / 8)
    path.with_suffix(".png").write_bytes(picture)
    print(table(lines, head="tokens between", form="{:.3f}".format))
    log.info("kept in %s, with a picture beside it", path)
