"""What both training scripts share: flags, logging, the run's folder, exit codes."""

import argparse
import json
import logging
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import lightning.pytorch as pl
import torch

from model_store import Store, StoredVersion, StoreError, Tokenizer
from training.errors import DataError
from training.fit import FitOptions
from training.schedules import OptimizerOptions

log = logging.getLogger(__name__)
Options = TypeVar("Options")
DEFAULT_STORE = Path("model_store/models")


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a run: where it goes, how long, on what."""
    run = parser.add_argument_group("run")
    run.add_argument("--name", required=True, help="name of the model in the store")
    run.add_argument("--store", type=Path, default=DEFAULT_STORE, help="the model store's folder")
    run.add_argument("--run-dir", type=Path, help="checkpoints and logs (default: runs/NAME)")
    run.add_argument("--seed", type=int, default=0, help="of weights, splits and order")
    run.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    run.add_argument("--dry-run", action="store_true", help="read data, build, try one batch; stop")
    run.add_argument("--accelerator", default="cpu", help="cpu, gpu or auto")
    run.add_argument("--precision", default="32", choices=["32", "bf16"], help="of training")
    run.add_argument("--threads", type=int, help="processor threads (default: all cores)")
    run.add_argument("--max-minutes", type=float, help="stop after this time, keep the best")
    run.add_argument("--weights-dtype", default="float32", choices=["float32", "float16"],
                     help="how weights are stored in the version")  # fmt: skip


def add_fit_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the loop and the optimizer."""
    loop = parser.add_argument_group("loop")
    loop.add_argument("--max-epochs", type=int, default=10, help="passes over the data at most")
    loop.add_argument("--batch-size", type=int, default=64, help="texts, or rows of running text")
    loop.add_argument("--patience", type=int, default=3, help="checks without improvement")
    loop.add_argument("--min-delta", type=float, default=1e-4, help="smallest improvement, nats")
    loop.add_argument("--grad-clip-norm", type=float, default=1.0, help="largest gradient norm")
    loop.add_argument("--checks-per-epoch", type=int, default=1, help="validations in each epoch")
    steps = parser.add_argument_group("optimizer")
    steps.add_argument("--optimizer", default="adamw", choices=["adamw", "rmsprop", "sgd"])
    steps.add_argument("--learning-rate", type=float, default=1e-3, help="peak, of the top layers")
    steps.add_argument("--weight-decay", type=float, default=0.0, help="decoupled for adamw")
    steps.add_argument("--schedule", default="constant", choices=["constant", "slanted", "cosine"])
    steps.add_argument("--warmup-share", type=float, default=0.1, help="rising part of all steps")
    steps.add_argument("--layer-decay", type=float, default=1.0,
                       help="each group below the top learns this much slower")  # fmt: skip


def add_stack_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the flags of the recurrent stack and its regularization."""
    net = parser.add_argument_group("network")
    net.add_argument("--cell", default="lstm", choices=["rnn", "lstm", "gru"])
    net.add_argument("--embedding-dim", type=int, default=128)
    net.add_argument("--hidden-size", type=int, default=128)
    net.add_argument("--num-layers", type=int, default=1)
    for what, text in (
        ("embedding", "share of the vocabulary dropped for a batch"),
        ("input", "locked dropout on embedded tokens"),
        ("hidden", "locked dropout between layers"),
        ("weight", "share of hidden-to-hidden weights dropped for a batch"),
        ("output", "locked dropout on the last layer"),
    ):
        net.add_argument(f"--{what}-dropout", type=float, default=0.0, help=text)
    return net


def options_from(kind: type[Options], arguments: argparse.Namespace, **more: Any) -> Options:
    """Build an options object from the flags of the same names, `more` taking precedence."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    given = {key: value for key, value in vars(arguments).items() if key in names}
    return kind(**{**given, **more})


def fit_options(arguments: argparse.Namespace) -> FitOptions:
    """Return how long to train and where to."""
    return options_from(FitOptions, arguments, run_dir=run_dir(arguments))


def optimizer_options(arguments: argparse.Namespace) -> OptimizerOptions:
    """Return how weights are updated."""
    return options_from(OptimizerOptions, arguments)


def run_dir(arguments: argparse.Namespace) -> Path:
    """Return the run's folder, made if needed."""
    folder: Path = arguments.run_dir or Path("runs") / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_tokenizer(arguments: argparse.Namespace, learn: Callable[[], Tokenizer]) -> Tokenizer:
    """Return the run's tokenizer: learned and kept, or on `--resume` the one kept before."""
    kept = run_dir(arguments) / "tokenizer.json"
    if arguments.resume and kept.exists():
        return Tokenizer.from_bytes(kept.read_bytes())
    tokenizer = learn()
    kept.write_bytes(tokenizer.to_bytes())
    return tokenizer


def prepare(arguments: argparse.Namespace) -> Store:
    """Seed everything, set threads, and return the store to publish to."""
    # AdamW's averages of rare tokens fade into denormal numbers, which cost processors 5 to 10
    # times the time: without this, an epoch was measured to grow slower and slower.
    torch.set_flush_denormal(True)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    pl.seed_everything(arguments.seed, workers=True, verbose=False)
    return Store(arguments.store)


def say_published(stored: StoredVersion, route: str, body: dict[str, str]) -> None:
    """Say where the new version is, how good it is, and how to call it."""
    log.info("published %s:%d in %s", stored.name, stored.version, stored.path)
    for key, value in sorted(stored.manifest.metrics.items()):
        log.info("  %-32s %.4f", key, value)
    log.info(
        "serve it with `make serve`, then:\n  curl -s http://127.0.0.1:8000/v1/%s "
        "-H 'content-type: application/json' -d %s",
        route,
        shlex.quote(json.dumps(body, ensure_ascii=False)),
    )


def run_script(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> int:
    """Run a script's `main`; tell a person's mistake in one line instead of a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for noisy in ("lightning", "lightning.pytorch", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        main(argv)
    except (DataError, StoreError, FileNotFoundError, ValueError) as exc:
        log.error("error: %s", exc)
        return 2
    except KeyboardInterrupt:
        log.error("stopped; --resume goes on from the last checkpoint")
        return 130
    return 0
