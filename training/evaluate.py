"""Measure a stored model on any data set, as its task measures it.

    python -m training.evaluate sentiment --data rt_polarity
    python -m training.evaluate sentiment:2 --data reviews.csv --all-rows --baseline-data imdb
    python -m training.evaluate names --data names_by_language --samples 1000

Runs the version's own graph, the one that is served. Prints the figures and keeps them in
`<store>/<name>/evaluations/<version>-<data>.json`, beside the versions, which never change.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model_store import Store, StoredVersion
from model_store.disk import replace_file
from training import cli, flags
from training.errors import UsageError
from training.export.publish import command_line, library_versions
from training.references import parse_reference
from training.task import task_of, training_tasks

log = logging.getLogger(__name__)

FOLDER = "evaluations"


def build_parser() -> flags.Parser:
    """Describe the command line."""
    parser = flags.Parser(prog="python -m training.evaluate",
                          description="Measure a stored model on a data set.")  # fmt: skip
    parser.add_argument("model", metavar="NAME[:VERSION]", help="in the store; the served one")
    parser.add_argument("--data", required=True, metavar="SOURCE",
                        help="a named set or your own file, as in training")  # fmt: skip
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE)
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0,
                        help="of the splits, as in training, and of draws")  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--validation-split", type=flags.a_part, default=0.1, help="as in training")
    data.add_argument("--test-split", type=flags.share, default=0.1,
                      help="share of your own file that is measured")  # fmt: skip
    flags.add_file_flags(data)
    for task in training_tasks().values():
        task.add_evaluation_flags(parser)
    return parser


def main(argv: Sequence[str]) -> None:
    """Open the version, measure it, print and keep the figures."""
    arguments = build_parser().parse_args(argv)
    with cli.checking_flags():
        stored = Store(arguments.store).open(*parse_reference(arguments.model))
    found = task_of(stored.config).evaluate(stored, arguments)
    path = keep(stored, arguments.data, found, command=command_line("training.evaluate", argv))
    log.info("kept in %s", path)


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
