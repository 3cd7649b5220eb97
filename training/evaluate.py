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
import math
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model_store import ClassifierConfig, Store, StoredVersion
from model_store.disk import replace_file
from training import cli, evaluation, flags
from training.baseline import NAME as BASELINE
from training.baseline import Baseline
from training.batches import pad
from training.corpus import CorpusData, load_corpus
from training.data import ClassificationData, Rows, load_classification
from training.errors import UsageError
from training.export import command_line, library_versions
from training.novelty import draw_documents, novelty
from training.pretrained import parse_reference
from training.served import ServedClassifier, ServedGenerator
from training.vocab import encode_corpus

log = logging.getLogger(__name__)

FOLDER = "evaluations"
ROWS_AT_ONCE = 64
NUM_SHOWN = 10


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
    written.add_argument("--max-documents", type=flags.whole(1), default=1000, help="measured")
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
    for line in data.report.lines():
        log.info("%s", line)
    return data


def measured_rows(data: ClassificationData, *, is_all: bool) -> dict[str, Rows]:
    """Return the rows to measure by name: the test sets, or all rows as one.

    Raises:
        UsageError: There is no test split.
    """
    if is_all:
        parts = [data.train, data.validation, *data.tests.values()]
        texts = [text for part in parts for text in part.texts]
        return {"all": Rows(texts, [label for part in parts for label in part.labels])}
    if not data.tests:
        raise UsageError("no rows are held out to measure: give --test-split or --all-rows")
    return data.tests


def relabelled(rows: Rows, labels: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Return rows with the class ids of the model.

    Raises:
        UsageError: The data have other labels than the model.
    """
    if set(labels) != set(wanted):
        raise UsageError(
            f"the labels of the data ({', '.join(labels)}) are not the model's "
            f"({', '.join(wanted)}): rename them in your file"
        )
    ids = [wanted.index(label) for label in labels]
    return Rows(rows.texts, [ids[label] for label in rows.labels])


def fit_baseline(
    arguments: argparse.Namespace, data: ClassificationData, labels: Sequence[str]
) -> Baseline | None:
    """Fit the bag of words to rows that are not measured; None where there are none."""
    if arguments.no_baseline:
        return None
    if arguments.baseline_data:
        data = read_labelled(arguments, arguments.baseline_data)
    elif arguments.all_rows:
        log.info("no comparison: all rows are measured (--baseline-data names others)")
        return None
    rows = relabelled(data.train, data.labels, labels)
    log.info("fitting %s to %s rows", BASELINE, f"{len(rows):,}")
    return Baseline(rows.texts, rows.labels)


def evaluate_generator(served: ServedGenerator, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return loss, perplexity and novelty on the test text of the data, and say them."""
    data = load_corpus(
        arguments.data,
        validation_split=arguments.validation_split,
        lines=arguments.lines,
        seed=arguments.seed,
    )
    for line in data.report.lines():
        log.info("%s", line)
    documents = (data.test or data.validation)[: arguments.max_documents]
    metrics = text_figures(served, documents)
    drawn = draw_new(served, data, arguments)
    if drawn:
        metrics |= novelty(drawn, data.train)
    for key, value in metrics.items():
        log.info("  %-20s %.4f", key, value)
    for document in drawn[:NUM_SHOWN]:
        log.info("  drawn: %r", document)
    return {"metrics": metrics, "split": "test" if data.test else "validation"}


def text_figures(served: ServedGenerator, documents: Sequence[str]) -> dict[str, float]:
    """Return nats per token, perplexity and bits per byte of documents, each read by itself.

    A document begins at the first token, as a request's does. One long text is read in a single
    row from its beginning.
    """
    config = served.config
    end = [] if config.eos_id is None else [config.eos_id]
    rows = [[config.bos_id, *ids, *end] for ids in encode_corpus(served.tokenizer, list(documents))]
    rows.sort(key=len)
    total, count = 0.0, 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        token_ids, lengths = pad(rows[start : start + ROWS_AT_ONCE])
        for place, losses in enumerate(served.losses(token_ids.numpy()), 1):
            is_real = lengths.numpy() > place
            total += float(losses[is_real].sum())
            count += int(is_real.sum())
    num_bytes = sum(len(document.encode()) for document in documents)
    loss = total / count
    return {
        "loss": loss,
        "perplexity": math.exp(loss),
        "bits_per_byte": total / num_bytes / math.log(2),
    }


def draw_new(served: ServedGenerator, data: CorpusData, arguments: argparse.Namespace) -> list[str]:
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
