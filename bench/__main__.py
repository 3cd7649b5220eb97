"""Measures the service beside its limits and beside a naive application, in one run.

    python -m bench             about ten minutes; `make bench` is this
    python -m bench --quick     about a minute, to see that it runs

What is measured, and how, is in `bench/README.md`. Ends with one line of JSON.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.goals import Goal, Judge, Startup, promise_goals, startup_goals
from bench.models import Models, shipped_models
from bench.picture import draw
from bench.promise import check_promise
from bench.reference import reference_models
from bench.report import hardware, json_line, table
from bench.results import Results
from bench.rounds import LOADS_OF, Rounds, Sizes, measure_startup
from bench.servers import ROOT, running
from bench.wrk import MISSING, is_installed
from service.settings import load_settings

PICTURE = ROOT / "docs" / "images" / "bench.png"
SYSTEMS = ("service", "bare", "parity")
FULL = Sizes(rounds=3, seconds=2.0, promises=10_000)
QUICK = Sizes(rounds=1, seconds=1.0, promises=500)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status, 0 also when goals are missed."""
    args = _parser().parse_args(argv)
    if not is_installed():
        print(MISSING, file=sys.stderr)
        return 1
    sizes = QUICK if args.quick else FULL
    sizes = sizes.changed(rounds=args.rounds, seconds=args.seconds, promises=args.promises)
    command = shlex.join(["python", "-m", "bench", *(sys.argv[1:] if argv is None else argv)])
    print(f"{command}\n{hardware()}\n{sizes.rounds} rounds of {sizes.seconds:g} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results, goals, startups = _measure(args, sizes, Path(folder))
    print(table(results))
    print("\n".join(goal.line() for goal in goals))
    picture = args.picture or (None if args.quick else PICTURE)
    if picture is not None:
        draw(results, picture, title=f"{command} on {hardware()}")
    print(json_line(results, goals, startups, command=command))
    return 0


def _measure(
    args: argparse.Namespace, sizes: Sizes, folder: Path
) -> tuple[Results, list[Goal], list[Startup]]:
    results, goals = Results(), list[Goal]()
    startups: list[Startup] = []
    for models in _models(args.models, folder / "store"):
        print(models.describe(), flush=True)
        with running(folder) as servers:
            for system in args.systems:
                startups.append(measure_startup(servers, system, models, sizes))
                print(startups[-1].line(), flush=True)
            rounds = Rounds(servers, models, systems=args.systems, loads=args.loads)
            rounds.run(sizes, results, tell=_tell)
            goals += Judge(results, models.label).goals()
            if "service" in args.systems and sizes.promises:
                goals += promise_goals(models.label, check_promise(rounds.service, sizes.promises))
    own = [startup for startup in startups if startup.system == "service"]
    return results, goals + [goal for startup in own for goal in startup_goals(startup)], startups


def _models(wanted: str, store_dir: Path) -> list[Models]:
    models = []
    if wanted in ("reference", "both"):
        models.append(reference_models(store_dir))
    if wanted in ("shipped", "both"):
        shipped = shipped_models(load_settings())
        if shipped is None:
            print("the store has no shipped models: they are left out", flush=True)
        else:
            models.append(shipped)
    return models


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    size = parser.add_argument_group("size")
    size.add_argument("--quick", action="store_true", help="one short round, and no picture")
    size.add_argument("--rounds", type=int, help="how often all is measured")
    size.add_argument("--seconds", type=float, help="length of one measurement, at least 1")
    size.add_argument("--promises", type=int, help="mixed requests whose answers are compared")
    what = parser.add_argument_group("what is measured")
    what.add_argument("--models", choices=["reference", "shipped", "both"], default="both")
    for name, allowed in (("--systems", SYSTEMS), ("--loads", tuple(LOADS_OF))):
        what.add_argument(
            name,
            type=_list_of(*allowed),
            default=allowed,
            help=f"comma-separated, of {', '.join(allowed)}",
        )
    parser.add_argument("--picture", type=Path, help=f"where to draw it; {PICTURE} in a full run")
    return parser


def _list_of(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        if unknown := set(names) - set(allowed):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
        return names

    return read


if __name__ == "__main__":
    sys.exit(main())
