"""The figures of docs/learn.md, made of what the commands wrote and of the models' cards.

    python -m tests.learn_figures

puts them into the page; a test holds the page against them.
"""

import json
import re
from pathlib import Path

from model_store import Store

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "learn.md"
FIGURES = ROOT / "service" / "web" / "learn" / "figures"
STORE = Store(ROOT / "model_store" / "models")
SHOWN = (0, 1, 5, 10, 20, 50, 100)


def read(name):
    return json.loads((FIGURES / f"{name}.json").read_text())


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def norms():
    rows = read("gradients")["rows"]
    cells = [[row["name"], *(f"{row['norms'][back]:.2g}" for back in SHOWN)] for row in rows]
    return table(["tokens back", *map(str, SHOWN)], cells)


def runs():
    head = [
        "network",
        "largest norm",
        "loss at the end",
        "largest norm, clipped to 1",
        "loss at the end, clipped to 1",
    ]
    rows = []
    for row in read("gradients")["rows"]:
        found = [(f"{max(run['norms']):.3g}", f"{run['losses'][-1]:.3g}") for run in row["runs"]]
        rows.append([row["name"], *found[0], *found[1]])
    return table(head, rows)


def terms():
    rows = read("gradients")["terms"]
    cells = [[row["token"], f"{row['of_state']:.2g}", f"{row['of_input']:.2g}"] for row in rows]
    return table(["token", "term of dL/dW_aa", "term of dL/dW_ax"], cells)


def ranges():
    rows = read("long_range")["rows"]
    distances = [str(one["distance"]) for one in rows[0]["found"]]
    cells = [[row["name"], *(f"{one['accuracy']:.3f}" for one in row["found"])] for row in rows]
    return table(["tokens between", *distances], cells)


def models():
    rows, distances = [], ["5", "10", "20", "40", "80", "120"]
    for cell in ("rnn", "lstm", "gru"):
        metrics = (
            Store(ROOT / "model_store" / "models").open(f"lost-context-{cell}").manifest.metrics
        )
        rows.append([cell.upper(), *(f"{metrics[f'accuracy_at_{one}']:.3f}" for one in distances)])
    return table(["tokens between", *distances], rows)


PARTS = {"gradients": norms, "runs": runs, "terms": terms, "ranges": ranges, "models": models}


def with_figures(page):
    """Return the page with its tables as they have to be."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        inside = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        assert inside.search(page), name
        page = inside.sub(begin + make() + end, page)
    return page


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text()))
