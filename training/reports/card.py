"""A version's `README.md`: what it was made of, how good it is, how to call it."""

import re
from collections.abc import Mapping
from typing import Any

from model_store import About, TaskConfig
from training.task import task_of

SPLIT = re.compile(r"((?:.*_)?test|validation)_(.+)")
CURVES = (
    "The training loss is a mean over an epoch, taken while dropout leaves parts of the network "
    "out; the validation loss is taken after it, of the whole network, and so may lie below."
)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write_card(
    name: str,
    config: TaskConfig,
    about: About,
    *,
    example: Any,
    notes: Mapping[str, str],
    parameters: int,
) -> str:
    """Return the card as Markdown.

    Args:
        name: The model's name.
        config: Its configuration.
        about: Data, figures and command.
        example: An input that shows it.
        notes: More sections, by heading.
        parameters: How many numbers the network learned.
    """
    data = [
        [d.name, d.split, f"{d.rows:,}", d.source or "own data", d.licence or "your own"]
        for d in about.datasets
    ]
    task = task_of(config)
    sections = {
        "Figures": figures_section(about.metrics, task.figures),
        **notes,
        "Data": table(["set", "split", "rows", "source", "terms"], data),
        "Limits": task.limits.format(**dict(config)),
        "Made by": f"```bash\n{about.command}\n```\n\nThe terms of the data apply to uses of the "
        "model as far as the law says so.",
    }
    lines = [f"# {name}", "", network_line(about, config, parameters)]
    if (choices := task.choices(config)) is not None:
        lines += ["", choices]
    lines += ["", "```bash", task.call(name, example), "```"]
    for heading, text in sections.items():
        lines += ["", f"## {heading}", "", text]
    return "\n".join(lines) + "\n"


def network_line(about: About, config: TaskConfig, parameters: int) -> str:
    """Return what a model is in a line."""
    network = task_of(config).network(config)
    return f"Task: {about.task}. Network: {network}; {parameters:,} parameters."


def figures_section(metrics: Mapping[str, float], meaning: str) -> str:
    """Return the figures as a table, a column for each set that they were measured on.

    Args:
        metrics: By name, such as `imdb_test_accuracy` or `validation_loss`.
        meaning: What the figures mean.
    """
    cells: dict[str, dict[str, str]] = {}
    for key, value in sorted(metrics.items()):
        split, figure = split_of(key)
        cells.setdefault(figure, {})[split] = f"{value:.4g}"
    splits = sorted({split for row in cells.values() for split in row})
    rows = [[figure, *(row.get(split, "") for split in splits)] for figure, row in cells.items()]
    header = ["figure", *(split.replace("_", " ") or "value" for split in splits)]
    return f"{table(header, rows)}\n\n{meaning}\n\n![loss by epoch](curves.png)\n\n{CURVES}"


def split_of(key: str) -> tuple[str, str]:
    """Split a figure's name into the set that it was measured on and what was measured."""
    found = SPLIT.match(key)
    return (found[1], found[2]) if found else ("", key)


def sections_of(card: str) -> tuple[str, dict[str, str]]:
    """Return what stands above a card's first heading, and its sections by heading."""
    above, *parts = re.split(r"^## ", card, flags=re.MULTILINE)
    pairs = (part.partition("\n") for part in parts)
    return above.strip(), {heading.strip(): text.strip() for heading, _, text in pairs}


def renewed_card(
    card: str, config: TaskConfig, about: About, *, notes: Mapping[str, str], parameters: int
) -> str:
    """Return a stored version's card as it would be written now, its own sections kept.

    Args:
        card: The card that the version has.
        config: Its configuration.
        about: Data, figures and command.
        notes: Sections that are put behind the figures, in the place of those of the same heading.
        parameters: How many numbers the network learned.
    """
    above, sections = sections_of(card)
    lines = [
        network_line(about, config, parameters) if line.startswith("Task: ") else line
        for line in above.splitlines()
    ]
    kept = {heading: text for heading, text in sections.items() if heading not in notes}
    kept["Figures"] = figures_section(about.metrics, task_of(config).figures)
    ordered = {"Figures": kept.pop("Figures"), **notes, **kept}
    parts = ["\n".join(lines), *(f"## {heading}\n\n{text}" for heading, text in ordered.items())]
    return "\n\n".join(parts) + "\n"
