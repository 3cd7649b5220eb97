"""The flags that the training scripts share, and how mistakes in them are told.

Knows what a flag may hold and what it means; what a run does with them is in `cli`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from training.parser import Parser

Options = TypeVar("Options")
DEFAULT_STORE = Path("model_store/models")


MAX_SEED = 2**32 - 1  # numpy's
MIN_VOCAB_SIZE = 5  # four tokens are the vocabulary's own
MOST_BIAS = 20.0  # a gate of more is 1 to the last bit of a float32
MOST = 1e9  # of a number: a float32 and a time in minutes hold it


def whole(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return the reader of a whole number from `minimum` up, to `maximum` where there is one."""
    end = "up" if maximum is None else f"to {maximum:,}"

    def read(text: str) -> int:
        is_number = text.lstrip("-").isdecimal()
        if not is_number or int(text) < minimum or (maximum is not None and int(text) > maximum):
            raise argparse.ArgumentTypeError(
                f"{text[:40]!r} is no whole number from {minimum} {end}"
            )
        return int(text)

    return read


def number(
    minimum: float, maximum: float = MOST, *, is_open: bool = False
) -> Callable[[str], float]:
    """Return the reader of a number in a range, its ends included or, `is_open`, left out."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        is_inside = minimum < value < maximum if is_open else minimum <= value <= maximum
        if not is_inside:
            ends = f"over {minimum:g} and under" if is_open else f"from {minimum:g} to"
            raise argparse.ArgumentTypeError(f"{text!r} is no number {ends} {maximum:g}")
        return value

    return read


def example(text: str) -> str:
    """Read a text that a model is to be tried with: something, and characters."""
    if not text.strip() or any("\ud800" <= char <= "\udfff" for char in text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no text: give some words, in UTF-8")
    return text


def share(text: str) -> float:
    """Read a share: 0 or more, under 1."""
    value = number(0, 1)(text)
    if value == 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 up to, not including, 1")
    return value


def encoding(text: str) -> str:
    """Read the name of an encoding of text."""
    try:
        "".encode(text)  # other codecs, such as base64, encode no text
    except (LookupError, UnicodeError) as exc:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no encoding that Python knows, such as utf-8 or cp1252"
        ) from exc
    return text


def renaming(text: str) -> dict[str, str]:
    """Read `OLD=NEW,...`."""
    found: dict[str, str] = {}
    for part in text.split(","):
        old, sign, new = (piece.strip() for piece in part.rpartition("="))
        if not (old and sign and new):
            raise argparse.ArgumentTypeError(
                f"{part!r} renames nothing: write OLD=NEW,..., as in 0=negative,4=positive"
            )
        if found.setdefault(old, new) != new:
            raise argparse.ArgumentTypeError(f"{old!r} is renamed both {found[old]!r} and {new!r}")
    return found


positive = number(0, is_open=True)
a_part = number(0, 1, is_open=True)


def parse(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    presets: Mapping[str, Mapping[str, Any]],
) -> argparse.Namespace:
    """Read the command line; a preset changes defaults, flags given win over it."""
    chooser = Parser(prog=parser.prog, add_help=False, allow_abbrev=False)
    chooser.add_argument("--preset")
    preset = presets.get(chooser.parse_known_args(argv)[0].preset, {})
    parser.set_defaults(**preset)
    arguments = parser.parse_args(argv)
    arguments.choices = []  # what was chosen by the data, see `training.choices`
    return arguments


def options_from(kind: type[Options], arguments: argparse.Namespace, **more: Any) -> Options:
    """Build an options object from the flags of the same names, `more` taking precedence."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    given = {key: value for key, value in vars(arguments).items() if key in names}
    return kind(**{**given, **more})


def add_file_flags(group: argparse._ArgumentGroup) -> None:
    """Add the flags that say how a person's own labelled texts are read, see `ReadOptions`."""
    group.add_argument("--text-column", default="text", help="of your own file")
    group.add_argument("--label-column", default="label", help="of your own file")
    group.add_argument("--no-header", dest="has_header", action="store_false",
                       help="the first line of your CSV or TSV is a row: columns are numbers, from "
                       "1")  # fmt: skip
    group.add_argument("--encoding", type=encoding, help="of your own file, such as cp1252 "
                       "(default: UTF-8, else a guess that is said)")  # fmt: skip
    group.add_argument("--label-map", type=renaming, default={}, metavar="OLD=NEW,...",
                       help="rename labels, as in 0=negative,4=positive")  # fmt: skip
    group.add_argument("--exact-labels", action="store_true",
                       help="keep labels apart that differ only in case, spaces or as 1 and "
                       "1.0")  # fmt: skip
    group.add_argument("--drop-classes-under", type=whole(0), default=0, metavar="N",
                       help="leave out classes with fewer texts (default: those with under 5 are "
                       "learned and not tested)")  # fmt: skip


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a run: where it goes, how long, on what."""
    run = parser.add_argument_group("run")
    run.add_argument("--name", required=True, help="name of the model in the store")
    run.add_argument("--store", type=Path, default=DEFAULT_STORE, help="the model store's folder")
    run.add_argument("--run-dir", type=Path, help="checkpoints and logs (default: runs/NAME)")
    run.add_argument(
        "--seed", type=whole(0, MAX_SEED), default=0, help="of weights, splits and order"
    )
    run.add_argument("--only-if-better", action="store_true",
                     help="publish only what measures better than the version that is "
                     "served")  # fmt: skip
    run.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    run.add_argument("--dry-run", action="store_true", help="read data, build, try one batch; stop")
    run.add_argument("--accelerator", default="cpu", choices=["cpu", "gpu", "auto"],
                     help="where to train")  # fmt: skip
    run.add_argument("--precision", default="32", choices=["32", "bf16"], help="of training")
    run.add_argument("--threads", type=whole(1), help="processor threads (default: all cores)")
    run.add_argument("--max-minutes", type=positive, help="stop after this time, keep the best")
    run.add_argument("--weights-dtype", default="float32", choices=["float32", "float16"],
                     help="how weights are stored in the version")  # fmt: skip


def add_fit_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the loop and the optimizer."""
    loop = parser.add_argument_group("loop")
    loop.add_argument("--max-epochs", type=whole(1), default=10, help="passes over the data")
    loop.add_argument("--batch-size", type=whole(1), default=64, help="texts, or rows of text")
    loop.add_argument("--patience", type=whole(0), default=3, help="checks without improvement")
    loop.add_argument("--min-delta", type=number(0), default=1e-4,
                      help="smallest improvement, nats")  # fmt: skip
    loop.add_argument("--average-decay", type=share, default=0.0, metavar="D",
                      help="keep a running average of the weights, such as 0.999; 0 is "
                      "off")  # fmt: skip
    loop.add_argument("--keep", default="best", choices=["best", "last"],
                      help="weights of the best validation, or the last ones, as for a schedule "
                      "that falls to zero")  # fmt: skip
    loop.add_argument("--grad-clip-norm", type=number(0), default=1.0,
                      help="largest gradient norm; 0 is off")  # fmt: skip
    loop.add_argument("--checks-per-epoch", type=whole(1), default=1,
                      help="validations in each epoch")  # fmt: skip
    start = parser.add_argument_group("memory at the start").add_mutually_exclusive_group()
    start.add_argument("--forget-bias", type=number(-MOST_BIAS, MOST_BIAS), metavar="B",
                       help="bias of the gate that keeps the memory, an LSTM's forget or a GRU's "
                       "update gate; more remembers longer (default: about 1 for an LSTM, 0 for a "
                       "GRU)")  # fmt: skip
    start.add_argument("--chrono-init", type=whole(2), metavar="T",
                       help="draw it so that units remember 1 to T tokens (Tallec and Ollivier "
                       "2018); T is the longest distance that matters")  # fmt: skip
    steps = parser.add_argument_group("optimizer")
    steps.add_argument("--optimizer", default="adamw", choices=["adamw", "rmsprop", "sgd"],
                       help="how weights are updated")  # fmt: skip
    steps.add_argument("--learning-rate", type=positive, default=1e-3,
                       help="peak, of the top layers")  # fmt: skip
    steps.add_argument("--weight-decay", type=number(0), default=0.0, help="decoupled for adamw")
    steps.add_argument("--schedule", default="constant",
                       choices=["constant", "slanted", "cosine", "step"],
                       help="of the learning rate")  # fmt: skip
    steps.add_argument("--warmup-share", type=number(0, 1), default=0.1,
                       help="rising part of all steps")  # fmt: skip
    steps.add_argument("--decay-after", type=whole(0), default=4, help="epochs; schedule step")
    steps.add_argument("--epoch-decay", type=positive, default=0.5,
                       help="factor of each epoch after those; schedule step")  # fmt: skip
    steps.add_argument("--layer-decay", type=positive, default=1.0,
                       help="each group below the top learns this much slower")  # fmt: skip


def add_cell_flag(group: argparse._ArgumentGroup) -> None:
    """Add the kind of recurrent layer."""
    group.add_argument(
        "--cell", default="lstm", choices=["rnn", "lstm", "gru"], help="kind of recurrent layer"
    )


def add_stack_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the flags of the recurrent stack and its regularization."""
    net = parser.add_argument_group("network")
    add_cell_flag(net)
    net.add_argument("--embedding-dim", type=whole(1), default=128, help="numbers a token")
    net.add_argument("--hidden-size", type=whole(1), default=128, help="units of a layer")
    net.add_argument("--num-layers", type=whole(1), default=1, help="recurrent layers")
    for what, text in (
        ("embedding", "share of the vocabulary dropped for a batch"),
        ("input", "locked dropout on embedded tokens"),
        ("hidden", "locked dropout between layers"),
        ("weight", "share of hidden-to-hidden weights dropped for a batch"),
        ("output", "locked dropout on the last layer"),
    ):
        net.add_argument(f"--{what}-dropout", type=share, default=0.0, help=text)
    return net


def given(argv: Sequence[str], names: Sequence[str]) -> frozenset[str]:
    """Return which flags, named as fields, a command line has."""
    found = {argument.partition("=")[0] for argument in argv}
    return frozenset(name for name in names if f"--{name.replace('_', '-')}" in found)


def overruled(arguments: argparse.Namespace, reference: str, shape: Mapping[str, Any]) -> str:
    """Say which flags of the network have no effect beside `--init-from`; "" if none.

    Args:
        arguments: With `given`, the flags of the network that the command line has.
        reference: What is gone on from.
        shape: What is taken over of it.
    """
    unused = ", ".join(
        f"--{name.replace('_', '-')} {value}"
        for name in sorted(arguments.given)
        if (value := getattr(arguments, name)) != shape.get(name)
    )
    return unused and (
        f"{reference} is taken with its network and its tokenizer, so these have no effect: "
        f"{unused} (without --init-from they have)"
    )
