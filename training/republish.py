"""Publish a stored model again with the graphs that it would have had it been exported now.

    python -m training.republish sentiment
    python -m training.republish sentiment:4 --store DIR
    python -m training.republish sentiment --card FILE.md

Nothing is trained, and what the version has stays as it is, byte for byte: the new version gives
the same answers, and can do what newer versions can, such as going on from a state. With
`--card` its card is written as it would be now, the sections of a Markdown file behind the figures.
Versions are never rewritten, so it has a number of its own.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import safetensors.numpy

from model_store import About, Store, StoredVersion
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
        description="Publish a stored model again with the graphs or the card that it lacks.",
    )
    parser.add_argument("model", metavar="NAME[:VERSION]", help="in the store; the served one")
    parser.add_argument("--store", type=Path, default=flags.DEFAULT_STORE,
                        help="the model store's folder")  # fmt: skip
    parser.add_argument("--to", type=Path, metavar="DIR",
                        help="folder of the store to publish to (default: the same)")  # fmt: skip
    parser.add_argument("--card", type=Path, nargs="*", metavar="FILE.md",
                        help="write the card anew, with the sections of these files: examples, "
                        "samples, what else a reader should know")  # fmt: skip
    return parser


def main(argv: Sequence[str]) -> None:
    """Open the version, make the graphs that it lacks, publish it with them."""
    arguments = build_parser().parse_args(argv)
    from training import cli  # behind the parser: PyTorch takes seconds
    from training.task import task_of

    store = Store(arguments.store)
    with cli.checking_flags():
        stored = store.open(*parse_reference(arguments.model))
        facts = About(**{name: getattr(stored.manifest, name) for name in About.model_fields})
        if arguments.card is None:
            new_files = task_of(stored.config).more_graphs(stored)
        else:
            new_files = {"README.md": renewed(stored, facts, arguments.card).encode()}
    if not new_files:
        raise UsageError(f"{stored.name}:{stored.version} has every graph that it can have")
    kept = {name: stored.read(name) for name in stored.manifest.files}
    target = store if arguments.to is None else Store(arguments.to)
    new = target.publish(stored.name, kept | new_files, facts)
    added = ", ".join(sorted(new_files))
    log.info("%s:%d is %d with %s", new.name, new.version, stored.version, added)


def renewed(stored: StoredVersion, about: About, files: Sequence[Path]) -> str:
    """Return a version's card as it would be written now, with the sections of some files.

    Raises:
        UsageError: A file has no section.
    """
    from training.reports.card import renewed_card, sections_of

    notes: dict[str, str] = {}
    for file in files:
        above, sections = sections_of(file.read_text())
        if above or not sections:
            raise UsageError(f"{file} should begin with a heading, such as ## Examples")
        notes |= sections
    shapes = safetensors.numpy.load(stored.read("weights.safetensors")).values()
    return renewed_card(
        stored.read("README.md").decode(),
        stored.config,
        about,
        notes=notes,
        parameters=sum(weight.size for weight in shapes),
    )


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
