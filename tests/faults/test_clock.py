"""A clock that jumps changes no deadline, no rate and no duration: none is made of wall time."""

import ast

from tests.e2e.conftest import ROOT

WALL_CLOCK = {"time.time", "datetime.now", "datetime.utcnow", "date.today", "time.localtime"}
TELLS_A_DATE = {
    "service/log.py",  # the time of a line
    "service/rates.py",  # Redis counts in wall time; what is left of a window is capped by it
}
WRITES_CREATED = "created"  # the field of an answer that OpenAI's clients expect


def wall_clock_lines(path):
    """Lines of a file that ask the wall clock, but for those that fill the field `created`."""
    source = path.read_text()
    lines = source.splitlines()
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in WALL_CLOCK
        and WRITES_CREATED not in lines[node.lineno - 1]
    ]


def test_nothing_is_timed_by_the_wall_clock():
    found = [
        line
        for path in sorted((ROOT / "service").rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in TELLS_A_DATE
        for line in wall_clock_lines(path)
    ]
    assert found == []
