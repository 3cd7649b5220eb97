"""How well a stored translator translates the held-out sentences of a data set."""

import argparse
import logging
from typing import Any

from training.data.reports import counted
from training.data.sentence_pairs import load_pairs
from training.tasks.translation.figures import translation_figures
from training.tasks.translation.served import ServedTranslator

log = logging.getLogger(__name__)


def evaluate_translator(served: ServedTranslator, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return BLEU and chrF on the test sentences of the data, or validation ones; say them."""
    data = load_pairs(
        arguments.data,
        source_column=arguments.source_column,
        target_column=arguments.target_column,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    for line in data.report.lines():
        log.info("%s", line)
    sentences = data.test or data.validation
    metrics = translation_figures(served, sentences, num_beams=arguments.num_beams)
    log.info("measured on %s:", counted(len(sentences), "sentence"))
    for key, value in metrics.items():
        log.info("  %-20s %.4f", key, value)
    return {"metrics": metrics, "split": "test" if data.test else "validation"}
