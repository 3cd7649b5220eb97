"""What was found in a file, for people: a table of its layers, and the version's card."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from model_store.importing.fitting import Fitted
from model_store.importing.network import (
    Activate,
    Embed,
    Join,
    Linear,
    MaskRows,
    Network,
    Normalize,
    Operation,
    Pool,
    Recurrent,
    Scale,
    arrays_of,
)
from model_store.importing.proving import TOLERANCE, Proof
from model_store.importing.shapes import shapes_of
from model_store.tables import table
from model_store.tasks.text_classification import ClassifierConfig

READS = {
    "pre": "filled up before the text to {n} tokens, which the network reads as well",
    "post": "filled up after the text to {n} tokens, which the network reads as well",
    None: "read by themselves, without padding",
}


def layer_table(network: Network) -> str:
    """Return a line for each step: its layer, what it does, what it gives, its weights."""
    rows = []
    for step, shape in zip(network.steps, shapes_of(network), strict=True):
        given = f"(time, {shape.width})" if shape.is_sequence else f"({shape.width})"
        count = sum(array.size for array in arrays_of(step.operation))
        rows.append((step.layer, told(step.operation), given, f"{count:,}"))
    rows.append(("", network.ending, f"({network.num_classes} classes)", ""))
    return table(["layer", "does", "gives", "weights"], rows)


def told(operation: Operation) -> str:
    """Return an operation in a few words."""
    if isinstance(operation, Embed):
        masked = ", token 0 masked" if operation.mask_zero else ""
        return f"embedding of {len(operation.table):,} tokens{masked}"
    if isinstance(operation, Recurrent):
        return " ".join(_recurrent_words(operation))
    if isinstance(operation, Activate):
        return operation.activation.name
    if isinstance(operation, Pool):
        return f"{operation.kind} over time"
    if isinstance(operation, Join):
        return operation.kind
    names = {Linear: "dense", Scale: "batch normalization", Normalize: "layer normalization"}
    return {**names, MaskRows: "masking"}[type(operation)]


def _recurrent_words(operation: Recurrent) -> Iterator[str]:
    yield f"{operation.cell.upper()} {operation.forward.hidden_size}"
    if operation.backward is not None:
        yield f"both ways ({operation.merge})"
    if operation.go_backwards:
        yield "backwards"
    if operation.cell == "gru" and not operation.reset_after:
        yield "reset before"
    usual = {"tanh", "sigmoid"}
    for one in (operation.activation, operation.gate_activation):
        if one.name not in usual:
            yield one.name


def reading_words(fitted: Fitted) -> str:
    """Say how an input is made ready."""
    config = fitted.config
    if not isinstance(config, ClassifierConfig):
        return f"Inputs are numbers of shape {list(config.input_shape)}."
    cut = {"head": "the first", "tail": "the last", "both": "both ends"}[config.truncation]
    how = READS[config.padding].format(n=config.max_seq_len)
    return f"Of a longer text {cut} {config.max_seq_len} tokens are read; texts are {how}."


def proof_words(proof: Proof) -> list[str]:
    """Say what was proved, a line a finding."""
    lines = [
        f"answers to {proof.num_drawn} drawn inputs differ by at most {proof.difference:.1e} from "
        f"the file's own equations (allowed: {TOLERANCE:g})"
    ]
    if proof.expected_difference is not None:
        lines.append(
            f"answers to {proof.num_expected} given inputs differ by at most "
            f"{proof.expected_difference:.1e} from those of its own framework"
        )
    if proof.keeps_bits:
        lines.append("an answer alone has the same bits as beside others")
    else:
        lines.append("an answer alone differs in its last bits from one beside others")
    return lines


def card(name: str, path: Path, source: str, *, fitted: Fitted, proof: Proof, command: str) -> str:
    """Return the version's `README.md`, which says of what nobody knows that it is not known."""
    config, network = fitted.config, fitted.source
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    example = "A text to label." if fitted.tokenizer is not None else _numbers(fitted)
    call = json.dumps({"model": name, "input": example})
    findings = [f"- {line[0].upper()}{line[1:]}." for line in proof_words(proof)]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"Task: {config.task}. Imported from `{path.name}` ({source}), "
            f"{network.num_parameters:,} weights.",
            "",
            f"Labels: {', '.join(config.labels)}.",
            "",
            "```bash",
            "curl -s http://127.0.0.1:8000/v1/classify \\",
            f"  -H 'content-type: application/json' -d '{call}'",
            "```",
            "",
            "## Figures",
            "",
            "Not known: the file does not say how good the model is, and importing measures "
            "nothing. Measure it on texts of your own before you rely on it.",
            "",
            "## Network",
            "",
            "```",
            layer_table(network),
            "```",
            "",
            reading_words(fitted),
            "",
            "## Proof",
            "",
            *findings,
            "",
            "## Data",
            "",
            "Not known: the file does not say what the model was trained on.",
            "",
            "## Limits",
            "",
            "Not known beyond those of its data.",
            "",
            "## Made by",
            "",
            "```bash",
            command,
            "```",
            "",
            f"`{path.name}`: sha256 {digest}. Its terms are those that its author gave it.",
            "",
        ]
    )


def _numbers(fitted: Fitted) -> list[object]:
    shape = fitted.config.input_shape  # type: ignore[union-attr]
    row = [0.0] * min(shape[-1], 4)
    return [row] if len(shape) == 1 else [[row, row]]
