"""A version's `README.md`: what it was made of, how good it is, how to call it."""

from collections.abc import Mapping
from typing import Any

from model_store import About, TaskConfig
from training.task import task_of


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write_card(
    name: str, config: TaskConfig, about: About, *, example: Any, notes: Mapping[str, str]
) -> str:
    """Return the card as Markdown.

    Args:
        name: The model's name.
        config: Its configuration.
        about: Data, figures and command.
        example: An input that shows it.
        notes: More sections, by heading.
    """
    figures = [[key, f"{value:.4g}"] for key, value in sorted(about.metrics.items())]
    data = [
        [d.name, d.split, f"{d.rows:,}", d.source or "own data", d.licence or "your own"]
        for d in about.datasets
    ]
    task = task_of(config)
    sections = {
        "Figures": table(["figure", "value"], figures)
        + f"\n\n{task.figures}\n\n![loss by epoch](curves.png)",
        **notes,
        "Data": table(["set", "split", "rows", "source", "terms"], data),
        "Limits": task.limits.format(**dict(config)),
        "Made by": f"```bash\n{about.command}\n```\n\nThe terms of the data apply to uses of the "
        "model as far as the law says so.",
    }
    lines = [f"# {name}", "", f"Task: {about.task}. Network: {task.network(config)}."]
    if (choices := task.choices(config)) is not None:
        lines += ["", choices]
    lines += ["", "```bash", task.call(name, example), "```"]
    for heading, text in sections.items():
        lines += ["", f"## {heading}", "", text]
    return "\n".join(lines) + "\n"
