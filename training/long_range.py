"""Measure over what distance recurrent cells learn to remember, on a made-up language.

    python -m training.long_range
    python -m training.long_range --distances 10 40 --steps 300
    python -m training.long_range --publish

The language is `lessons.language`: "Je suis français, il pleut, et j'habite en ___". A network of
each cell is trained on sentences of one distance and asked for the country; 0.125 is chance. The
figures go into OUT/long_range.json and a picture beside it. With `--publish` it trains the small
models that the service's pages on recurrent networks ask, and puts them into the store instead.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch

from model_store import Store
from training import flags
from training.export.publish import command_line, library_versions
from training.lessons.learning import Plan, Start, accuracy, build, learn_tokenizer, train
from training.lessons.models import publish_models
from training.parser import Parser
from training.reports.lessons import draw_lines, table
from training.script import run_script

log = logging.getLogger(__name__)

PLAN = Plan()
DISTANCES = (5, 10, 20, 40, 80, 120)
STARTS = (
    Start("RNN", "rnn"),
    Start("LSTM", "lstm"),
    Start("LSTM, forget bias 3", "lstm", forget_bias=3.0),
    Start("LSTM, chrono", "lstm", chrono=True),
    Start("GRU", "gru"),
    Start("GRU, chrono", "gru", chrono=True),
)


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.long_range",
                          description="Accuracy by distance and recurrent cell.")  # fmt: skip
    parser.add_argument("--distances", type=flags.whole(2, 1000), nargs="+", default=DISTANCES,
                        metavar="N", help="tokens between the word and what hangs on it "
                        "(default: 5 10 20 40 80 120)")  # fmt: skip
    parser.add_argument("--steps", type=flags.whole(1), default=PLAN.steps,
                        help=f"of training, 32 sentences each (default: {PLAN.steps})")  # fmt: skip
    parser.add_argument("--hidden-size", type=flags.whole(1, 4096), default=PLAN.hidden_size)
    parser.add_argument("--learning-rate", type=flags.positive, default=PLAN.learning_rate)
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0)
    parser.add_argument("--threads", type=flags.whole(1), default=1,
                        help="processor threads (default: 1, more gain nothing here)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("runs/long_range"), help="where to write")
    parser.add_argument("--publish", action="store_true",
                        help="train the small models of the pages and publish them")  # fmt: skip
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE,
                        help="where --publish puts them")  # fmt: skip
    parser.add_argument("--weights", type=Path, metavar="FILE",
                        help="where --publish also writes the weights, as JSON for the pages that "
                        "calculate with them")  # fmt: skip
    return parser


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


def main(argv: Sequence[str]) -> None:
    """Measure, print and keep; or train the pages' models and publish them."""
    arguments = build_parser().parse_args(argv)
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


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
