"""A shipped model in 8 bits beside the same in floats, on one thread: the network alone.

    python -m bench.precision
    python -m bench.precision --models sentiment shakespeare --rounds 9

Both forms are in the version: its graph, run by ONNX Runtime, and what the recurrent engine runs.
They take turns, so that whatever else the machine does hits both; a figure is the median over the
rounds of the processor time of a text, or of a token of a generator, in microseconds.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.report import hardware
from model_store import ClassifierConfig, GeneratorConfig, Store, StoredVersion, StoreError
from model_store.__main__ import DEFAULT_STORE
from model_store.config import INT8_WEIGHTS
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.eight_bit.text_generation import open_language_model
from model_store.eight_bit_form import in_8_bits, in_floats, ints
from recurrent.engine import paths

MODELS = ("sentiment", "sentiment-small", "shakespeare", "reviews", "names")
LENGTHS = (12, 40, 230)
ROWS = (1, 8, 32)
LEAST_S = 0.05  # of one measurement


@dataclass(frozen=True, slots=True)
class Case:
    """One shape of work.

    Args:
        model: The model.
        tokens: Tokens of each text, or 1 for one step of a generator.
        rows: Texts side by side.
        runs: What does it, by the name of the path; "floats" is ONNX Runtime.
    """

    model: str
    tokens: int
    rows: int
    runs: Mapping[str, Callable[[], Any]]


def cases_of(stored: StoredVersion) -> Iterator[Case]:
    """Yield what is measured of a version."""
    config = stored.config
    session = in_floats(stored)
    generator = np.random.default_rng(0)
    if isinstance(config, ClassifierConfig):
        with in_8_bits(stored) as tensors:
            classifiers = {one: open_text_classifier(config, tensors, one) for one in paths()[:-1]}
        for tokens in LENGTHS:
            for rows in ROWS:
                ids = generator.integers(0, config.vocab_size // 4, (rows, tokens)).tolist()
                feed = {"token_ids": ints(ids), "lengths": ints([tokens] * rows)}
                runs = {"floats": partial(session.run, ["probs"], feed)}
                runs |= {path: partial(one.probs, ids) for path, one in classifiers.items()}
                yield Case(stored.name, tokens, rows, runs)
        return
    assert isinstance(config, GeneratorConfig)
    with in_8_bits(stored) as tensors:
        models = {path: open_language_model(config, tensors, path) for path in paths()[:-1]}
    names = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
    for rows in ROWS:
        shape = (config.num_layers, rows, config.hidden_size)
        feed = {name: np.zeros(shape, np.float32) for name in names}
        feed |= {"token_ids": ints([[5]] * rows), "lengths": ints([1] * rows)}
        runs = {"floats": partial(session.run, None, feed)}
        for path, model in models.items():
            runs[path] = partial(model.step, ints([5] * rows), model.start_state(rows))
        yield Case(stored.name, 1, rows, runs)


def microseconds(run: Callable[[], Any]) -> float:
    """Return the processor time of one call."""
    calls, begun = 0, time.thread_time()
    while (spent := time.thread_time() - begun) < LEAST_S:
        run()
        calls += 1
    return spent / calls * 1e6


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Return each path's median processor time of one row, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in case.runs}
    for _ in range(rounds):
        for name, run in case.runs.items():
            taken[name].append(microseconds(run) / case.rows)
    return {name: statistics.median(times) for name, times in taken.items()}


def main(argv: Sequence[str]) -> None:
    """Measure, print a row for each case and one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, choices=range(1, 100), metavar="N")
    arguments = parser.parse_args(argv)
    print(f"{hardware()}; paths: {', '.join(paths())}")
    try:
        versions = [Store(DEFAULT_STORE).open(name) for name in arguments.models]
    except StoreError as exc:
        parser.error(str(exc))
    for stored in versions:
        if INT8_WEIGHTS not in stored.manifest.files:
            parser.error(f"{stored.name}:{stored.version} has no form in 8 bits: name another")
    found = []
    for stored in versions:
        name = stored.name
        for case in cases_of(stored):
            figures = measure(case, arguments.rounds)
            floats = figures["floats"]
            shown = ", ".join(
                f"{path} {taken:.0f} ({floats / taken:.1f}x)" for path, taken in figures.items()
            )
            print(f"{name}, {case.tokens} tokens, {case.rows} rows: {shown}", flush=True)
            found.append({"model": name, "tokens": case.tokens, "rows": case.rows, **figures})
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
