"""Publish a stored model again with the graphs that it would have had it been exported now.

    python -m training.republish sentiment
    python -m training.republish sentiment:4 --store DIR

Nothing is trained, and what the version has stays as it is, byte for byte: the new version gives
the same answers, and can do what newer versions can, such as going on from a state. Versions are
never rewritten, so it has a number of its own.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from model_store import About, Store
from training import flags
from training.errors import UsageError
from training.parser import Parser
from training.references import parse_reference
from training.script import run_script

log = logging.getLogger(__name__)


def build_parser() -> Parser:
    """Describe the command line."""
    parser = Parser(
        prog="python -m training.republish",
        description="Publish a stored model again with the graphs that it lacks.",
    )
    parser.add_argument("model", metavar="NAME[:VERSION]", help="in the store; the served one")
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE,
                        help="the model store's folder")  # fmt: skip
    return parser


def main(argv: Sequence[str]) -> None:
    """Open the version, make the graphs that it lacks, publish it with them."""
    arguments = build_parser().parse_args(argv)
    from training import cli  # behind the parser: PyTorch takes seconds
    from training.task import task_of

    store = Store(arguments.store)
    with cli.checking_flags():
        stored = store.open(*parse_reference(arguments.model))
        graphs = task_of(stored.config).more_graphs(stored)
    if not graphs:
        raise UsageError(f"{stored.name}:{stored.version} has every graph that it can have")
    kept = {name: stored.read(name) for name in stored.manifest.files}
    facts = {name: getattr(stored.manifest, name) for name in About.model_fields}
    new = store.publish(stored.name, kept | graphs, About(**facts))
    added = ", ".join(sorted(graphs))
    log.info("%s:%d is %d with %s", new.name, new.version, stored.version, added)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
