"""Command line of the model store.

    python -m model_store list
    python -m model_store show sentiment:3
    python -m model_store promote sentiment:4

Ends with 0 if all is well, 1 if something was refused or found wrong, 2 if the command itself
was wrong, 130 at Ctrl-C.
"""

import argparse
import io
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from model_store.errors import InvalidName, InvalidPlan, StoreError
from model_store.importing.flags import ABOUT, add_flags
from model_store.names import parse_version
from model_store.reader import SERVING
from model_store.sample_texts import read_texts
from model_store.serving import ServingPlan
from model_store.store import Store
from model_store.tables import description, moment, primary_figure, roles, table, total_size

REMEDY = (
    "Put the files back from a backup (those of models that came with the program: "
    "git restore FOLDER), or delete the version's folder and train or publish it again."
)
INTERRUPTED = 128 + signal.SIGINT
DEFAULT_STORE = Path(__file__).resolve().parent / "models"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal may have fewer characters than a name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else list(argv)
    args = _parser().parse_args(given, argparse.Namespace(given=given))
    try:
        code: int = args.run(Store(args.store), args)
    except StoreError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped before it was done", file=sys.stderr)
        return INTERRUPTED
    return code


def _list(store: Store, args: argparse.Namespace) -> int:
    names = store.names() if args.name is None else [args.name]
    rows = [row for name in names for row in _rows(store, name)]
    if rows:
        print(table(["model", "task", "published", "size", "figure", "served as"], rows))
    else:
        print(f"no models in {store.root}")
    return 0


def _rows(store: Store, name: str) -> Iterator[tuple[str, ...]]:
    for version in store.versions(name):
        try:
            manifest = store.manifest(name, version)
        except StoreError:
            facts = "-", "-", "-", "-"
        else:
            figures = moment(manifest.created), total_size(manifest), primary_figure(manifest)
            facts = manifest.task, *figures
        yield f"{name}:{version}", *facts, _state(store, name, version)


def _state(store: Store, name: str, version: int) -> str:
    """Say what a version is served as, and whether it can be: all its files are read."""
    try:
        said = roles(store.serving(name), version)
    except InvalidPlan:
        said = f"{SERVING} is invalid, see verify"
    damaged = "damaged, see verify" if store.verify(name, version) else ""
    return ", ".join(filter(None, (said, damaged)))


def _show(store: Store, args: argparse.Namespace) -> int:
    name, version = _target(args)
    stored = store.open(name, version)
    print(description(stored.manifest, stored.config, store.serving(name)))
    return 0


def _verify(store: Store, args: argparse.Namespace) -> int:
    is_sound = True
    for subject, problems in _findings(store, args):
        is_sound = is_sound and not problems
        print(f"{subject}: {'refused' if problems else 'ok'}")
        for problem in problems:
            print(f"  {str(problem).removeprefix(f'{subject}: ')}")
    if not is_sound:
        print(REMEDY)
    return 0 if is_sound else 1


def _findings(store: Store, args: argparse.Namespace) -> Iterator[tuple[str, Sequence[StoreError]]]:
    """Yield what was looked at and what is wrong with it."""
    name, version = _target(args) if args.model else (None, None)
    if name is not None and version is not None:
        yield f"{name}:{version}", store.verify(name, version)
        return
    for each in store.names() if name is None else [name]:
        for number in sorted({*store.versions(each), *store.incomplete(each)}):
            yield f"{each}:{number}", store.verify(each, number)
        try:
            store.check_plan(each, store.serving(each))
        except InvalidPlan as problem:
            yield f"{each}: {SERVING}", [problem]


def _promote(store: Store, args: argparse.Namespace) -> int:
    name, version = _target(args)
    if version is None:
        raise InvalidName(f"say which version: promote {name}:VERSION")
    before = store.serving(name).default
    return _tell(name, before, store.promote(name, version, force=args.force))


def _rollback(store: Store, args: argparse.Namespace) -> int:
    before = store.serving(args.name)
    _tell(args.name, before.default, store.rollback(args.name))
    if not before.history:
        print("no former default is on record: this is the highest sound version below")
    return 0


def _tell(name: str, before: int, plan: ServingPlan) -> int:
    print(f"{name}: the default is version {plan.default} (before: {before})")
    return 0


def _quantize(store: Store, args: argparse.Namespace) -> int:
    from model_store.quantize import quantize  # brings ONNX Runtime, which nothing else needs here

    name, version = _target(args)
    texts = [] if args.data is None else read_texts(args.data)
    before = store.serving(name).default
    new, loss = quantize(store, name, version, texts=texts, is_forced=args.force)
    print(f"{new.name}:{new.version} is published in 8 bits")
    print("nothing was measured: --data FILE does" if loss is None else loss.shown)
    if store.serving(name).default == before != new.version:
        print(f"{name}:{before} stays the default: promote {name}:{new.version} changes that")
    return 0


def _prune(store: Store, args: argparse.Namespace) -> int:
    deleted = store.prune(args.name, keep=args.keep)
    for version in deleted:
        print(f"deleted {args.name}:{version}")
    print(f"{args.name}: {len(deleted)} deleted, {len(store.versions(args.name))} kept")
    return 0


def _import(store: Store, args: argparse.Namespace) -> int:
    try:
        from model_store.importing import command
    except ModuleNotFoundError as exc:
        print(f"error: {exc}: run make import-setup (requirements-import.txt)", file=sys.stderr)
        return 1
    return command.run(store, args)


def _target(args: argparse.Namespace) -> tuple[str, int | None]:
    """Return the name and version of `NAME`, `NAME:VERSION` or `NAME VERSION`."""
    name, _, suffix = args.model.partition(":")
    if suffix and args.version is not None:
        raise InvalidName(f"two versions are named, {suffix} and {args.version}: leave one out")
    text = suffix or args.version
    if text is None:
        return name, None
    version = parse_version(text)
    if version is None:
        raise InvalidName(f"version {text!r} is not allowed: use an integer from 1 up")
    return name, version


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text[:9]) < 1:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a whole number from 1 up: the newest version always stays"
        )
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_store",
        description="Look after the versions of models in a store.",
        epilog="Exit code: 0 all is well, 1 refused or found wrong, 2 wrong command line.",
    )
    _add_store(parser, DEFAULT_STORE)
    common = argparse.ArgumentParser(add_help=False)
    _add_store(common, argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=text, description=text)
        added.set_defaults(run=run)
        return added

    listing = command("list", _list, "List models, versions, what they are served as, and damage.")
    listing.add_argument("name", nargs="?", metavar="NAME")
    show = command("show", _show, "Show all about a version, by default the one being served.")
    _add_target(show)
    verify = command("verify", _verify, "Check every file; of one version, one model, or all.")
    _add_target(verify, nargs="?")
    promote = command("promote", _promote, "Verify a version, then make it the default.")
    _add_target(promote)
    promote.add_argument("--force", action="store_true", help="even if it measured worse")
    quantize = command(
        "quantize",
        _quantize,
        "Publish a version in 8 bits: quicker, and the same bits everywhere.",
    )
    _add_target(quantize)
    quantize.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="texts to measure with: .csv with a column text, and label if known; else plain text",
    )
    quantize.add_argument("--force", action="store_true", help="whatever it loses")
    rollback = command(
        "rollback", _rollback, "Go back to the former default, else to the version below."
    )
    rollback.add_argument("name", metavar="NAME")
    prune = command("prune", _prune, "Delete old versions that serving.json does not name.")
    prune.add_argument("name", metavar="NAME")
    prune.add_argument(
        "--keep", type=_at_least_one, required=True, metavar="N", help="newest versions to keep"
    )
    add_flags(command("import", _import, ABOUT))
    return parser


def _add_store(parser: argparse.ArgumentParser, default: Path | str) -> None:
    text = "the store's directory; default: the models beside this program"
    parser.add_argument("--store", type=Path, default=default, metavar="DIR", help=text)


def _add_target(parser: argparse.ArgumentParser, *, nargs: str | None = None) -> None:
    parser.add_argument("model", metavar="NAME[:VERSION]", nargs=nargs)
    parser.add_argument("version", nargs="?", metavar="VERSION", help="or after the name")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` closes the pipe: no error
    sys.exit(main())
