"""What an import found, for people, and the version's card."""

import hashlib
import json
from pathlib import Path

from model_store.importing.fitting import Fitted
from model_store.importing.proving import TOLERANCE, Proof, runs_alone
from model_store.importing.refused import printable
from model_store.tasks.text_classification import ClassifierConfig

READS = {
    "pre": "filled up before the text to {n} tokens, which the network reads as well",
    "post": "filled up after the text to {n} tokens, which the network reads as well",
    None: "read by themselves, without padding",
}


def reading_words(fitted: Fitted) -> str:
    """Say how an input is made ready."""
    config = fitted.config
    if not isinstance(config, ClassifierConfig):
        return f"Inputs are numbers of shape {list(config.input_shape)}."
    cut = {"head": "the first", "tail": "the last", "both": "both ends"}[config.truncation]
    how = READS[config.padding].format(n=config.max_seq_len)
    return f"Of a longer text {cut} {config.max_seq_len} tokens are read; texts are {how}."


def proof_words(fitted: Fitted, proof: Proof) -> list[str]:
    """Say what was proved, a line a finding."""
    lines = [
        f"answers to {proof.num_drawn} drawn inputs differ by at most {proof.difference:.1e} from "
        f"{fitted.truth} (allowed: {TOLERANCE:g})"
    ]
    if proof.expected_difference is not None:
        lines.append(
            f"answers to {proof.num_expected} given inputs differ by at most "
            f"{proof.expected_difference:.1e} from those of its own framework"
        )
    if not proof.keeps_bits:
        lines.append("an answer differs in its last bits beside others: each input is run alone")
    elif runs_alone(fitted.config):
        lines.append("each input is run alone")
    else:
        lines.append("an answer alone has the same bits as beside others")
    return lines


def card(name: str, path: Path, source: str, *, fitted: Fitted, proof: Proof, command: str) -> str:
    """Return the version's `README.md`, which says of what nobody knows that it is not known."""
    config = fitted.config
    file = printable(path.name, 200)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    example = "A text to label." if fitted.tokenizer is not None else _numbers(fitted)
    call = json.dumps({"model": name, "input": example})
    findings = [f"- {line[0].upper()}{line[1:]}." for line in proof_words(fitted, proof)]
    sections = {
        "Figures": "Not known: the file does not say how good the model is, and importing measures "
        "nothing. Measure it on texts of your own before you rely on it.",
        "Network": f"```\n{fitted.outline}\n```\n\n{reading_words(fitted)}",
        "Proof": "\n".join(findings),
        "Data": "Not known: the file does not say what the model was trained on.",
        "Limits": "Not known beyond those of its data.",
        "Made by": f"```bash\n{command}\n```\n\n`{file}`: sha256 {digest}. Its terms are "
        "those that its author gave it.",
    }
    lines = [
        f"# {name}",
        f"Task: {config.task}. Imported from `{file}` ({source}), {fitted.num_weights:,} weights.",
        f"Labels: {', '.join(config.labels)}.",
        "```bash\ncurl -s http://127.0.0.1:8000/v1/classify \\\n"
        f"  -H 'content-type: application/json' -d '{call}'\n```",
        *(f"## {heading}\n\n{text}" for heading, text in sections.items()),
    ]
    return "\n\n".join(lines) + "\n"


def _numbers(fitted: Fitted) -> list[object]:
    shape = fitted.config.input_shape  # type: ignore[union-attr]
    row = [0.0] * min(shape[-1], 4)
    return [row] if len(shape) == 1 else [[row, row]]
