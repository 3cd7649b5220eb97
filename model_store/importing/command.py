r"""`python -m model_store import FILE --name NAME`: what the flags mean.

python -m model_store import model.keras --name mine --tokenizer tokenizer.json \
        --maxlen 150 --labels negative,positive
"""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_store.importing.fitting import fit
from model_store.importing.keras.read import read_keras
from model_store.importing.onnx_files.ends import Ends
from model_store.importing.onnx_files.read import read_onnx
from model_store.importing.onnx_files.wrap import fit_onnx
from model_store.importing.options import Gives, Options, Padding, Truncating
from model_store.importing.publishing import Origin, Proved, prove_graph, prove_network, publish
from model_store.importing.pytorch.layout import Layout, read_layout
from model_store.importing.pytorch.read import read_pytorch
from model_store.importing.pytorch.storages import SAVE_STATE
from model_store.importing.refused import Refused, printable
from model_store.importing.summary import proof_words, reading_words
from model_store.importing.text import Reading, Split, Standardize, tokenizer_file, vocabulary_file
from model_store.names import check_model_name
from model_store.store import Store
from model_store.tokenizer import Tokenizer

FOLDERS = ("--store",)  # of this machine; left out of the command that is kept
ONNX = ".onnx"
MAX_COMMAND = 4_000
PYTORCH = (".safetensors", ".pt", ".pth", ".bin")
SAVED_MODEL = "Load it with the Keras that made it and save it with model.save('model.keras')"
FOLDER = ("a folder, such as TensorFlow's SavedModel, holds a program", SAVED_MODEL)
REFUSED_KINDS = {
    ".pb": ("a TensorFlow graph is a program", SAVED_MODEL),
    ".tflite": ("it is compiled for other machines", SAVED_MODEL),
    ".mar": (
        "a TorchServe archive holds a handler, which is code",
        "Take the .pt and the vocabulary out of it (unzip model.mar) and import those",
    ),
    ".pkl": ("it is a pickle, and importing runs no code of a file", SAVE_STATE),
    ".pickle": ("it is a pickle, and importing runs no code of a file", SAVE_STATE),
    ".joblib": ("it is a pickle, and importing runs no code of a file", SAVE_STATE),
}
"""Kinds of files that are no model on their own, by their suffix: why not, and the way out."""


FLAGS_OF = {
    "layout": ("PyTorch",),
    **dict.fromkeys(("input", "lengths", "output", "time_first"), ("ONNX",)),
    "logits": ("Keras", "ONNX"),
}
"""Flags that say something of files of these kinds alone."""


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds in a file's framework where no flag says otherwise."""

    padding: Padding
    truncating: Truncating
    gives: Gives
    pad_id: int = 0


def run(store: Store, args: argparse.Namespace) -> int:
    """Import a file.

    Raises:
        model_store.errors.StoreError: It was refused, and nothing was published.
    """
    check_model_name(args.name)
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused in words
            return _import(store, args)
    except MemoryError as exc:
        reason = "it does not fit into the memory that there is"
        raise Refused(args.file.name, reason, "Import it where there is more") from exc
    except OSError as exc:
        what = exc.filename or args.file
        raise Refused(str(what), exc.strerror or str(exc), "Name a file that can be read") from exc


def _import(store: Store, args: argparse.Namespace) -> int:
    proved, source = _proved(args)
    fitted = proved.fitted
    print(f"{printable(args.file.name, 200)} ({source}): {fitted.num_weights:,} weights\n")
    print(fitted.outline, end="\n\n")
    print(reading_words(fitted))
    print("\n".join(f"proved: {line}" for line in proof_words(fitted, proved.proof)))
    if args.dry_run:
        print("nothing published (--dry-run)")
        return 0
    stored = publish(store, args.name, proved, Origin(args.file, source, _command(args.given)))
    print(f"published {stored.name}:{stored.version} to {store.root}")
    return 0


def _proved(args: argparse.Namespace) -> tuple[Proved, str]:
    """Read a file by its kind, and prove what was made of it; say what wrote it."""
    path: Path = args.file
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in REFUSED_KINDS:
        raise Refused(path.name, *(FOLDER if path.is_dir() else REFUSED_KINDS[suffix]))
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise Refused(path.name, "it is no file on a disk", "Write it into one, and name that")
    _check_flags(args, "ONNX" if suffix == ONNX else "PyTorch" if suffix in PYTORCH else "Keras")
    gives: Gives = "logits" if args.logits else "probabilities"
    if suffix == ONNX:
        return _proved_onnx(args, _Defaults("none", "post", gives))
    if suffix in PYTORCH:
        layout = _layout(args)
        network, source = read_pytorch(path, layout)
        defaults = _Defaults(layout.padding, "post", layout.gives, layout.pad_id)
    else:
        network, source = read_keras(path, takes_logits=args.logits)
        end: Truncating = (
            "pre" if args.vocabulary is None else "post"
        )  # as pad_sequences, TextVectorization
        defaults = _Defaults(end, end, gives)
    return prove_network(*fit(network, _tokenizer(args), _options(args, defaults))), source


def _check_flags(args: argparse.Namespace, kind: str) -> None:
    """Refuse flags that say nothing of such a file: their caller expects something of them."""
    for flag, kinds in FLAGS_OF.items():
        if getattr(args, flag) and kind not in kinds:
            raise Refused(
                f"--{flag.replace('_', '-')}",
                f"it is for files of {' or '.join(kinds)}, and {args.file.name} is of {kind}",
                "Leave it out",
            )
    for flag in ("standardize", "split", "unknown"):
        if getattr(args, flag) is not None and args.vocabulary is None:
            raise Refused(f"--{flag}", "it goes with --vocabulary", "Name one, or leave it out")


def _proved_onnx(args: argparse.Namespace, defaults: _Defaults) -> tuple[Proved, str]:
    file = read_onnx(args.file)
    ends = Ends(args.input, args.lengths, args.output, args.time_first)
    fitted, graph = fit_onnx(file, ends, _tokenizer(args), _options(args, defaults))
    return prove_graph(fitted, graph), file.source


def _layout(args: argparse.Namespace) -> Layout:
    if args.layout is None:
        raise Refused(
            "--layout",
            "a state_dict does not say how its modules are put together",
            "Write the few lines of TOML that docs/migrate.md shows, and name them by --layout",
        )
    return read_layout(args.layout)


def _tokenizer(args: argparse.Namespace) -> Tokenizer | None:
    if args.tokenizer is not None and args.vocabulary is not None:
        raise Refused("--vocabulary", "--tokenizer holds one already", "Leave one of them out")
    if args.tokenizer is not None:
        return tokenizer_file(args.tokenizer)
    if args.vocabulary is None:
        return None
    is_keras = args.file.suffix.lower() not in (*PYTORCH, ONNX)
    standardize: Standardize = args.standardize or (
        "lower_and_strip_punctuation" if is_keras else "none"
    )
    split: Split = args.split or "whitespace"
    reading = Reading(standardize, split, args.unknown, adds_special=is_keras)
    return vocabulary_file(args.vocabulary, reading)


def _options(args: argparse.Namespace, defaults: _Defaults) -> Options:
    labels = None if args.labels is None else tuple(one.strip() for one in args.labels.split(","))
    return Options(
        labels=labels,
        max_len=args.maxlen,
        padding=args.padding or defaults.padding,
        truncating=args.truncating or defaults.truncating,
        pad_id=defaults.pad_id,
        gives=defaults.gives,
        expected=args.expected,
    )


def _command(argv: Sequence[str]) -> str:
    """Return the command without folders of this machine."""
    kept = []
    arguments = iter(argv)
    for argument in arguments:
        flag, has_value, _ = argument.partition("=")
        if flag not in FOLDERS:
            kept.append(Path(argument).name if "/" in argument else argument)
        elif not has_value:
            next(arguments, None)
    return printable(shlex.join(["python", "-m", "model_store", *kept]), MAX_COMMAND)
