"""A version's `README.md`: what it was made of, how good it is, how to call it."""

import json
import shlex
from collections.abc import Mapping

from model_store import About, ClassifierConfig, TextConfig

LIMITS = {
    "text-classification": (
        "Learned from the data above and no more: other languages, other kinds of text, irony "
        "and facts are beyond it. Longer texts are cut to {max_len} tokens (`truncated` says so)."
    ),
    "text-generation": (
        "Continues text as its training text would. It states no facts, follows no instructions, "
        "and can repeat what stood in the training text."
    ),
}
FIGURES = {
    "text-classification": (
        "`accuracy` is the share of right answers, `accuracy_low` to `accuracy_high` its 95 % "
        "interval; `macro_f1` counts every class alike, however rare; `loss` is in nats; "
        "`calibration_error` tells how far confidence and accuracy differ on average. `user` names "
        "your own rows."
    ),
    "text-generation": (
        "`loss` is in nats a token, `perplexity` its exponential; `bits_per_byte` compares models "
        "of different tokens. `new_share` is the share of drawn documents that are no copies of "
        "training documents."
    ),
}


def curl_call(name: str, config: TextConfig, example: str) -> str:
    """Return the command that calls the model with an example text or prompt."""
    if isinstance(config, ClassifierConfig):
        route, field = "classify", "input"
    else:
        route, field = "generate", "prompt"
    body = json.dumps({"model": name, field: example}, ensure_ascii=False)
    return (
        f"curl -s http://127.0.0.1:8000/v1/{route} \\\n"
        f"  -H 'content-type: application/json' -d {shlex.quote(body)}"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _network(config: TextConfig) -> str:
    is_both = isinstance(config, ClassifierConfig) and config.bidirectional
    return (
        f"{'bidirectional ' if is_both else ''}{config.cell.upper()}, {config.num_layers} x "
        f"{config.hidden_size}, embedding {config.embedding_dim}, vocabulary "
        f"{config.vocab_size:,}"
    )


def _choices(config: TextConfig) -> list[str]:
    """Return what the model answers with, or is asked with, where that is a fixed list."""
    if isinstance(config, ClassifierConfig):
        return ["", f"Labels: {', '.join(config.labels)}."]
    return ["", f"Prompts: {', '.join(config.prompts)}."] if config.prompts else []


def write_card(
    name: str, config: TextConfig, about: About, *, example: str, notes: Mapping[str, str]
) -> str:
    """Return the card as Markdown.

    Args:
        name: The model's name.
        config: Its configuration.
        about: Data, figures and command.
        example: A text or prompt that shows it.
        notes: More sections, by heading.
    """
    figures = [[key, f"{value:.4g}"] for key, value in sorted(about.metrics.items())]
    data = [
        [d.name, d.split, f"{d.rows:,}", d.source or "own data", d.licence or "your own"]
        for d in about.datasets
    ]
    max_len = config.max_seq_len if isinstance(config, ClassifierConfig) else 0
    sections = {
        "Figures": table(["figure", "value"], figures)
        + f"\n\n{FIGURES[about.task]}\n\n![loss by epoch](curves.png)",
        **notes,
        "Data": table(["set", "split", "rows", "source", "terms"], data),
        "Limits": LIMITS[about.task].format(max_len=f"{max_len:,}"),
        "Made by": f"```bash\n{about.command}\n```\n\nThe terms of the data apply to uses of the "
        "model as far as the law says so.",
    }
    lines = [f"# {name}", "", f"Task: {about.task}. Network: {_network(config)}."]
    lines += [*_choices(config), "", "```bash", curl_call(name, config, example), "```"]
    for heading, text in sections.items():
        lines += ["", f"## {heading}", "", text]
    return "\n".join(lines) + "\n"
