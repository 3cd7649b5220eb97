"""How a stored generator predicts text, and how many of its own texts are new."""

import argparse
import logging
from collections.abc import Sequence
from typing import Any

from model_store import Store
from training import cli
from training.data.corpus import CorpusData, load_corpus
from training.data.labelled_texts import load_classification
from training.data.own_files import ReadOptions
from training.data.reports import counted
from training.flags import options_from
from training.references import open_reference
from training.reports.baseline import Baseline
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_generation.label_prompts import load_labelled_corpus
from training.tasks.text_generation.novelty import Drawn, Judge, agreement, draw_documents, novelty
from training.tasks.text_generation.prediction import text_figures
from training.tasks.text_generation.served import ServedGenerator

log = logging.getLogger(__name__)

NUM_SHOWN = 10
BAG_OF_WORDS = "bag-of-words"


def evaluate_generator(served: ServedGenerator, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return loss, perplexity and novelty on the test text of the data, and say them."""
    data = read_corpus(arguments)
    for line in data.report.lines():
        log.info("%s", line)
    documents = spread(data.test or data.validation, arguments.max_documents)
    metrics = text_figures(served, documents)
    drawn = draw_new(served, data, arguments)
    if drawn:
        metrics |= novelty(drawn, data.train)
    if drawn and arguments.judge:
        with cli.checking_flags():
            metrics |= agreement(drawn, open_judge(arguments))
    log.info("measured on %s: losses in nats a token", counted(len(documents), "text"))
    for key, value in metrics.items():
        log.info("  %-20s %.4f", key, value)
    if drawn:
        log.info("of %s drawn, the first:", counted(len(drawn), "text"))
    for each in drawn[:NUM_SHOWN]:
        log.info("  %r", each.document)
    return {"metrics": metrics, "split": "test" if data.test else "validation"}


def open_judge(arguments: argparse.Namespace) -> Judge:
    """Return the classifier of the store that is named, or a bag of words fitted to the data.

    The bag took no part in making the generator, so that it agrees with it for no other reason.
    """
    if arguments.judge != BAG_OF_WORDS:
        served = ServedClassifier.open(open_reference(Store(arguments.store), arguments.judge))
        return Judge(served.config.labels, served.probs)
    data = load_classification(
        [arguments.data],
        options=options_from(ReadOptions, arguments),
        validation_split=arguments.validation_split,
        seed=arguments.seed,
    )
    return Judge(data.labels, Baseline(data.train.texts, data.train.labels).probs)


def read_corpus(arguments: argparse.Namespace) -> CorpusData:
    """Load text, split as the same flags split it in training."""
    if arguments.label_prompts:
        return load_labelled_corpus(
            arguments.data,
            options=options_from(ReadOptions, arguments),
            validation_split=arguments.validation_split,
            seed=arguments.seed,
        )
    return load_corpus(
        arguments.data,
        validation_split=arguments.validation_split,
        lines=arguments.lines,
        encoding=arguments.encoding,
        seed=arguments.seed,
    )


def spread(documents: Sequence[str], most: int) -> Sequence[str]:
    """Return at most so many documents, from all over the list: names stand there by language."""
    return documents[:: -(-len(documents) // most)]


def draw_new(
    served: ServedGenerator, data: CorpusData, arguments: argparse.Namespace
) -> list[Drawn]:
    """Return drawn documents, none of a model that never ends one."""
    if served.config.eos_id is None or not arguments.samples:
        return []
    prompts = served.config.prompts
    return draw_documents(served, prompts, count=arguments.samples, seed=arguments.seed)
