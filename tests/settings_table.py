"""Writes the tables of settings by their definitions: all in docs/settings.md, few in the README.

`python -m tests.settings_table`
"""

from pathlib import Path
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic_core import PydanticUndefined

from service.settings import PROJECT_DIR, Settings

FEW = ("host", "port", "workers", "store_dir", "api_keys_file", "rate_limit")
PAGES = {
    PROJECT_DIR / "README.md": FEW,
    PROJECT_DIR / "docs" / "settings.md": tuple(Settings.model_fields),
}
BEGIN = "<!-- settings: made by `python -m tests.settings_table` -->\n"
END = "<!-- end of settings -->"


def allowed(field):
    """What the field takes: its choices, or its bounds."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    lowest = [f"{bound.ge:,}" for bound in field.metadata if isinstance(bound, Ge)]
    lowest += [f"over {bound.gt:,}" for bound in field.metadata if isinstance(bound, Gt)]
    highest = [f"to {bound.le:,}" for bound in field.metadata if isinstance(bound, Le)]
    return " ".join(lowest + highest)


def default(field):
    """The default as one would set it; nothing where it is worked out, unset or empty."""
    if field.default is PydanticUndefined or field.default in (None, ""):
        return ""
    value = field.default
    if isinstance(value, Path) and value.is_relative_to(PROJECT_DIR):
        value = value.relative_to(PROJECT_DIR)
    return f"`{value}`"


def table(names):
    rows = ["| variable | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{name.upper()}` | {default(field)} | {allowed(field)} | {meaning(field)} |"
        for name in names
        for field in [Settings.model_fields[name]]
    ]
    return "\n".join(rows) + "\n"


def meaning(field):
    return " ".join(field.description.split()).replace("|", "\\|")


def with_table(page):
    """A page's text with the table between its two marks made anew."""
    before, rest = page.read_text().split(BEGIN)
    return before + BEGIN + table(PAGES[page]) + END + rest.split(END)[1]


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_table(page))
