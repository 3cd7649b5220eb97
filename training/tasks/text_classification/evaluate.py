"""How a stored classifier does on labelled texts, next to a bag of words."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from training.data.labelled_texts import ClassificationData, Rows, load_classification
from training.data.own_files import ReadOptions
from training.data.reports import counted
from training.errors import UsageError
from training.flags import options_from
from training.reports.baseline import BASELINES, Baseline
from training.tasks.text_classification import examination
from training.tasks.text_classification.served import ServedClassifier

log = logging.getLogger(__name__)

MAX_LABELS = 20  # shown in a message


def evaluate_classifier(served: ServedClassifier, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was found on each test set of the data, and say it."""
    data = read_labelled(arguments, [arguments.data])
    tests = measured_rows(data, is_all=arguments.all_rows)
    labels = served.config.labels
    tests = {name: relabelled(rows, data.labels, labels) for name, rows in tests.items()}
    bags = fit_baselines(arguments, data, labels)
    results = [
        examination.examine(
            name,
            rows,
            served.probs(rows.texts),
            {bag: each.probs(rows.texts) for bag, each in bags.items()},
        )
        for name, rows in tests.items()
    ]
    for heading, text in examination.sections(results, labels).items():
        log.info("\n%s\n\n%s", heading, text)
    return {"metrics": examination.figures(results), "sets": [asdict(result) for result in results]}


def read_labelled(arguments: argparse.Namespace, sources: Sequence[str]) -> ClassificationData:
    """Load labelled texts, split as the same flags split them in training."""
    data = load_classification(
        sources,
        options=options_from(ReadOptions, arguments),
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    for source in data.report.sources:
        for line in source.lines():
            log.info("%s", line)
    return data


def measured_rows(data: ClassificationData, *, is_all: bool) -> dict[str, Rows]:
    """Return the rows to measure by name: the test sets, or all rows as one.

    Raises:
        UsageError: There is no test split.
    """
    parts = [data.train, data.validation, *data.tests.values()]
    num_rows = sum(map(len, parts))
    if is_all:
        log.info("measuring all %s", counted(num_rows, "row"))
        texts = [text for part in parts for text in part.texts]
        return {"all": Rows(texts, [label for part in parts for label in part.labels])}
    if not data.tests:
        raise UsageError("no rows are held out to measure: give --test-split or --all-rows")
    log.info(
        "measuring the test split, %s of %s (--all-rows measures every row: of data that the "
        "model has never seen)",
        *(f"{sum(map(len, data.tests.values())):,}", counted(num_rows, "row")),
    )
    return data.tests


def relabelled(rows: Rows, labels: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Return rows with the class ids of the model.

    Raises:
        UsageError: The data have a label that the model has not.
    """
    unknown = [label for label in labels if label not in wanted]
    if unknown:
        raise UsageError(
            f"the model knows the labels {_listed(wanted)}, the data have {_listed(labels)}: "
            f"rename {_listed(unknown)} in your file, or leave these rows out"
        )
    ids = [wanted.index(label) for label in labels]
    return Rows(rows.texts, [ids[label] for label in rows.labels])


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - MAX_LABELS:,} more" if len(labels) > MAX_LABELS else ""
    return ", ".join(repr(label[:40]) for label in labels[:MAX_LABELS]) + more


def fit_baselines(
    arguments: argparse.Namespace, data: ClassificationData, labels: Sequence[str]
) -> dict[str, Baseline]:
    """Fit the bags to rows that are not measured; {} where there are none."""
    if arguments.no_baseline:
        return {}
    if arguments.baseline_data:
        data = read_labelled(arguments, arguments.baseline_data)
    elif arguments.all_rows:
        log.info(
            "no comparison with a bag of words: all rows are measured, none is left to train it on "
            "(--baseline-data names others)"
        )
        return {}
    rows = relabelled(data.train, data.labels, labels)
    absent = [label for label in labels if label not in data.labels]
    if absent:
        log.info("no comparison: no row to train a bag of words on is %s", _listed(absent))
        return {}
    log.info("fitting bags of words and characters to %s", counted(len(rows), "row"))
    return {name: fit(rows.texts, rows.labels) for name, fit in BASELINES.items()}
