"""What runs a stored classifier: ONNX Runtime in floats, or the recurrent engine in 8 bits."""

import logging
from dataclasses import dataclass
from functools import partial

from model_store import ClassifierConfig, StoredVersion, TextCase
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.eight_bit_form import in_8_bits
from service.engine.options import EngineOptions
from service.engine.proving import EXACTLY, golden_cases, probes, prove, read_if_listed
from service.engine.runtime import WEIGHTS, rows_are_independent
from service.engine.tasks.text_classification.eight_bit import EightBitResume
from service.engine.tasks.text_classification.resume_runtime import ResumeRuntime, TextReader
from service.engine.tasks.text_classification.runtime import ClassifierGraph, ClassifierRuntime

logger = logging.getLogger(__name__)

MODEL, HEAD, RESUME = "model.onnx", "head.onnx", "resume.onnx"
BIDIRECTIONAL = "this model reads in both directions, so it has no state before a text's end"

PADDED = "this model reads the padding of whole texts, so it has no state before a text's end"


@dataclass(frozen=True, slots=True)
class Opened:
    """A version's runtime.

    Args:
        runtime: Reads whole texts.
        reader: Reads texts in parts; None if it cannot.
        why_not: Why it cannot.
        can_trace: Whether it has probabilities after each token.
    """

    runtime: ClassifierGraph
    reader: TextReader | None
    why_not: str
    can_trace: bool


def open_proved(stored: StoredVersion, config: ClassifierConfig, options: EngineOptions) -> Opened:
    """Open and prove a version; errors as in `EngineTask`."""
    if config.precision == "int8":
        return _open_eight_bit(stored, config, options)
    head, weights = read_if_listed(stored, HEAD), read_if_listed(stored, WEIGHTS)
    runtime = ClassifierRuntime(config, stored.read(MODEL), head=head, weights=weights)
    cases = golden_cases(stored, TextCase)
    prove(cases, lambda case: runtime.probs([case.token_ids])[0].tolist())
    runtime.settle_promise([*(case.token_ids for case in cases), *probes(config.vocab_size)])
    reader, why_not = _reader(stored, config, runtime)
    return Opened(runtime, reader, why_not, can_trace=not config.bidirectional)


def _open_eight_bit(
    stored: StoredVersion, config: ClassifierConfig, options: EngineOptions
) -> Opened:
    with in_8_bits(stored) as tensors:
        runtime = open_text_classifier(config, tensors, options.instruction_set)
    cases = golden_cases(stored, TextCase)
    prove(cases, lambda case: runtime.probs([case.token_ids])[0].tolist(), at_most=EXACTLY)
    if config.bidirectional:
        return Opened(runtime, None, BIDIRECTIONAL, can_trace=False)
    if config.padding is not None:
        return Opened(runtime, None, PADDED, can_trace=True)
    return Opened(runtime, EightBitResume(runtime), "", can_trace=True)


def _reader(
    stored: StoredVersion, config: ClassifierConfig, runtime: ClassifierRuntime
) -> tuple[ResumeRuntime | None, str]:
    """Return what reads a version's texts in parts, or why there is nothing."""
    if config.bidirectional:
        return None, BIDIRECTIONAL
    if config.padding is not None:
        return None, PADDED
    if not rows_are_independent(config):
        return None, "this model's last bits change with where a text is cut, so it gives no state"
    graph = read_if_listed(stored, RESUME)
    if graph is None:
        return None, (
            f"{stored.name}:{stored.version} was published without the graph that reads on (python "
            f"-m training.republish {stored.name} adds it to a model that was trained here)"
        )
    resume = ResumeRuntime(config, graph, partial(read_if_listed, stored, WEIGHTS))
    if not resume.keeps_bits(probes(config.vocab_size), runtime.probs):
        logger.warning("answers change here with where a text is cut: no states are given")
        return None, "on this machine answers change with where a text is cut, so there is no state"
    return resume, ""
