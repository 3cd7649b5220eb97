"""Measure a stored model on any data set, next to a bag of words where it classifies.

    python -m training.evaluate sentiment --data rt_polarity
    python -m training.evaluate sentiment:2 --data reviews.csv --all-rows --baseline-data imdb
    python -m training.evaluate names --data names_by_language --samples 1000

Runs the version's own graph, the one that is served. Prints the figures and keeps them in
`<store>/<name>/evaluations/<version>-<data>.json`, beside the versions, which never change.
"""

import argparse
import json
import logging
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model_store import ClassifierConfig, Store, StoredVersion
from model_store.disk import replace_file
from training import cli, flags
from training.data.corpus import CorpusData, load_corpus
from training.data.label_prompts import load_labelled_corpus
from training.data.labelled_texts import ClassificationData, Rows, load_classification
from training.data.reports import counted
from training.errors import UsageError
from training.export.publish import command_line, library_versions
from training.fitting.pretrained import parse_reference
from training.reports import evaluation
from training.reports.baseline import NAME as BASELINE
from training.reports.baseline import Baseline
from training.reports.novelty import Drawn, agreement, draw_documents, novelty
from training.reports.prediction import text_figures
from training.reports.served_models import ServedClassifier, ServedGenerator

log = logging.getLogger(__name__)

FOLDER = "evaluations"
NUM_SHOWN = 10
MAX_LABELS = 20  # shown in a message


def build_parser() -> flags.Parser:
    """Describe the command line."""
    parser = flags.Parser(prog="python -m training.evaluate",
                          description="Measure a stored model on a data set.")  # fmt: skip
    parser.add_argument("model", metavar="NAME[:VERSION]", help="in the store; the served one")
    parser.add_argument("--data", required=True, metavar="SOURCE",
                        help="a named set or your own file, as in training")  # fmt: skip
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE)
    parser.add_argument("--seed", type=flags.whole(0), default=0,
                        help="of the splits, as in training, and of draws")  # fmt: skip
    parser.add_argument("--validation-split", type=flags.a_part, default=0.1, help="as in training")
    labelled = parser.add_argument_group("classifiers")
    labelled.add_argument("--text-column", default="text", help="of your own file")
    labelled.add_argument("--label-column", default="label", help="of your own file")
    labelled.add_argument("--test-split", type=flags.share, default=0.1,
                          help="share of your own file that is measured")  # fmt: skip
    labelled.add_argument("--all-rows", action="store_true",
                          help="measure every row: of data that the model never saw")  # fmt: skip
    labelled.add_argument("--baseline-data", nargs="+", metavar="SOURCE",
                          help="what the bag of words is trained on (default: the rows of --data "
                          "that are not measured)")  # fmt: skip
    labelled.add_argument("--no-baseline", action="store_true", help="leave it out")
    written = parser.add_argument_group("generators")
    written.add_argument("--lines", action="store_true", help="each line is a document")
    written.add_argument("--label-prompts", action="store_true",
                         help="--data has labels, each a prompt, as in training")  # fmt: skip
    written.add_argument("--judge", metavar="NAME[:VERSION]",
                         help="classifier in the store: tells the share of drawn texts that it "
                         "labels with their prompt")  # fmt: skip
    written.add_argument("--max-documents", type=flags.whole(1), default=1000,
                         help="measured at most, from all of the data")  # fmt: skip
    written.add_argument("--samples", type=flags.whole(0), default=200, metavar="N",
                         help="documents drawn to tell the share of new ones")  # fmt: skip
    return parser


def main(argv: Sequence[str]) -> None:
    """Open the version, measure it, print and keep the figures."""
    arguments = build_parser().parse_args(argv)
    with cli.checking_flags():
        stored = Store(arguments.store).open(*parse_reference(arguments.model))
    if isinstance(stored.config, ClassifierConfig):
        found = evaluate_classifier(ServedClassifier.open(stored), arguments)
    else:
        found = evaluate_generator(ServedGenerator.open(stored), arguments)
    path = keep(stored, arguments.data, found, command=command_line("training.evaluate", argv))
    log.info("kept in %s", path)


def evaluate_classifier(served: ServedClassifier, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was found on each test set of the data, and say it."""
    data = read_labelled(arguments, [arguments.data])
    tests = measured_rows(data, is_all=arguments.all_rows)
    labels = served.config.labels
    tests = {name: relabelled(rows, data.labels, labels) for name, rows in tests.items()}
    baseline = fit_baseline(arguments, data, labels)
    results = [
        evaluation.examine(
            name,
            rows,
            served.probs(rows.texts),
            None if baseline is None else baseline.probs(rows.texts),
        )
        for name, rows in tests.items()
    ]
    for heading, text in evaluation.sections(results, labels).items():
        log.info("\n%s\n\n%s", heading, text)
    return {"metrics": evaluation.figures(results), "sets": [asdict(result) for result in results]}


def read_labelled(arguments: argparse.Namespace, sources: Sequence[str]) -> ClassificationData:
    """Load labelled texts, split as the same flags split them in training."""
    data = load_classification(
        sources,
        text_column=arguments.text_column,
        label_column=arguments.label_column,
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


def fit_baseline(
    arguments: argparse.Namespace, data: ClassificationData, labels: Sequence[str]
) -> Baseline | None:
    """Fit the bag of words to rows that are not measured; None where there are none."""
    if arguments.no_baseline:
        return None
    if arguments.baseline_data:
        data = read_labelled(arguments, arguments.baseline_data)
    elif arguments.all_rows:
        log.info(
            "no comparison with a bag of words: all rows are measured, none is left to train it on "
            "(--baseline-data names others)"
        )
        return None
    rows = relabelled(data.train, data.labels, labels)
    absent = [label for label in labels if label not in data.labels]
    if absent:
        log.info("no comparison: no row to train a bag of words on is %s", _listed(absent))
        return None
    log.info("fitting a bag of words (%s) to %s", BASELINE, counted(len(rows), "row"))
    return Baseline(rows.texts, rows.labels)


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
            stored = Store(arguments.store).open(*parse_reference(arguments.judge))
            metrics |= agreement(drawn, ServedClassifier.open(stored))
    log.info("measured on %s: losses in nats a token", counted(len(documents), "text"))
    for key, value in metrics.items():
        log.info("  %-20s %.4f", key, value)
    if drawn:
        log.info("of %s drawn, the first:", counted(len(drawn), "text"))
    for each in drawn[:NUM_SHOWN]:
        log.info("  %r", each.document)
    return {"metrics": metrics, "split": "test" if data.test else "validation"}


def read_corpus(arguments: argparse.Namespace) -> CorpusData:
    """Load text, split as the same flags split it in training."""
    if arguments.label_prompts:
        return load_labelled_corpus(
            arguments.data,
            text_column=arguments.text_column,
            label_column=arguments.label_column,
            validation_split=arguments.validation_split,
            seed=arguments.seed,
        )
    return load_corpus(
        arguments.data,
        validation_split=arguments.validation_split,
        lines=arguments.lines,
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


def keep(stored: StoredVersion, data: str, found: dict[str, Any], *, command: str) -> Path:
    """Write what was found beside the model's versions; return the file's path.

    Raises:
        UsageError: The store cannot be written to.
    """
    folder = stored.path.parent / FOLDER
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(data).stem).strip("-") or "data"
    path = folder / f"{stored.version}-{name}.json"
    content = {
        "model": stored.name,
        "version": stored.version,
        "data": data,
        "created": int(time.time()),
        **found,
        "command": command,
        "libraries": library_versions(),
    }
    try:
        folder.mkdir(exist_ok=True)
        replace_file(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as exc:
        raise UsageError(f"the figures cannot be kept in {path}: {exc.strerror}") from exc
    return path


if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
