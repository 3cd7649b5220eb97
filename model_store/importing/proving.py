"""Proves a network before it is published: its graph answers as it should, to within 1e-5.

What it should answer is worked out by `reference` from the same weights, with the padding and the
mask of the network's own framework; and where the caller has a file of answers which that framework
gave, by that file as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_store.config import RecurrentConfig
from model_store.golden import GoldenCase, NumbersCase, TextCase
from model_store.importing.expected import read_expected
from model_store.importing.fitting import Config, Fitted
from model_store.importing.network import Array, Ending
from model_store.importing.options import Gives
from model_store.importing.refused import Refused
from model_store.onnx_graph import WEIGHTS
from model_store.onnx_runtime import ort
from model_store.tasks.text_classification import ClassifierConfig

TOLERANCE = 1e-5
"""Largest difference of a probability that is still the same network."""

PROBS_TOLERANCE = 1e-3
"""How far from 1 the probabilities of an answer may add up, as the service checks it."""

NUM_DRAWN = 24
NUM_GOLDEN = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found.

    Args:
        difference: The largest between the graph's answers and those worked out.
        num_drawn: Inputs that were drawn.
        expected_difference: The largest to the framework's own answers; None without any.
        num_expected: Inputs of these.
        keeps_bits: Whether each row's answer has the same bits alone and in a batch.
        golden: Inputs with their answers, to be run at every load.
    """

    difference: float
    num_drawn: int
    expected_difference: float | None
    num_expected: int
    keeps_bits: bool
    golden: tuple[GoldenCase, ...]


def runs_alone(config: Config) -> bool:
    """Tell whether the service runs each row of a version by itself."""
    return isinstance(config, RecurrentConfig) and (config.cell == "rnn" or config.runs_alone)


class Runner:
    """Answers with a version's graph as the service does.

    Args:
        fitted: What it is.
        graph: `model.onnx`.
        weights: `weights.safetensors`.
    """

    def __init__(self, fitted: Fitted, graph: bytes, weights: bytes | None) -> None:
        """Load the graph."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        if weights is not None:
            sizes = [len(weights)]
            options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], sizes)
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._inputs = fitted.inputs
        self._runs_alone = runs_alone(fitted.config)

    def answers(self, rows: Sequence[Any]) -> Array:
        """Return (rows, num_classes) of token ids, or of arrays of numbers, run as they are there.

        Those of a version that runs each by itself are.
        """
        if self._runs_alone and len(rows) > 1:
            return np.concatenate([self.answers([row]) for row in rows])
        if self._inputs == "vector":
            feed = {"values": np.asarray(rows, np.float32)}
            return np.asarray(self._session.run(["probs"], feed)[0])
        lengths = np.array([len(row) for row in rows], np.int32)
        kind = np.int32 if self._inputs == "tokens" else np.float32
        first = np.asarray(rows[0], kind)
        padded = np.zeros((len(rows), lengths.max(), *first.shape[1:]), kind)
        for place, row in enumerate(rows):
            padded[place, : len(row)] = row
        name = "token_ids" if self._inputs == "tokens" else "values"
        return np.asarray(self._session.run(["probs"], {name: padded, "lengths": lengths})[0])


def prove(fitted: Fitted, runner: Runner) -> Proof:
    """Compare answers.

    Raises:
        Refused: If they differ by more than `TOLERANCE`, or are no numbers.
    """
    drawn = _drawn(fitted)
    wanted = np.concatenate([_worked_out(fitted, one) for one in drawn])
    _check_probs(wanted, len(drawn), len(fitted.config.labels))
    given = [_as_served(fitted, one) for one in drawn]
    together = runner.answers(given)
    alone = np.concatenate([runner.answers([one]) for one in given])
    difference = _largest(together, wanted)
    difference = max(difference, _largest(alone, wanted))
    _check(fitted.truth, difference)
    expected_difference, num_expected = _against_file(fitted, runner)
    golden = [
        _case(fitted, one, wanted[place].tolist()) for place, one in enumerate(drawn[:NUM_GOLDEN])
    ]
    return Proof(
        difference,
        len(drawn),
        expected_difference,
        num_expected,
        np.array_equal(together, alone),
        tuple(golden),
    )


def _largest(got: Array, wanted: Array) -> float:
    if got.shape != wanted.shape or not np.isfinite([got, wanted]).all():
        return float("inf")  # a NaN on either side is no agreement
    return float(np.abs(got - wanted).max())


def _check_probs(answers: Array, num_inputs: int, num_classes: int) -> None:
    """Refuse answers that are no distribution over the classes, one an input.

    Those that are not finite are told by the comparison.
    """
    if answers.shape != (num_inputs, num_classes):
        raise Refused(
            "the proof",
            f"{num_inputs} inputs, each by itself, have answers {answers.shape}, not a row each",
            "Check --output, and --time-first, which is for inputs (time, batch)",
        )
    is_off = (answers < -PROBS_TOLERANCE) | (answers > 1 + PROBS_TOLERANCE)
    if is_off.any() or (np.abs(answers.sum(axis=1) - 1) > PROBS_TOLERANCE).any():
        raise Refused(
            "the proof",
            f"its answers are no probabilities: they go from {answers.min():.3g} to "
            f"{answers.max():.3g}, where classes have 0 to 1 and add up to 1",
            "If the network ends before its sigmoid or softmax, say --logits",
        )


def _check(what: str, difference: float) -> None:
    if difference > TOLERANCE:
        raise Refused(
            "the proof",
            f"answers differ from {what} by {difference:.2g}, at most {TOLERANCE:g} is allowed",
            "Nothing was published; see docs/migrate.md for what to check",
        )


def _drawn(fitted: Fitted) -> list[Any]:
    """Return texts of many lengths made of the tokenizer's tokens, or arrays; always the same."""
    generator = np.random.default_rng(0)
    config, tokenizer = fitted.config, fitted.tokenizer
    longest = min(config.max_seq_len + 3, 300)
    sizes = [1, 2, longest, *generator.integers(1, longest + 1, NUM_DRAWN - 3).tolist()]
    if tokenizer is None:
        num_features = config.input_shape[-1]  # type: ignore[union-attr]
        sizes = [min(size, config.max_seq_len) for size in sizes]
        return [generator.normal(size=(size, num_features)).astype(np.float32) for size in sizes]
    pieces = tokenizer.pieces(range(tokenizer.vocab_size))
    texts = [" ".join(generator.choice(pieces, size).tolist()) for size in sizes]
    readable = [text for text in texts if fitted.config.input_ids(text, tokenizer)]  # type: ignore[union-attr]
    if not readable:
        raise Refused(
            "--tokenizer", "its own tokens become nothing", "It may be another model's tokenizer"
        )
    return readable


def _as_served(fitted: Fitted, one: Any) -> Any:
    if isinstance(fitted.config, ClassifierConfig):
        assert fitted.tokenizer is not None
        return fitted.config.input_ids(one, fitted.tokenizer)
    return one[0] if fitted.inputs == "vector" else one


def _worked_out(fitted: Fitted, one: Any) -> Array:
    if isinstance(fitted.config, ClassifierConfig):
        assert fitted.tokenizer is not None
        token_ids = fitted.framework_ids(fitted.tokenizer.encode_ids(one))
        return fitted.oracle(np.array([token_ids]))
    return fitted.oracle(one[:1] if fitted.inputs == "vector" else one[None])


def _case(fitted: Fitted, one: Any, outputs: list[float]) -> GoldenCase:
    if isinstance(fitted.config, ClassifierConfig):
        return TextCase(text=one, token_ids=_as_served(fitted, one), outputs=outputs)
    rows = one[:1] if fitted.inputs == "vector" else one
    return NumbersCase(rows=rows.tolist(), outputs=outputs)


def _against_file(fitted: Fitted, runner: Runner) -> tuple[float | None, int]:
    path = fitted.options.expected
    if path is None:
        return None, 0
    expected = read_expected(path, reads_texts=fitted.tokenizer is not None)
    if expected.token_ids is not None and expected.texts is not None:
        _check_ids(fitted, expected.texts, expected.token_ids)
    given = [_as_served(fitted, _typed(fitted, one)) for one in expected.given]
    got = np.concatenate([runner.answers([one]) for one in given])
    numbers = np.asarray(expected.outputs, np.float64)
    difference = _largest(got, as_probs(numbers, fitted.ending, fitted.options.gives))
    _check(f"those in {path.name}", difference)
    return difference, len(expected.given)


def _typed(fitted: Fitted, one: Any) -> Any:
    if fitted.tokenizer is not None:
        return one
    array = np.asarray(one, np.float32)
    return array[None] if array.ndim == 1 else array


def _check_ids(fitted: Fitted, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> None:
    assert fitted.tokenizer is not None
    for place, (text, wanted) in enumerate(zip(texts, ids, strict=True)):
        got = fitted.framework_ids(fitted.tokenizer.encode_ids(text))
        if got != list(wanted):
            raise Refused(
                "the proof",
                f"text {place} becomes other token ids than its own framework gave it: "
                f"{got[:8]}… for {list(wanted)[:8]}…",
                "Check --tokenizer, --maxlen, --padding and --truncating",
            )


def as_probs(outputs: Array, ending: Ending, gives: Gives) -> Array:
    """Return probabilities (rows, num_classes) of what a network's own call gives."""
    outputs = outputs.reshape(len(outputs), -1)
    if gives == "log_probabilities":
        outputs = np.exp(outputs)
    elif gives == "logits" and ending == "sigmoid":
        outputs = np.exp(-np.logaddexp(0.0, -outputs))
    elif gives == "logits":
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = powers / powers.sum(axis=1, keepdims=True)
    if ending == "sigmoid" and outputs.shape[1] == 1:
        return np.concatenate([1 - outputs, outputs], axis=1)
    return outputs
