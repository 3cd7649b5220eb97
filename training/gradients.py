"""Measure how a gradient fares on its way back through time, by recurrent cell.

    python -m training.gradients
    python -m training.gradients --length 200 --steps 50

For each start of a cell, on sentences of the made-up language of `lessons.language`: the norm of
the loss's gradient at the state so many tokens before the end, before training; then a training by
plain gradient descent, once with the gradients clipped to a norm of 1 (Pascanu et al. 2013) and
once as they are: the largest norm of a step, and the loss that it ends with. For one sentence and
the RNN, what each step adds to the gradients of its weights. The figures go into OUT/gradients.json
and a picture beside it.
"""

import argparse
import json
import logging
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from model_store import Tokenizer
from training import flags
from training.export.publish import command_line, library_versions
from training.lessons.backwards import norms_by_distance, terms_of_rnn
from training.lessons.language import LABELS
from training.lessons.learning import (
    Batch,
    Plan,
    Start,
    build,
    draw_batch,
    layer_of,
    learn_tokenizer,
)
from training.nets.classifier import TextClassifier
from training.parser import Parser
from training.reports.lessons import draw_lines, table
from training.script import run_script

log = logging.getLogger(__name__)

STARTS = (
    Start("RNN", "rnn"),
    Start("RNN, W_aa x 8", "rnn", recurrent_scale=8.0),
    Start("LSTM", "lstm"),
    Start("LSTM, forget bias 3", "lstm", forget_bias=3.0),
    Start("LSTM, chrono", "lstm", chrono=True),
    Start("GRU", "gru"),
    Start("GRU, chrono", "gru", chrono=True),
)
CLIP = 1.0
SENTENCE = "Je suis français, il fait beau, et j'habite en"
ANSWER = LABELS.index("France")
SHOWN = (0, 1, 5, 10, 20, 50, 100, 200, 500)  # distances of the table
SENTENCES = 64


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.gradients",
                          description="Norm of the gradient by distance and cell.")  # fmt: skip
    parser.add_argument("--length", type=flags.whole(2, 1000), default=100, metavar="N",
                        help="tokens on the way back (default: 100)")  # fmt: skip
    parser.add_argument("--steps", type=flags.whole(1), default=100,
                        help="of each training, 32 sentences each (default: 100)")  # fmt: skip
    parser.add_argument("--distance", type=flags.whole(2, 1000), default=10,
                        help="tokens between, in sentences of the training "
                        "(default: 10)")  # fmt: skip
    parser.add_argument("--hidden-size", type=flags.whole(1, 4096), default=Plan().hidden_size)
    parser.add_argument("--learning-rate", type=flags.positive, default=1.0,
                        help="of the descent (default: 1)")  # fmt: skip
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0)
    parser.add_argument("--threads", type=flags.whole(1), default=1,
                        help="processor threads (default: 1, more gain nothing here)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("runs/gradients"), help="where to write")
    return parser


def by_distance(net: TextClassifier, batch: Batch) -> list[float]:
    """Return the norms of the loss's gradient from the last state back to the first."""
    ids, _, countries = batch  # all of one length
    layer = layer_of(net)

    def loss(hidden: Tensor) -> Tensor:
        return cross_entropy(net.head(hidden, torch.ones(len(hidden))), countries)

    vectors = net.stack.embed(ids).detach()
    state = layer.zero_state(len(ids))
    norms = norms_by_distance(net.config.stack.cell, vectors, state, layer.weights(), loss=loss)
    return [float(f"{norm:.4g}") for norm in norms.tolist()]


def terms_by_step(net: TextClassifier, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Return how large each step's term of an RNN's gradients is, for `SENTENCE`."""
    layer = layer_of(net)
    ids = tokenizer.encode_ids(SENTENCE)
    vectors = net.stack.embed(torch.tensor(ids)).detach()
    hidden, _ = layer(vectors[None])
    last = hidden[0, -1:].detach().requires_grad_()
    loss = cross_entropy(net.head(last, torch.tensor([len(ids)])), torch.tensor([ANSWER]))
    upstream = torch.zeros_like(hidden[0])
    upstream[-1] = torch.autograd.grad(loss, last)[0]
    terms = terms_of_rnn(vectors, layer.zero_state(1)[0][0], layer.weights(), upstream)
    sizes = (terms.hidden_weights, terms.input_weights)
    of_state, of_input = (part.flatten(1).norm(dim=1).tolist() for part in sizes)
    return [
        {"token": token, "of_state": float(f"{state:.4g}"), "of_input": float(f"{read:.4g}")}
        for token, state, read in zip(tokenizer.pieces(ids), of_state, of_input, strict=True)
    ]


def descend(
    net: TextClassifier, tokenizer: Tokenizer, arguments: argparse.Namespace, *, clip: float | None
) -> dict[str, Any]:
    """Train by plain gradient descent; return the losses and the norms before clipping.

    It ends early where a loss is no number any more.
    """
    draw = Random(arguments.seed)
    losses: list[float] = []
    norms: list[float] = []
    while len(losses) < arguments.steps and (not losses or math.isfinite(losses[-1])):
        ids, lengths, countries = draw_batch(draw, tokenizer, 32, lambda: arguments.distance)
        net.zero_grad()
        loss = cross_entropy(net(ids, lengths), countries)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), clip or math.inf)
        with torch.no_grad():
            for parameter in net.parameters():
                if parameter.grad is not None:
                    parameter.sub_(arguments.learning_rate * parameter.grad)
        losses.append(float(f"{loss.item():.4g}"))
        norms.append(float(f"{norm.item():.4g}"))
    return {"clip": clip, "losses": losses, "norms": norms}


def measure(arguments: argparse.Namespace, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Measure each start; a row each."""
    plan = Plan(hidden_size=arguments.hidden_size, longest=arguments.length)
    # "Je suis NATIONALITY" stands before what is between, and "en" after it
    distance = max(2, arguments.length - 1)
    batch = draw_batch(Random(-1), tokenizer, SENTENCES, lambda: distance)
    rows = []
    for start in STARTS:
        net = build(start, plan, tokenizer.vocab_size, seed=arguments.seed)
        norms = by_distance(net, batch)[: arguments.length + 1]
        runs = []
        for clip in (None, CLIP):
            net = build(start, plan, tokenizer.vocab_size, seed=arguments.seed)
            run = descend(net, tokenizer, arguments, clip=clip)
            runs.append(run)
            told = (start.name, f"clip {clip}", max(run["norms"]), run["losses"][-1])
            log.info("%-20s %-9s largest norm %10.3g, loss %.3f", *told)
        rows.append({"name": start.name, "cell": start.cell, "norms": norms, "runs": runs})
    return rows


def main(argv: Sequence[str]) -> None:
    """Measure, print and keep."""
    arguments = build_parser().parse_args(argv)
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    tokenizer = learn_tokenizer()
    rows = measure(arguments, tokenizer)
    plan = Plan(hidden_size=arguments.hidden_size)
    rnn = build(STARTS[0], plan, tokenizer.vocab_size, seed=arguments.seed)
    lines = {row["name"]: list(enumerate(row["norms"])) for row in rows}
    content = {
        "command": command_line("training.gradients", argv),
        "rows": rows,
        "terms": terms_by_step(rnn, tokenizer),
        "processor_seconds": round(time.process_time() - began),
        "libraries": library_versions(),
    }
    path = arguments.out / "gradients.json"
    path.write_text(json.dumps(content) + "\n")
    picture = draw_lines(lines, across="tokens back", up="norm of the gradient", is_log=True)
    path.with_suffix(".png").write_bytes(picture)
    shown = {
        name: [point for point in points if point[0] in SHOWN] for name, points in lines.items()
    }
    print(table(shown, head="tokens back", form="{:.2g}".format))
    log.info("kept in %s, with a picture beside it", path)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
