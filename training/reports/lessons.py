"""Pictures and tables of what the lessons measure: a line for each network."""

from collections.abc import Callable, Mapping, Sequence

from training.reports.figures import INK, LINES, figure_of, png_of

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""By name of the network, points (across, up)."""

STYLES = ("-", "--", ":")


def draw_lines(
    lines: Lines, *, across: str, up: str, level: float | None = None, is_log: bool = False
) -> bytes:
    """Return a PNG of the lines.

    Args:
        lines: What to draw.
        across: What the horizontal axis tells.
        up: What the vertical one does.
        level: Where a thin line is drawn for comparison, if at all.
        is_log: Whether the vertical axis is logarithmic.
    """
    figure = figure_of(6.4, 3.8)
    axes = figure.subplots()
    for number, (name, points) in enumerate(lines.items()):
        style = STYLES[number // len(LINES) % len(STYLES)]
        color = LINES[number % len(LINES)]
        axes.plot(*zip(*points, strict=True), color=color, linestyle=style, label=name)
    if level is not None:
        axes.axhline(level, color=INK, linewidth=0.8, linestyle=":")
    if is_log:
        axes.set_yscale("log")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.25)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return png_of(figure)


def table(lines: Lines, *, head: str, form: Callable[[float], str]) -> str:
    """Return a table in Markdown: a row for each line, a column for each place across."""
    places = sorted({place for points in lines.values() for place, _ in points})
    rows = [[head, *(f"{place:g}" for place in places)], ["---"] * (len(places) + 1)]
    for name, points in lines.items():
        values = dict(points)
        rows.append([name, *(form(values[place]) if place in values else "" for place in places)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
