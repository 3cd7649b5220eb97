r"""`python -m model_store import FILE --name NAME`: what the flags mean.

python -m model_store import model.keras --name mine --tokenizer tokenizer.json \
        --maxlen 150 --labels negative,positive
"""

import argparse
import shlex
import sys
from collections.abc import Sequence

from model_store.importing.fitting import fit
from model_store.importing.keras.read import read_keras
from model_store.importing.network import Network
from model_store.importing.options import Options
from model_store.importing.publishing import Origin, prove_network, publish
from model_store.importing.refused import Refused
from model_store.importing.summary import layer_table, proof_words, reading_words
from model_store.importing.text import Reading, tokenizer_file, vocabulary_file
from model_store.names import check_model_name
from model_store.store import Store
from model_store.tokenizer import Tokenizer

FOLDERS = ("--store",)  # of this machine; left out of the command that is kept


def run(store: Store, args: argparse.Namespace) -> int:
    """Import a file.

    Raises:
        model_store.errors.StoreError: It was refused, and nothing was published.
    """
    check_model_name(args.name)
    try:
        return _import(store, args)
    except OSError as exc:
        what = exc.filename or args.file
        raise Refused(str(what), exc.strerror or str(exc), "Name a file that can be read") from exc


def _import(store: Store, args: argparse.Namespace) -> int:
    network, source = _network(args)
    print(f"{args.file.name} ({source}): {network.num_parameters:,} weights\n")
    print(layer_table(network), end="\n\n")
    fitted = fit(network, _tokenizer(args), _options(args))
    proved = prove_network(fitted)
    print(reading_words(fitted))
    print("\n".join(f"proved: {line}" for line in proof_words(proved.proof)))
    if args.dry_run:
        print("nothing published (--dry-run)")
        return 0
    stored = publish(store, args.name, proved, Origin(args.file, source, _command(sys.argv[1:])))
    print(f"published {stored.name}:{stored.version} to {store.root}")
    return 0


def _network(args: argparse.Namespace) -> tuple[Network, str]:
    return read_keras(args.file, takes_logits=args.logits)


def _tokenizer(args: argparse.Namespace) -> Tokenizer | None:
    if args.tokenizer is not None and args.vocabulary is not None:
        raise Refused("--vocabulary", "--tokenizer holds one already", "Leave one of them out")
    if args.tokenizer is not None:
        return tokenizer_file(args.tokenizer)
    if args.vocabulary is None:
        return None
    reading = Reading(args.standardize, args.split, args.unknown)
    return vocabulary_file(args.vocabulary, reading)


def _options(args: argparse.Namespace) -> Options:
    labels = None if args.labels is None else tuple(one.strip() for one in args.labels.split(","))
    return Options(
        labels=labels,
        max_len=args.maxlen,
        padding=args.padding,
        truncating=args.truncating,
        takes_logits=args.logits,
        expected=args.expected,
    )


def _command(argv: Sequence[str]) -> str:
    """Return the command without the folder of the store."""
    kept = []
    arguments = iter(argv)
    for argument in arguments:
        flag, has_value, _ = argument.partition("=")
        if flag not in FOLDERS:
            kept.append(argument)
        elif not has_value:
            next(arguments, None)
    return shlex.join(["python", "-m", "model_store", *kept])
