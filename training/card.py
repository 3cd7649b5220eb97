"""A version's `README.md`: what it was made of, how good it is, how to call it."""

import json
from collections.abc import Mapping

from model_store import About, ClassifierConfig, GeneratorConfig

LIMITS = {
    "text-classification": (
        "Learned from the data below and no more: other languages, other kinds of text, irony "
        "and facts are beyond it. Longer texts are cut to {max_len} tokens (`truncated` says so)."
    ),
    "text-generation": (
        "Continues text as its training text would. It states no facts, follows no instructions, "
        "and can repeat what stood in the training text."
    ),
}


def _call(name: str, config: ClassifierConfig | GeneratorConfig, example: str) -> str:
    if isinstance(config, ClassifierConfig):
        route, body = "classify", {"model": name, "input": example}
    else:
        route, body = "generate", {"model": name, "prompt": example}
    return (
        f"curl -s http://127.0.0.1:8000/v1/{route} \\\n"
        f"  -H 'content-type: application/json' -d '{json.dumps(body)}'"
    )


def _network(config: ClassifierConfig | GeneratorConfig) -> str:
    direction = (
        "bidirectional " if isinstance(config, ClassifierConfig) and (config.bidirectional) else ""
    )
    return (
        f"{direction}{config.cell.upper()}, {config.num_layers} x {config.hidden_size}, embedding "
        f"{config.embedding_dim}, vocabulary {config.vocab_size:,}"
    )


def write_card(
    name: str,
    config: ClassifierConfig | GeneratorConfig,
    about: About,
    *,
    example: str,
    notes: Mapping[str, str],
) -> str:
    """Return the card as Markdown.

    Args:
        name: The model's name.
        config: Its configuration.
        about: Data, figures and command.
        example: A text or prompt that shows it.
        notes: More sections, by heading.
    """
    lines = [f"# {name}", "", f"Task: {about.task}. Network: {_network(config)}.", ""]
    if isinstance(config, ClassifierConfig):
        lines += [f"Labels: {', '.join(config.labels)}.", ""]
    elif config.prompts:
        lines += [f"Prompts: {', '.join(config.prompts)}.", ""]
    lines += ["```bash", _call(name, config, example), "```", "", "## Figures", ""]
    lines += ["| figure | value |", "| --- | --- |"]
    lines += [f"| {key} | {value:.4g} |" for key, value in sorted(about.metrics.items())]
    lines += ["", "Losses are in nats. ![loss by epoch](curves.png)", "", "## Data", ""]
    lines += ["| set | split | rows | source | terms |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {d.name} | {d.split} | {d.rows:,} | {d.source} | {d.licence} |" for d in about.datasets
    ]
    for heading, text in notes.items():
        lines += ["", f"## {heading}", "", text]
    max_len = config.max_seq_len if isinstance(config, ClassifierConfig) else 0
    lines += ["", "## Limits", "", LIMITS[about.task].format(max_len=max_len)]
    lines += ["", "## Made by", "", "```bash", about.command, "```", ""]
    lines += ["The terms of the data apply to uses of the model as far as the law says so."]
    return "\n".join(lines) + "\n"
