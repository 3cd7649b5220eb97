"""Measure a stored model on any data set, as its task measures it.

    python -m training.evaluate sentiment --data rt_polarity
    python -m training.evaluate sentiment:2 --data reviews.csv --all-rows --baseline-data imdb
    python -m training.evaluate names --data names_by_language --samples 1000

Runs the version's own graph, the one that is served. Prints the figures and keeps them in
`runs/evaluations/<name>-<version>-<data>.json`: nothing in the store is written to.
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
from model_store.discovery import found_in
from model_store.disk import replace_file
from training import flags, tasks
from training.errors import UsageError
from training.parser import Parser
from training.references import parse_reference
from training.script import run_script

log = logging.getLogger(__name__)

FOLDER = Path("runs/evaluations")


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m training.evaluate",
                          description="Measure a stored model on a data set.")  # fmt: skip
    parser.add_argument("model", metavar="NAME[:VERSION]", help="in the store; the served one")
    parser.add_argument("--data", required=True, metavar="SOURCE",
                        help="a named set or your own file, as in training")  # fmt: skip
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE,
                        help="the model store's folder")  # fmt: skip
    parser.add_argument("--output-dir", type=Path, default=FOLDER, metavar="DIR",
                        help="where the figures are kept")  # fmt: skip
    parser.add_argument("--seed", type=flags.whole(0, flags.MAX_SEED), default=0,
                        help="of the splits, as in training, and of draws")  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--validation-split", type=flags.a_part, default=0.1,
                      help="share held out, as in training")  # fmt: skip
    data.add_argument("--test-split", type=flags.share, default=0.1,
                      help="share of your own file that is measured")  # fmt: skip
    flags.add_file_flags(data)
    for add_flags in found_in(tasks, "add_evaluation_flags", module="flags", is_optional=True):
        add_flags(parser)
    return parser


def main(argv: Sequence[str]) -> None:
    """Open the version, measure it, print and keep the figures."""
    arguments = build_parser().parse_args(argv)
    from training import cli  # behind the parser: PyTorch takes seconds
    from training.export.publish import command_line, library_versions
    from training.task import task_of

    with cli.checking_flags():
        stored = Store(arguments.store).open(*parse_reference(arguments.model))
    found = task_of(stored.config).evaluate(stored, arguments)
    origin = {
        "command": command_line("training.evaluate", argv),
        "libraries": library_versions(),
    }
    path = keep(arguments.output_dir, stored, arguments.data, found | origin)
    log.info("kept in %s", path)


def keep(folder: Path, stored: StoredVersion, data: str, found: dict[str, Any]) -> Path:
    """Write what was found into a folder; return the file's path.

    Raises:
        UsageError: The folder cannot be written to.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(data).stem).strip("-") or "data"
    path = folder / f"{stored.name}-{stored.version}-{name}.json"
    content = {
        "model": stored.name,
        "version": stored.version,
        "data": data,
        "created": int(time.time()),
        **found,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as exc:
        raise UsageError(f"the figures cannot be kept in {path}: {exc.strerror}") from exc
    return path


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
