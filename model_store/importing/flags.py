"""The flags of `python -m model_store import`; reads no file, so that help needs no library."""

import argparse
from pathlib import Path

ABOUT = "Bring a model that was made elsewhere: a Keras, PyTorch or ONNX file."
DESCRIPTION = (
    "Bring a model that was made elsewhere: a whole Keras file (.keras, .h5), a PyTorch state_dict "
    "(.safetensors, .pt) with a few lines of TOML, or an ONNX graph. Nothing in the file is run, "
    "and nothing is published that does not answer as the file's own framework would."
)
EXAMPLE = (
    "Example: python -m model_store import model.keras --name mine --tokenizer tokenizer.json "
    "--maxlen 150 --labels negative,positive. For the others see docs/migrate.md."
)
MAX_LEN = 100_000
STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation", "none")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add all flags but the store's."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLE
    parser.add_argument("file", type=Path, metavar="FILE", help="the model's file")
    parser.add_argument("--name", required=True, help="the model's name in the store")
    parser.add_argument("--dry-run", action="store_true", help="read and prove, publish nothing")
    parser.add_argument(
        "--layout", type=Path, metavar="FILE", help="TOML: what the modules of a state_dict are"
    )
    ends = parser.add_argument_group("inputs and outputs of an ONNX graph, if it has several")
    ends.add_argument("--input", metavar="NAME", help="its token ids, or its numbers")
    ends.add_argument("--lengths", metavar="NAME", help="its input of how many are real, if any")
    ends.add_argument("--output", metavar="NAME", help="its probabilities, or with --logits logits")
    ends.add_argument("--time-first", action="store_true", help="its inputs are (time, batch, …)")
    _add_text(parser.add_argument_group("what a text goes through"))
    answers = parser.add_argument_group("answers")
    answers.add_argument(
        "--labels", metavar="A,B,…", help="names of the classes 0, 1, … (default: their numbers)"
    )
    answers.add_argument(
        "--logits",
        action="store_true",
        help="the network ends before its sigmoid or softmax (PyTorch: always so)",
    )
    answers.add_argument(
        "--expected",
        type=Path,
        metavar="FILE",
        help="inputs with the answers of the file's own framework, as docs/migrate.md writes them",
    )


def _add_text(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="the JSON of Keras' Tokenizer (to_json), or a tokenizer.json",
    )
    group.add_argument(
        "--vocabulary", type=Path, metavar="FILE", help="or a vocabulary, one token a line"
    )
    group.add_argument(
        "--standardize",
        choices=STANDARDIZE,
        help="with --vocabulary: as TextVectorization has it (default: the first; PyTorch: none)",
    )
    group.add_argument(
        "--split", choices=("whitespace", "character"),
        help="with --vocabulary: where texts are split (default: whitespace)",
    )  # fmt: skip
    group.add_argument("--unknown", metavar="TOKEN", help="with --vocabulary: its unknown token")
    group.add_argument(
        "--maxlen", type=_positive, metavar="N", help="tokens (or rows) that are read at most"
    )
    group.add_argument(
        "--padding",
        choices=("pre", "post", "none"),
        help="where shorter texts were filled up (default: pre, as pad_sequences; with "
        "--vocabulary post; PyTorch and ONNX: none)",
    )
    group.add_argument(
        "--truncating",
        choices=("pre", "post"),
        help="which end of longer texts was cut off (default: pre, as pad_sequences; else post)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MAX_LEN:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number, 1 to {MAX_LEN:,}")
    return int(text)
